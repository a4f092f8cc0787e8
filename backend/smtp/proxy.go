package smtp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"postern/backend"
)

// proxyKey is the key of a proxy: a URL that may have a password in it, or proxyFromEnv.
type proxyKey string

// Format keeps the password out of whatever is printed, by any verb.
func (proxyKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[secret]") }

// proxyFromEnv has the environment name the proxy.
const proxyFromEnv = "env"

// proxy is what stands between this machine and the servers.
type proxy struct {
	kind           string // socks5 or http
	at             server
	user, password string
}

// parseProxy reads the URL of a proxy. The error doesn't quote it, for it may have a password.
func parseProxy(text string) (*proxy, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("is no proxy such as socks5://host:port or http://user:password@host:port; in a password %XX stands for what a URL can't have")
	}
	p := &proxy{kind: strings.ToLower(u.Scheme), user: u.User.Username()}
	p.password, _ = u.User.Password()
	if p.kind == "socks5h" { // what others call it when the proxy looks names up; here it always does
		p.kind = "socks5"
	}
	p.at, err = parseHost(u.Host, 0)
	switch {
	case p.kind != "socks5" && p.kind != "http":
		return nil, errors.New("is neither a socks5:// nor an http:// proxy")
	case err != nil:
		return nil, fmt.Errorf("has a host that %w", err)
	case p.at.Port == 0:
		return nil, errors.New("has no port")
	case p.user == "" && u.User != nil:
		return nil, errors.New("has a password, and no user")
	case p.kind == "socks5" && max(len(p.user), len(p.password)) > 255: // RFC 1929 section 2
		return nil, errors.New("has a user or a password of over 255 octets, which SOCKS can't say")
	case p.kind == "socks5" && p.user != "" && p.password == "":
		return nil, errors.New("has a user, and no password")
	case p.kind == "http" && strings.Contains(p.user, ":"): // RFC 7617 section 2
		return nil, errors.New("has a user with a colon, which HTTP can't say")
	}
	return p, nil
}

// proxyTo is the proxy on the way to a server, or nil.
func (t *transport) proxyTo(to server) (*proxy, *backend.Error) {
	name, text := "proxy", string(t.Proxy)
	if text == proxyFromEnv {
		if name, text = proxyOfEnv(to); text != "" && !strings.Contains(text, "://") {
			text = "http://" + text // as others read these variables
		}
	}
	if text == "" {
		return nil, nil
	}
	p, err := parseProxy(text)
	if err != nil {
		return nil, &backend.Error{Kind: backend.Config, Stage: name, Err: err}
	}
	return p, nil
}

// proxyOfEnv is the proxy that the environment has for a server, and the variable that says so. NO_PROXY is read as net/http
// and curl do; servers of this machine have none.
func proxyOfEnv(to server) (name, value string) {
	for _, name = range []string{"ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"} {
		if value = os.Getenv(name); value != "" {
			break
		}
	}
	exceptions := os.Getenv("NO_PROXY")
	if exceptions == "" {
		exceptions = os.Getenv("no_proxy")
	}
	choose := (&httpproxy.Config{HTTPSProxy: "http://any", NoProxy: exceptions}).ProxyFunc()
	chosen, err := choose(&url.URL{Scheme: "https", Host: net.JoinHostPort(to.certificate, strconv.Itoa(to.Port))})
	if err == nil && chosen == nil {
		return "", ""
	}
	return name, value
}
