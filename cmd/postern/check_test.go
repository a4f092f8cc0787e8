package main

import (
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postern/auth/authtest"
	"postern/backend"
	"postern/backend/smtp"
)

// TestCheckAdvice has the DNS say who may send for the sender's domain: that is advice, and where the DNS says nothing or
// has failed there is none.
func TestCheckAdvice(t *testing.T) {
	server, err := startDemoServer(false)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	file := filepath.Join(t.TempDir(), "c.toml")
	profile := strings.Replace(server.profile("plain", ""), `"localhost"`, `"smtp.provider.example"`, 1)
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("POSTERN_CONFIG", file)
	t.Setenv("LC_ALL", "C.UTF-8")
	const unknown = "- DKIM            can't be looked up without its selector; Authentication-Results of a message that has arrived tells whether it was signed for example.org\n"
	for _, c := range []struct {
		name  string
		zones map[string]mockdns.Zone
		want  string
	}{
		{
			"all is well",
			map[string]mockdns.Zone{
				"example.org.":        {TXT: []string{"v=spf1 include:_spf.provider.example -all"}},
				"_dmarc.example.org.": {TXT: []string{"v=DMARC1; p=reject"}},
			},
			"✓ SPF             example.org permits smtp.provider.example, as include:_spf.provider.example\n" +
				"✓ DMARC           _dmarc.example.org: policy reject: what is neither SPF's nor DKIM's is refused\n" + unknown,
		},
		{
			"another may send, and a terminal's codes are in the record",
			map[string]mockdns.Zone{"example.org.": {TXT: []string{"v=spf1 include:spf\x1b[31m.elsewhere.example -all"}}},
			"! SPF             the SPF record of example.org names spf [31m.elsewhere.example, and nobody that looks like smtp.provider.example: what it sends may be distrusted\n" +
				"! DMARC           example.org has no DMARC record, which large receivers want: _dmarc.example.org TXT \"v=DMARC1; p=none\" is the least\n" + unknown,
		},
		{"the DNS has failed", map[string]mockdns.Zone{"example.org.": {Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.zones["smtp.provider.example."] = mockdns.Zone{A: []string{"127.0.0.1"}}
			dns, err := mockdns.NewServerWithLogger(c.zones, log.New(io.Discard, "", 0), false)
			if err != nil {
				t.Fatal(err)
			}
			defer dns.Close()
			dns.PatchNet(net.DefaultResolver)
			defer mockdns.UnpatchNet(net.DefaultResolver)
			var out strings.Builder
			if status := companion([]string{"check"}, streams{strings.NewReader(""), &out, &out}); status != exOK {
				t.Errorf("exit status %d", status)
			}
			_, got, found := strings.Cut(out.String(), "✓ sign in         as ann\n")
			if !found || got != c.want {
				t.Errorf("got\n%swant at its end\n%s", &out, c.want)
			}
			if secret, form := authtest.Leak(out.String()); secret != "" {
				t.Errorf("%q shows as %q", secret, form)
			}
		})
	}
}

// TestReachHint has what is told of a server that can't be connected to.
func TestReachHint(t *testing.T) {
	for _, c := range []struct {
		err  smtp.ReachError
		want string
	}{
		{smtp.ReachError{Port: 25, Blocked: true, Alive: true, Open: []int{465, 587}}, `^something on the way blocks port 25, and mx answers on port 465 and 587: set backend = "tls" and port = 465 in the account$`},
		{smtp.ReachError{Port: 465, Blocked: true, Alive: true, Open: []int{587}}, `^something on the way blocks port 465, and mx answers on port 587: set backend = "starttls" and port = 587 in the account$`},
		{smtp.ReachError{Port: 587, Alive: true, Open: []int{465}}, `^nothing listens on port 587, and mx answers on port 465: set backend = "tls"`},
		{smtp.ReachError{Port: 587, Alive: true, Blocked: true}, `^mx is up, and what is for port 587 doesn't get there: a firewall stops it`},
		{smtp.ReachError{Port: 587, Alive: true}, `^mx is up, and no mail server listens there, on port 587 or on 465 or 25: check host and port in the account$`},
		{smtp.ReachError{Port: 587, Blocked: true}, `^nothing of mx answers, on port 587 or on 465 or 25: it is down, or the network blocks all ports for mail`},
		{smtp.ReachError{Port: 587, Blocked: true, Forbidden: true}, `^a rule of this machine forbids it: `},
		{smtp.ReachError{Port: 587, Blocked: true, Forbidden: true, Open: []int{465}}, `^something on the way blocks port 587, and mx answers on port 465`},
		{smtp.ReachError{Port: 25, NoRoute: true, Alive: true, Open: []int{587}}, `^something on the way blocks port 25, and mx answers on port 587`},
		{smtp.ReachError{Port: 587, NoRoute: true}, `^this machine's network leads nowhere near it`},
	} {
		c.err.Host, c.err.Err = "mx", io.ErrUnexpectedEOF
		got := hint(&backend.Error{Kind: backend.Again, Stage: "connect", Err: &c.err})
		if !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestSilentHint: a server that says nothing and is no account's is asked by TLS with a flag.
func TestSilentHint(t *testing.T) {
	err := &backend.Error{Kind: backend.Again, Stage: "greeting", Err: io.ErrUnexpectedEOF}
	if got, want := hint(err), "--backend tls"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
