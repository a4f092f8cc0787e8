package smtp_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postern/auth/authtest"
)

// proxyPassword must not show anywhere.
const proxyPassword = authtest.Proxy

// proxyLogin is the user and the password as they stand in a URL.
const proxyLogin = "joe:pr0xy%20s%25cret@"

// aProxy plays one proxy; behave speaks its protocol with the client, and gives the target when it is satisfied. What
// follows goes to and from the server at addr. targets are what was asked for.
func aProxy(t *testing.T, addr string, behave func(c net.Conn, r *bufio.Reader) (target string)) (at string, targets func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			if target := behave(c, r); target != "" {
				asked = append(asked, target)
				pass(c, r, addr)
			}
			c.Close()
		}
	}()
	stop := func() []string { l.Close(); <-done; return asked }
	t.Cleanup(func() { stop() })
	return l.Addr().String(), stop
}

func pass(c net.Conn, r io.Reader, addr string) {
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer server.Close()
	up := make(chan struct{})
	go func() {
		_, _ = io.Copy(server, r)
		server.(*net.TCPConn).CloseWrite()
		close(up)
	}()
	_, _ = io.Copy(c, server)
	c.Close()
	<-up
}

// socks speaks SOCKS 5 with a client that has to sign in; reply is what comes of it.
func socks(reply byte) func(net.Conn, *bufio.Reader) string {
	return func(c net.Conn, r *bufio.Reader) string {
		take := func(n int) []byte { b := make([]byte, n); _, _ = io.ReadFull(r, b); return b }
		methods := take(int(take(2)[1]))
		if !bytes.Contains(methods, []byte{2}) {
			_, _ = c.Write([]byte{5, 0xff})
			return ""
		}
		_, _ = c.Write([]byte{5, 2})
		user := take(int(take(2)[1]))
		password := take(int(take(1)[0]))
		if string(user) != "joe" || string(password) != proxyPassword {
			_, _ = c.Write([]byte{1, 1})
			return ""
		}
		_, _ = c.Write([]byte{1, 0})
		target := ""
		switch kind := take(4)[3]; kind {
		case 1:
			target = net.IP(take(4)).String()
		case 3:
			target = string(take(int(take(1)[0])))
		case 4:
			target = net.IP(take(16)).String()
		}
		take(2) // the port, which the tests choose by chance
		_, _ = c.Write([]byte{5, reply, 0, 1, 0, 0, 0, 0, 0, 0})
		if reply != 0 {
			return ""
		}
		return target
	}
}

// connectProxy speaks HTTP with a client that has to sign in; the reply is what comes of it.
func connectProxy(reply string) func(net.Conn, *bufio.Reader) string {
	want := "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("joe:"+proxyPassword)) + "\r\n"
	return func(c net.Conn, r *bufio.Reader) string {
		first, _ := r.ReadString('\n')
		signedIn := false
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = r.ReadString('\n'); err != nil {
				return ""
			}
			signedIn = signedIn || line == want
		}
		if !signedIn {
			reply = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
		}
		_, _ = io.WriteString(c, reply)
		words := strings.Fields(first)
		if len(words) != 3 || words[0] != "CONNECT" || words[2] != "HTTP/1.1" || !strings.Contains(reply, " 200 ") {
			return ""
		}
		host, _, _ := net.SplitHostPort(words[1])
		return host
	}
}

// says is a proxy that says something, and waits for the client to close.
func says(text string) func(net.Conn, *bufio.Reader) string {
	return func(c net.Conn, r *bufio.Reader) string {
		_, _ = io.WriteString(c, text)
		_, _ = io.Copy(io.Discard, r)
		return ""
	}
}

func closes(c net.Conn, r *bufio.Reader) string {
	_, _ = r.Peek(1)
	return ""
}

