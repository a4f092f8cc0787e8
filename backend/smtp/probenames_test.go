package smtp_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postern/backend"
)

// steps probes an account, and has a line for each step up to the connection, and for each that fails.
func steps(t *testing.T, keys string) (text string) {
	t.Helper()
	var dialogue lockedBuffer
	a := openAccount(t, keys, backend.Surroundings{Hostname: "client.example.org", Dialogue: &dialogue})
	a.(backend.Prober).Probe(context.Background(), func(s backend.Step) {
		switch {
		case s.Verdict == backend.Failed:
			text += "failed " + s.Name + ": " + s.Err.Error() + "\n"
		case s.Name == "connect":
			at, _, _ := strings.Cut(s.Text, " in ")
			text += "connect: " + at + "\n"
		case s.Name == "SRV", s.Name == "DNS", s.Name == "proxy", s.Name == "sign in":
			text += s.Name + ": " + s.Text + "\n"
		}
	})
	noSecrets(t, dialogue.String()+text)
	return text
}

const signsIn = hello + "S: 250-mail.example.org\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AGFubgBzZXNhbWUgb3Blbg==\nS: 235 ok\nC: QUIT\nS: 221 bye\n"

// TestProbeNames has the DNS name the servers, or not.
func TestProbeNames(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	_, pin := id.Fingerprint("good")
	port := portOf(t, serve(t, "* tls good\n"+signsIn, id))
	resolve(t, map[string]mockdns.Zone{
		"_submissions._tcp.example.org.":  {SRV: []net.SRV{{Target: "smtp.example.org.", Port: port, Priority: 1}, {Target: "gone.example.org.", Port: 465, Priority: 2}}},
		"_submissions._tcp.none.example.": {SRV: []net.SRV{{Target: ".", Port: 0}}},
		"smtp.example.org.":               {A: []string{"127.0.0.1"}},
	})
	keys := fmt.Sprintf("backend = \"tls\"\ntls = { pin = %q }\nuser = \"ann\"\npassword = \"sesame open\"\n", pin)
	want := fmt.Sprintf(`SRV: srv:example.org: smtp.example.org:%[1]d, gone.example.org:465
DNS: smtp.example.org: 127.0.0.1 (IPv4 alone)
connect: 127.0.0.1:%[1]d
sign in: as ann
failed DNS: gone.example.org: name lookup: no such host
`, port)
	if got := steps(t, keys+"host = \"srv:example.org\"\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	want = "failed DNS: srv:none.example: name lookup: _submissions._tcp.none.example: the domain says that it has no such service\n"
	if got := steps(t, keys+"host = \"srv:none.example\"\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestProbeProxy: a probe goes through the account's proxy, and asks the DNS nothing.
func TestProbeProxy(t *testing.T) {
	resolve(t, map[string]mockdns.Zone{})
	keys := "backend = \"plain\"\nhost = \"smtp.example.org\"\nuser = \"ann\"\npassword = \"sesame open\"\ninsecure_auth = true\n"
	for _, c := range []struct {
		name, script string
		behave       func(net.Conn, *bufio.Reader) string
		want         string
	}{
		{"lets through", signsIn, socks(0), "proxy: socks5 PROXY, which looks names up\nconnect: smtp.example.org:25\nsign in: as ann\n"},
		{
			"can't connect", "", socks(5),
			"proxy: socks5 PROXY, which looks names up\nfailed connect: smtp.example.org: proxy PROXY: connection refused\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, targets := aProxy(t, serve(t, c.script, nil), c.behave)
			got := steps(t, keys+fmt.Sprintf("proxy = \"socks5://%s%s\"\n", proxyLogin, at))
			if got = strings.ReplaceAll(got, at, "PROXY"); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			if asked := targets(); len(asked) > 1 {
				t.Errorf("the proxy was asked for %v", asked)
			}
		})
	}
}
