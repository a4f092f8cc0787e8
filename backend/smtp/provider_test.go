package smtp_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postern/auth/authtest"
	"postern/auth/oauth"
	"postern/auth/oauth/oauthtest"
	"postern/backend/smtp"
	"postern/conf"
)

// askProvider has an account with these keys ask for a token at example.com.
func askProvider(t *testing.T, keys, at string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	profile := fmt.Sprintf("[account.test]\nhost = \"x\"\nuser = \"ann\"\n%s[account.test.oauth]\ngrant = \"client_credentials\"\nclient_id = \"client-1\"\nclient_secret = %q\ntoken_url = %q\n",
		keys, authtest.Client, at)
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := smtp.OAuth(config.Accounts[0])
	if err != nil {
		t.Fatal(err)
	}
	tokens.Dir = t.TempDir()
	_, err = tokens.Token(t.Context())
	return err
}

// TestProviderByProxy: the provider of tokens is reached as the servers are, through the account's proxy. It has a
// certificate that nobody trusts, which shows that it was reached.
func TestProviderByProxy(t *testing.T) {
	provider := httptest.NewUnstartedServer(nil)
	provider.Config.ErrorLog = log.New(io.Discard, "", 0)
	provider.StartTLS()
	defer provider.Close()
	resolve(t, map[string]mockdns.Zone{}) // the name is the proxy's to look up
	const reached = "provider.example: its certificate: x509: "
	for _, c := range []struct {
		name, keys string // PROXY is the proxy with user and password, AT without
		behave     func(net.Conn, *bufio.Reader) string
		env        string // ALL_PROXY
		kind       oauth.Kind
		want       string
		asked      string
	}{
		{"socks", "proxy = \"socks5://PROXY\"\n", socks(0), "", oauth.Denied, reached, "provider.example"},
		{"http", "proxy = \"http://PROXY\"\n", connectProxy("HTTP/1.1 200 OK\r\n\r\n"), "", oauth.Denied, reached, "provider.example"},
		{"by the environment", "proxy = \"env\"\n", connectProxy("HTTP/1.1 200 OK\r\n\r\n"), "http://PROXY", oauth.Denied, reached, "provider.example"},
		{"the environment is not asked", "", connectProxy("HTTP/1.1 200 OK\r\n\r\n"), "http://PROXY", oauth.Again, "provider.example: dial tcp: lookup provider.example", ""},
		{"an odd environment", "proxy = \"env\"\n", closes, "ftp://PROXY", oauth.Denied, "provider.example: ALL_PROXY: is neither a socks5:// nor an http:// proxy", ""},
		{"socks, wrong password", "proxy = \"socks5://joe:other@AT\"\n", socks(0), "", oauth.Denied, "provider.example: proxy AT: username/password authentication failed", ""},
		{"socks, refused", "proxy = \"socks5://PROXY\"\n", socks(5), "", oauth.Again, "provider.example: proxy AT: connection refused", ""},
		{"http, wrong password", "proxy = \"http://joe:other@AT\"\n", connectProxy(""), "", oauth.Denied, "provider.example: proxy AT: 407 Proxy Authentication Required", ""},
		{"http, tells the password", "proxy = \"http://PROXY\"\n", connectProxy("HTTP/1.1 500 you said " + proxyPassword + "\r\n\r\n"), "", oauth.Again, "provider.example: proxy AT: 500 you said [secret]", ""},
		{"closed", "proxy = \"http://PROXY\"\n", closes, "", oauth.Again, "provider.example: proxy AT: the connection was lost", ""},
		{"silence", "timeout = \"1s\"\nproxy = \"http://PROXY\"\n", says(""), "", oauth.Again, "provider.example: proxy AT: no answer in time", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, targets := aProxy(t, provider.Listener.Addr().String(), c.behave)
			with := strings.NewReplacer("PROXY", proxyLogin+at, "AT", at)
			for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY", "no_proxy", "all_proxy"} {
				t.Setenv(name, "")
			}
			t.Setenv("ALL_PROXY", with.Replace(c.env))
			err := askProvider(t, with.Replace(c.keys), "https://provider.example/token")
			var cause *oauth.Error
			want := strings.Replace(c.want, "proxy AT", "proxy "+at, 1)
			if !errors.As(err, &cause) || cause.Kind != c.kind || !strings.HasPrefix(cause.Text, want) {
				t.Errorf("got %v, want %s", err, want)
			}
			if asked := strings.Join(targets(), " "); asked != c.asked {
				t.Errorf("the proxy was asked for %q", asked)
			}
			for _, secret := range []string{proxyPassword, proxyLogin, "other"} {
				if strings.Contains(fmt.Sprint(err), secret) {
					t.Errorf("a secret shows: %v", err)
				}
			}
			noSecrets(t, fmt.Sprint(err))
		})
	}
}

// TestProviderBySource: it is reached from the account's source, and on this machine without ado: there one may speak
// in clear, which no proxy should hear.
func TestProviderBySource(t *testing.T) {
	resolve(t, map[string]mockdns.Zone{"provider.example.": {A: []string{"127.0.0.1"}}})
	err := askProvider(t, "source = \"192.0.2.1\"\n", "https://provider.example/token")
	if err == nil || !strings.Contains(err.Error(), "cannot assign requested address") {
		t.Errorf("got %v", err)
	}
	provider := oauthtest.Start()
	defer provider.Stop()
	away := serve(t, "", nil)
	for _, url := range []string{provider.URL, strings.Replace(provider.URL, "127.0.0.1", "localhost", 1)} {
		if err := askProvider(t, fmt.Sprintf("proxy = \"http://%s\"\nsource = \"192.0.2.1\"\n", away), url+"/token"); err != nil {
			t.Errorf("got %v", err)
		}
	}
}
