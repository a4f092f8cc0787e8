package smtp_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postern/backend/smtp/smtptest"
)

// resolve has the DNS say what is in zones.
func resolve(t *testing.T, zones map[string]mockdns.Zone) {
	t.Helper()
	dns, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	dns.PatchNet(net.DefaultResolver)
	t.Cleanup(func() {
		mockdns.UnpatchNet(net.DefaultResolver)
		dns.Close()
	})
}

// TestDiscover has domains whose SRV records name the servers, and servers with the names on their certificates.
func TestDiscover(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, id.Authority, 0o600); err != nil {
		t.Fatal(err)
	}
	const taken = "bob@example.org: taken, 250 queued\n"
	const good, elsewhere = "* tls good\n" + takes, "* tls elsewhere\n" + takes // for localhost, for mail.elsewhere.example
	const hosted = "mail.elsewhere.example."
	for _, c := range []struct {
		name, domain, keys, first, second string
		records                           map[string][]net.SRV // by service; ports 1 and 2 are the first server and the second
		want                              string
	}{
		{"by priority", "localhost", "", good, "", map[string][]net.SRV{
			"_submissions": {{Target: "localhost.", Port: 2, Priority: 20}, {Target: "localhost.", Port: 1, Priority: 10}},
		}, taken},
		{"the next one", "localhost", "", "* tls expired\n", good, map[string][]net.SRV{
			"_submissions": {{Target: "localhost.", Port: 2, Priority: 20}, {Target: "localhost.", Port: 1, Priority: 10}},
		}, taken},
		{"below the domain", "elsewhere.example", "", elsewhere, "", map[string][]net.SRV{"_submissions": {{Target: hosted, Port: 1}}}, taken},
		{"below it in capitals", "Elsewhere.Example", "", elsewhere, "", map[string][]net.SRV{"_submissions": {{Target: hosted, Port: 1}}}, taken},
		{
			"beyond the domain", "example.org", "", "* tls elsewhere\n", "",
			map[string][]net.SRV{"_submissions": {{Target: hosted, Port: 1}}},
			"all: denied, for good: mail.elsewhere.example: TLS handshake: certificate is valid for mail.elsewhere.example, not example.org; " +
				"presented: mail.elsewhere.example, issued by \"the trusted authority\", valid from 1995-01-01 to 2125-01-01; wanted: example.org; public key: sha256:KEYPIN\n",
		},
		{
			"beyond it, and the name only looks alike", "where.example", "", "* tls elsewhere\n", "",
			map[string][]net.SRV{"_submissions": {{Target: hosted, Port: 1}}},
			"all: denied, for good: mail.elsewhere.example: TLS handshake: certificate is valid for mail.elsewhere.example, not where.example; " +
				"presented: mail.elsewhere.example, issued by \"the trusted authority\", valid from 1995-01-01 to 2125-01-01; wanted: where.example; public key: sha256:KEYPIN\n",
		},
		{"beyond it, with a certificate of the domain's", "localhost", "", good, "", map[string][]net.SRV{"_submissions": {{Target: hosted, Port: 1}}}, taken},
		{"beyond it with consent", "example.org", ", server_name = \"mail.elsewhere.example\"", elsewhere, "", map[string][]net.SRV{"_submissions": {{Target: hosted, Port: 1}}}, taken},
		{
			"the other service", "example.org", "", "", "",
			map[string][]net.SRV{"_submission": {{Target: hosted, Port: 1}}},
			"all: no host, for now: srv:example.org: name lookup: _submissions._tcp.example.org: no such host\n",
		},
		{
			"no service", "example.org", "", "", "",
			map[string][]net.SRV{"_submissions": {{Target: ".", Port: 0}}},
			"all: no host, for now: srv:example.org: name lookup: _submissions._tcp.example.org: the domain says that it has no such service\n",
		},
		{
			"a server without address", "example.org", "", "", "",
			map[string][]net.SRV{"_submissions": {{Target: "none.example.", Port: 1}}},
			"all: no host, for now: none.example: name lookup: no such host\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, second := portOf(t, serve(t, c.first, id)), portOf(t, serve(t, c.second, id))
			zones := map[string]mockdns.Zone{
				"localhost.": {A: []string{"127.0.0.1"}}, hosted: {A: []string{"127.0.0.1"}}, "example.org.": {A: []string{"127.0.0.1"}},
			}
			for service, records := range c.records {
				var zone mockdns.Zone
				for _, r := range records {
					r.Port = map[uint16]uint16{1: first, 2: second}[r.Port]
					zone.SRV = append(zone.SRV, r)
				}
				zones[service+"._tcp."+strings.ToLower(c.domain)+"."] = zone
			}
			resolve(t, zones)
			got, shown := sendBy(t, fmt.Sprintf("backend = \"tls\"\nhost = \"srv:%s\"\nport = 1\ntls = { ca = %q%s }\n", c.domain, ca, c.keys))
			if got = pinless(got, id); got != c.want {
				t.Errorf("got  %swant %s\n%s", got, c.want, shown)
			}
		})
	}
}

// TestDiscoverStartTLS asks for the service of port 587, and goes on to a host by name when the DNS has none.
func TestDiscoverStartTLS(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	_, pin := id.Fingerprint("good")
	for _, found := range []bool{true, false} {
		addr := serve(t, hello+"S: 250-a\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n* tls good\nC: EHLO client.example.org\nS: 250 a\n"+deliver, id)
		zones := map[string]mockdns.Zone{"smtp.example.org.": {A: []string{"127.0.0.1"}}}
		hosts := `"srv:example.org"`
		if found {
			zones["_submission._tcp.example.org."] = mockdns.Zone{SRV: []net.SRV{{Target: "smtp.example.org.", Port: portOf(t, addr)}}}
		} else {
			hosts += fmt.Sprintf(", %q", addr)
		}
		resolve(t, zones)
		got, shown := sendBy(t, fmt.Sprintf("backend = \"starttls\"\nhost = [%s]\ntls = { pin = %q }\n", hosts, pin))
		if got != "bob@example.org: taken, 250 queued\n" {
			t.Errorf("got %s%s", got, shown)
		}
		mockdns.UnpatchNet(net.DefaultResolver)
	}
}

func portOf(t *testing.T, addr string) uint16 {
	t.Helper()
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(tcp.Port)
}

// pinless is a text without the fingerprints of the run.
func pinless(text string, id *smtptest.Identity) string {
	_, key := id.Fingerprint("elsewhere")
	return strings.ReplaceAll(text, key, "KEYPIN")
}