// TestProxy sends through proxies of both kinds, and has them fail in their ways.
func TestProxy(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	resolve(t, map[string]mockdns.Zone{}) // the names are the proxy's to look up
	_, pin := id.Fingerprint("stranger")
	plain := "backend = \"plain\"\n"
	hasty := plain + "timeout = \"1s\"\n"
	const taken = "bob@example.org: taken, 250 queued\n"
	const lost = "all: again, for now: smtp.example.org: proxy PROXY: "
	basic := base64.StdEncoding.EncodeToString([]byte("joe:" + proxyPassword))
	for _, c := range []struct {
		name, kind, login, host, keys string
		behave                        func(net.Conn, *bufio.Reader) string
		script, want, target          string
	}{
		{"socks", "socks5", proxyLogin, "smtp.example.org", plain, socks(0), takes, taken, "smtp.example.org"},
		{"socks, international", "socks5h", proxyLogin, "bücher.example", plain, socks(0), takes, taken, "xn--bcher-kva.example"},
		{"socks, an address", "socks5", proxyLogin, "2001:db8::1", plain, socks(0), takes, taken, "2001:db8::1"},
		{"socks, with TLS", "socks5", proxyLogin, "smtp.example.org", fmt.Sprintf("backend = \"tls\"\ntls = { pin = %q }\n", pin), socks(0), "* tls stranger\n" + takes, taken, "smtp.example.org"},
		{"socks, 421 greeting", "socks5", proxyLogin, "smtp.example.org", plain, socks(0), "S: 421 busy\n* hangup\n", "all: again, for now: smtp.example.org: greeting: 421 busy\n", "smtp.example.org"},
		{"socks, wrong password", "socks5", "joe:other@", "smtp.example.org", plain, socks(0), "", "all: denied, for good: smtp.example.org: proxy PROXY: username/password authentication failed\n", ""},
		{"socks, no password", "socks5", "", "smtp.example.org", plain, socks(0), "", "all: denied, for good: smtp.example.org: proxy PROXY: no acceptable authentication methods\n", ""},
		{"socks, refused by the server", "socks5", proxyLogin, "smtp.example.org", plain, socks(5), "", lost + "connection refused\n", ""},
		{"socks, not allowed", "socks5", proxyLogin, "smtp.example.org", plain, socks(2), "", "all: refused, for good: smtp.example.org: proxy PROXY: connection not allowed by ruleset\n", ""},
		{"socks, garbage", "socks5", proxyLogin, "smtp.example.org", plain, says("220 hi\r\n"), "", "all: protocol, for now: smtp.example.org: proxy PROXY: this is no SOCKS proxy\n", ""},
		{"socks, silence", "socks5", proxyLogin, "smtp.example.org", hasty, says(""), "", lost + "no answer in time\n", ""},
		{"socks, half", "socks5", proxyLogin, "smtp.example.org", hasty, says("\x05"), "", lost + "no answer in time\n", ""},
		{"socks, closed", "socks5", proxyLogin, "smtp.example.org", plain, closes, "", lost + "the connection was lost\n", ""},

		{"http", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.1 200 Connection established\r\n\r\n"), takes, taken, "smtp.example.org"},
		{"http, headers", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.0 200 OK\r\nVia: x\r\nContent-Length: 10\r\n\r\n"), takes, taken, "smtp.example.org"},
		{"http, bare line ends", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.0 200 OK\n\n"), takes, taken, "smtp.example.org"},
		{"http, the greeting in the same packet", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.1 200 OK\r\n\r\n220 early\r\n"), strings.TrimPrefix(takes, "S: 220 hi\n"), taken, "smtp.example.org"},
		{"http, an address", "http", proxyLogin, "[2001:db8::1]", plain, connectProxy("HTTP/1.1 200 OK\r\n\r\n"), takes, taken, "2001:db8::1"},
		{"http, wrong password", "http", "joe:other@", "smtp.example.org", plain, connectProxy(""), "", "all: denied, for good: smtp.example.org: proxy PROXY: 407 Proxy Authentication Required\n", ""},
		{"http, no password", "http", "", "smtp.example.org", plain, connectProxy(""), "", "all: denied, for good: smtp.example.org: proxy PROXY: 407 Proxy Authentication Required\n", ""},
		{"http, not allowed", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.1 403 not\x1b[1m port 25\r\n\r\n<html>"), "", "all: refused, for good: smtp.example.org: proxy PROXY: 403 not?[1m port 25\n", ""},
		{"http, a user without password", "http", "joe@", "smtp.example.org", plain, connectProxy(""), "", "all: denied, for good: smtp.example.org: proxy PROXY: 407 Proxy Authentication Required\n", ""},
		{"http, a password of one letter", "http", "joe:x@", "smtp.example.org", plain, connectProxy(""), "", "all: denied, for good: smtp.example.org: proxy PROXY: 407 Proxy Authentication Required\n", ""},
		{"http, no server there", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "", lost + "502 Bad Gateway\n", ""},
		{"http, tells the password", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.1 500 you said " + proxyPassword + " and " + basic + "\r\n\r\n"), "", lost + "500 you said [secret] and [secret]\n", ""},
		{"http, quotes its address", "http", proxyLogin, "smtp.example.org", plain, connectProxy("HTTP/1.1 500 not by http://" + proxyLogin + "here or pr0xy+s%25cret\r\n\r\n"), "", lost + "500 not by [secret] or [secret]\n", ""},
		{"http, a user alone", "http", "joe@", "smtp.example.org", plain, says("HTTP/1.1 403 not this one\r\n\r\n"), "", "all: refused, for good: smtp.example.org: proxy PROXY: 403 not this one\n", ""},
		{"http, garbage", "http", proxyLogin, "smtp.example.org", plain, says("220 hi\r\n"), "", "all: protocol, for now: smtp.example.org: proxy PROXY: this is no HTTP proxy\n", ""},
		{"http, endless", "http", proxyLogin, "smtp.example.org", plain, says("HTTP/1.1 200 " + strings.Repeat("x", 20000)), "", "all: protocol, for now: smtp.example.org: proxy PROXY: this is no HTTP proxy\n", ""},
		{"http, silence", "http", proxyLogin, "smtp.example.org", hasty, says(""), "", lost + "no answer in time\n", ""},
		{"http, half", "http", proxyLogin, "smtp.example.org", hasty, says("HTTP/1.1 200 OK\r\n"), "", lost + "no answer in time\n", ""},
		{"http, closed", "http", proxyLogin, "smtp.example.org", plain, closes, "", lost + "the connection was lost\n", ""},

		// Where the proxy is says nothing about where the server is.
		{
			"a password in clear", "socks5", proxyLogin, "127.0.0.1", plain + "user = \"ann\"\npassword = \"sesame open\"\n", socks(0), hello + "S: 250-a\nS: 250 AUTH PLAIN\nC: QUIT\nS: 221 bye\n",
			"all: denied, for good: 127.0.0.1: AUTH: the password would leave in clear on this connection\n", "127.0.0.1",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			addr := serve(t, c.script, id)
			at, targets := aProxy(t, addr, c.behave)
			got, shown := sendBy(t, fmt.Sprintf("host = %q\nproxy = \"%s://%s%s\"\n%s", c.host, c.kind, c.login, at, c.keys))
			if got = strings.ReplaceAll(got, at, "PROXY"); got != c.want {
				t.Errorf("got  %swant %s\n%s", got, c.want, shown)
			}
			if connected := fmt.Sprintf("* connected to %s, through the proxy %s\n", c.host, at); strings.HasPrefix(shown, connected) != (c.target != "") {
				t.Errorf("the dialogue: %s", shown)
			}
			if asked := strings.Join(targets(), " "); asked != c.target {
				t.Errorf("the proxy was asked for %q, want %q", asked, c.target)
			}
			for _, secret := range []string{proxyPassword, proxyLogin, basic, "other"} {
				if strings.Contains(got+shown, secret) {
					t.Errorf("a secret shows: %s%s", got, shown)
				}
			}
			noSecrets(t, got+shown)
		})
	}
}

// TestProxyOfEnvironment: proxy = "env" reads the usual variables, and nothing else does.
func TestProxyOfEnvironment(t *testing.T) {
	const through, direct = "smtp.example.org", ""
	for _, c := range []struct {
		name, keys string
		env        map[string]string // PROXY is the proxy
		want       string            // what the proxy is asked for
	}{
		{"none", "proxy = \"env\"\n", nil, direct},
		{"not asked for", "", map[string]string{"ALL_PROXY": "http://joe:pr0xy%20s%25cret@PROXY"}, direct},
		{"ALL_PROXY", "proxy = \"env\"\n", map[string]string{"ALL_PROXY": "http://joe:pr0xy%20s%25cret@PROXY/"}, through},
		{"all_proxy without scheme", "proxy = \"env\"\n", map[string]string{"all_proxy": "joe:pr0xy%20s%25cret@PROXY"}, through},
		{"HTTPS_PROXY", "proxy = \"env\"\n", map[string]string{"HTTPS_PROXY": "http://joe:pr0xy%20s%25cret@PROXY"}, through},
		{"ALL_PROXY first", "proxy = \"env\"\n", map[string]string{"HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://joe:pr0xy%20s%25cret@PROXY"}, through},
		{"HTTP_PROXY is for the web", "proxy = \"env\"\n", map[string]string{"HTTP_PROXY": "http://joe:pr0xy%20s%25cret@PROXY"}, direct},
		{"NO_PROXY", "proxy = \"env\"\n", map[string]string{"ALL_PROXY": "http://PROXY", "NO_PROXY": "x.example,example.org"}, direct},
		{"no_proxy below", "proxy = \"env\"\n", map[string]string{"ALL_PROXY": "http://PROXY", "no_proxy": ".example.org"}, direct},
		{"NO_PROXY of others", "proxy = \"env\"\n", map[string]string{"ALL_PROXY": "http://joe:pr0xy%20s%25cret@PROXY", "NO_PROXY": "ple.org,127.0.0.1"}, through},
	} {
		t.Run(c.name, func(t *testing.T) {
			resolve(t, map[string]mockdns.Zone{"smtp.example.org.": {A: []string{"127.0.0.1"}}})
			addr := serve(t, takes, nil)
			at, targets := aProxy(t, addr, connectProxy("HTTP/1.1 200 OK\r\n\r\n"))
			for _, name := range []string{"ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY", "no_proxy"} {
				t.Setenv(name, strings.ReplaceAll(c.env[name], "PROXY", at))
			}
			got, shown := sendBy(t, fmt.Sprintf("backend = \"plain\"\nhost = \"smtp.example.org:%d\"\n%s", portOf(t, addr), c.keys))
			if got != "bob@example.org: taken, 250 queued\n" {
				t.Errorf("got %s%s", got, shown)
			}
			noSecrets(t, got+shown)
			if asked := strings.Join(targets(), " "); asked != c.want {
				t.Errorf("the proxy was asked for %q, want %q", asked, c.want)
			}
		})
	}
	t.Setenv("ALL_PROXY", "ftp://joe:"+proxyPassword+"@x:1")
	got, shown := sendBy(t, "backend = \"plain\"\nhost = \"192.0.2.1\"\nproxy = \"env\"\n")
	noSecrets(t, got+shown)
	if want := "all: config, for good: ALL_PROXY: is no proxy such as socks5://host:port or http://user:password@host:port; in a password %XX stands for what a URL can't have\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

// TestProxyAway: nobody listens where the proxy should be.
func TestProxyAway(t *testing.T) {
	at := serve(t, "", nil)
	got, _ := sendBy(t, fmt.Sprintf("backend = \"plain\"\nhost = \"smtp.example.org\"\nproxy = \"http://%s\"\n", at))
	if want := fmt.Sprintf("all: again, for now: smtp.example.org: proxy %s: %s: connection refused\n", at, at); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

// TestProxyRefuses: a proxy that won't connect to one server may connect to the next, but for one that won't have us.
func TestProxyRefuses(t *testing.T) {
	for _, c := range []struct {
		status string
		asked  string
	}{
		{"403 Forbidden", "one.example.org:25 two.example.org:25"},
		{"502 Bad Gateway", "one.example.org:25 two.example.org:25"},
		{"407 Who are you", "one.example.org:25"},
	} {
		var asked []string
		at, stop := aProxy(t, "", func(conn net.Conn, r *bufio.Reader) string {
			first, _ := r.ReadString('\n')
			asked = append(asked, strings.Fields(first)[1])
			_, _ = io.WriteString(conn, "HTTP/1.1 "+c.status+"\r\n\r\n")
			return ""
		})
		got, shown := sendBy(t, fmt.Sprintf("backend = \"plain\"\nhost = [\"one.example.org\", \"two.example.org\"]\nproxy = \"http://%s\"\n", at))
		stop()
		if strings.Join(asked, " ") != c.asked || !strings.Contains(got, c.status) {
			t.Errorf("%s: asked for %s\n%s%s", c.status, asked, got, shown)
		}
		if want := fmt.Sprintf("* one.example.org:25: proxy %s: %s\n", at, c.status); !strings.Contains(shown, want) {
			t.Errorf("the dialogue has no %s%s", want, shown)
		}
	}
}

// TestSource connects from an address of the account's, which is also what the greeting has where this host has no name.
func TestSource(t *testing.T) {
	addr := serve(t, strings.ReplaceAll(takes, "EHLO client.example.org", "EHLO [127.0.0.5]"), nil)
	if got := sendNameless(t, fmt.Sprintf("host = \"%s\"\nsource = \"127.0.0.5\"\n", addr)); got != "bob@example.org: taken, 250 queued\n" {
		t.Error(got)
	}
	resolve(t, map[string]mockdns.Zone{"six.example.org.": {A: []string{"127.0.0.1"}, AAAA: []string{"::1"}}, "four.example.org.": {A: []string{"127.0.0.1"}}})
	addr = serve(t, strings.ReplaceAll(takes, "EHLO client.example.org", "EHLO [127.0.0.6]"), nil)
	if got := sendNameless(t, fmt.Sprintf("host = \"six.example.org:%d\"\nsource = \"127.0.0.6\"\n", portOf(t, addr))); got != "bob@example.org: taken, 250 queued\n" {
		t.Error(got)
	}
	got := sendNameless(t, "host = \"four.example.org\"\nsource = \"::1\"\n")
	if want := "all: no host, for now: four.example.org: name lookup: no address of the family of source, ::1\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	got = sendNameless(t, "host = \"127.0.0.1:1\"\nsource = \"192.0.2.1\"\n")
	if want := "all: again, for now: 127.0.0.1:1: connect: 127.0.0.1:1: cannot assign requested address\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}
