package smtp

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"postern/backend"
)

func address(c *x509.Certificate) {
	c.DNSNames, c.IPAddresses = nil, []net.IP{net.ParseIP("2001:db8::1")}
}
func bücher(c *x509.Certificate) { c.DNSNames = []string{"xn--bcher-kva.example"} }
func nameless(c *x509.Certificate) {
	c.DNSNames = nil
	c.Subject.CommonName = host // which counts for nothing
}

func many(c *x509.Certificate) {
	for i := range 20 {
		c.DNSNames = append(c.DNSNames, fmt.Sprintf("n%d.example", i))
	}
}

// TestServerNames has handshakes with servers that are called by name, by U-labels and by address.
func TestServerNames(t *testing.T) {
	root, leaf := newHolder(t, "Root"), newHolder(t, host)
	file := bundleFile(t, pemOf(root.authorityOf(t, root)))
	for _, c := range []struct {
		host, serverName string
		cert             change
		want             string
	}{
		{"bücher.example:465", "", bücher, ""},
		{"BÜCHER.example", "", bücher, ""},
		{"xn--bcher-kva.example", "", bücher, ""},
		{"smtp.example", "Bücher.example", bücher, ""},
		{"smtp.example", "bücher.example.", bücher, ""},
		{"bücher.example.", "", bücher, ""},
		{"bücher.example", "", wildcard, "not xn--bcher-kva.example"},
		{"MAIL.example.org", "", wildcard, ""},
		{"a.mail.example.org", "", wildcard, "not a.mail.example.org"},
		{"2001:db8::1", "", address, ""},
		{"[2001:db8:0:0::1]:465", "", address, ""},
		{"2001:db8::1%lo", "", address, ""},
		{"smtp.example", "2001:db8::1", address, ""},
		{"2001:db8::2", "", address, "certificate is valid for 2001:db8::1, not 2001:db8::2"},
		{"192.0.2.1", "", wildcard, "doesn't contain any IP SANs"},
		{host, "", nameless, "certificate relies on legacy Common Name field"},
	} {
		t.Run(c.host+" "+c.serverName, func(t *testing.T) {
			to, err := parseHost(c.host, 465)
			if err != nil {
				t.Fatal(err)
			}
			tr := &transport{security: implicit, keys: keys{TLS: tlsKeys{CA: []string{file}}}}
			if c.serverName != "" {
				if _, tr.TLS.ServerName, err = nameOrAddress(c.serverName); err != nil {
					t.Fatal(err)
				}
			}
			err = shakeAs(t, tr, to, listen(t, leaf.key, leaf.serverOf(t, root, c.cert)))
			expect(t, err, backend.Denied, c.want)
		})
	}
}

// TestCertificateError: the error of each failure tells what was shown, what was wanted, and the pin, which works.
func TestCertificateError(t *testing.T) {
	root, inter, leaf := newHolder(t, "Root"), newHolder(t, "Intermediate"), newHolder(t, host)
	file := bundleFile(t, pemOf(root.authorityOf(t, root)))
	mid := inter.authorityOf(t, root)
	const valid = "valid from 20"
	for _, c := range []struct {
		name  string
		chain []*x509.Certificate
		pins  []string
		want  []string
	}{
		{"unknown", []*x509.Certificate{leaf.serverOf(t, newHolder(t, "Stranger"))}, nil, []string{"signed by unknown authority; presented: " + host, `by "Stranger"`, "wanted: " + host}},
		{"self-signed", []*x509.Certificate{leaf.serverOf(t, leaf)}, nil, []string{"signed by unknown authority", "presented: " + host, "issued by itself"}},
		{"expired", []*x509.Certificate{leaf.serverOf(t, inter, expired), mid}, nil, []string{"has expired", `by "Intermediate"`}},
		{"expired, of a stranger", []*x509.Certificate{leaf.serverOf(t, newHolder(t, "Stranger"), expired)}, nil, []string{"signed by unknown authority; besides, ", "has expired", `by "Stranger"`}},
		{"expired, self-signed", []*x509.Certificate{leaf.serverOf(t, leaf, expired)}, nil, []string{"signed by unknown authority; besides, ", "has expired"}},
		{"expired before its issuer began", []*x509.Certificate{leaf.serverOf(t, inter, expired), inter.authorityOf(t, root, notYet)}, nil, []string{"signed by unknown authority; besides, certificate has expired"}},
		{"expired, other name", []*x509.Certificate{leaf.serverOf(t, inter, expired, otherName), mid}, nil, []string{"not " + host + "; besides, ", "has expired"}},
		{"an issuer expired, of a stranger", []*x509.Certificate{leaf.serverOf(t, inter), inter.authorityOf(t, newHolder(t, "Stranger"), expired)}, nil, []string{"signed by unknown authority; besides, ", `, in the certificate of "Intermediate"; presented: ` + host}},
		{"an issuer expired", []*x509.Certificate{leaf.serverOf(t, inter), inter.authorityOf(t, root, expired)}, nil, []string{`, in the certificate of "Intermediate"; presented: ` + host}},
		{"other name", []*x509.Certificate{leaf.serverOf(t, inter, otherName), mid}, nil, []string{"not " + host, "presented: mail.example.com, x." + host}},
		{"many names", []*x509.Certificate{leaf.serverOf(t, leaf, many)}, nil, []string{"presented: " + host + ", n0.example", "n6.example, 13 more, issued"}},
		{"no name", []*x509.Certificate{leaf.serverOf(t, inter, nameless), mid}, nil, []string{`presented: no name (only the subject "` + host + `")`}},
		{"pins of others", []*x509.Certificate{leaf.serverOf(t, inter), mid}, []string{strings.Repeat("1", 64), strings.Repeat("2", 64)}, []string{
			ErrPin.Error(), "wanted: sha256:" + strings.Repeat("1", 64) + " or sha256:" + strings.Repeat("2", 64),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := server{Host: host, certificate: host}
			tr := &transport{security: implicit, keys: keys{TLS: tlsKeys{CA: []string{file}, Pin: c.pins}}}
			err := shakeAs(t, tr, to, listen(t, leaf.key, c.chain...))
			var cert *CertificateError
			if !errors.As(err, &cert) {
				t.Fatalf("got %v", err)
			}
			for _, want := range append(c.want, valid, "; public key: sha256:"+cert.KeyPin) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			for _, pin := range []string{cert.KeyPin, fingerprint(c.chain[0].Raw)} {
				trusting := &transport{security: implicit, keys: keys{TLS: tlsKeys{Pin: []string{strings.Repeat("1", 64), pin}}}}
				if err := shakeAs(t, trusting, to, listen(t, leaf.key, c.chain...)); err != nil {
					t.Errorf("with the pin: %v", err)
				}
			}
		})
	}
}
