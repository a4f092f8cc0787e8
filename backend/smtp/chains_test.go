package smtp

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/backend"
)

// listen plays the TLS server for one client: it shows the chain, whose first certificate has the key.
func listen(t *testing.T, key *ecdsa.PrivateKey, chain ...*x509.Certificate) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	shown := tls.Certificate{PrivateKey: key}
	for _, c := range chain {
		shown.Certificate = append(shown.Certificate, c.Raw)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		over := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{shown}})
		_ = over.Handshake()               // what matters is the client's verdict
		_, _ = over.Read(make([]byte, 16)) // and that it has one
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// shake does the TLS handshake of a session with the server at addr, and gives its verdict. files are tls.ca.
func shake(t *testing.T, addr string, files ...string) error {
	t.Helper()
	tr := &transport{security: implicit, keys: keys{TLS: tlsKeys{CA: files}}}
	return shakeAs(t, tr, server{Host: host, certificate: host}, addr)
}

// shakeAs does so by an account of its own, with a server that it takes for another.
func shakeAs(t *testing.T, tr *transport, to server, addr string) error {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &session{transport: tr, server: to, ctx: context.Background(), roots: tr.loadRoots(), conn: newConn(c, dialogue{}, 0)}
	if failed := s.handshake(); failed != nil {
		if s.encrypted {
			t.Errorf("an error, and yet the session goes on as encrypted: %v", failed)
		}
		return failed
	}
	if !s.encrypted {
		t.Error("no error, and the session is not encrypted")
	}
	return nil
}

// bundleFile writes a bundle into a file.
func bundleFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// expect compares a verdict with what it should say; "" is acceptance.
func expect(t *testing.T, err error, kind backend.Kind, want string) {
	t.Helper()
	var e *backend.Error
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want == "":
	case err == nil:
		t.Errorf("accepted, want %q", want)
	case !errors.As(err, &e) || e.Kind != kind || !strings.Contains(err.Error(), want):
		t.Errorf("got %v, want %q", err, want)
	}
}

// judge is crypto/x509's own verdict, by the rules of crypto/tls.
func judge(roots *x509.CertPool, chain []*x509.Certificate) error {
	options := x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(options)
	return err
}

// TestChains has handshakes with servers of all kinds of chains. The verdict is the expected one, and crypto/x509's.
func TestChains(t *testing.T) {
	root, twin, old, rogue := newHolder(t, "Root"), newHolder(t, "Root"), newHolder(t, "Old Root"), newHolder(t, "Rogue")
	inter, between, server, mallory := newHolder(t, "Intermediate"), newHolder(t, "Between"), newHolder(t, host), newHolder(t, "mail.example.com")

	rootCert, twinCert, oldCert, rogueCert := root.authorityOf(t, root), twin.authorityOf(t, twin), old.authorityOf(t, old), rogue.authorityOf(t, rogue)
	cross := root.authorityOf(t, old) // the root's key, as the old root knows it
	mid := inter.authorityOf(t, root)
	leaf := server.serverOf(t, inter)
	direct := server.serverOf(t, root)
	malloryLeaf := mallory.serverOf(t, inter, otherName)
	byMallory := server.serverOf(t, mallory)

	const (
		unknown  = "certificate signed by unknown authority"
		outdated = "certificate has expired or is not yet valid"
		misused  = "certificate specifies an incompatible key usage"
	)
	type certs = []*x509.Certificate
	for _, c := range []struct {
		name   string
		bundle certs
		chain  certs // as the server sends it
		want   string
	}{
		{"root alone", certs{rootCert}, certs{direct}, ""},
		{"intermediate", certs{rootCert}, certs{leaf, mid}, ""},
		{"intermediate and root", certs{rootCert}, certs{leaf, mid, rootCert}, ""},
		{"intermediate missing", certs{rootCert}, certs{leaf}, unknown},
		{"the root in place of the intermediate", certs{rootCert}, certs{leaf, rootCert}, unknown},
		{"out of order, with strangers and doubles", certs{rootCert}, certs{leaf, rogueCert, rootCert, leaf, mid, mid}, ""},
		{"two intermediates", certs{rootCert}, certs{leaf, inter.authorityOf(t, between), between.authorityOf(t, root)}, ""},
		{"one of two intermediates missing", certs{rootCert}, certs{leaf, inter.authorityOf(t, between)}, unknown},
		{"the bundle has the intermediate only", certs{mid}, certs{leaf}, ""},
		{"the bundle has the leaf only", certs{leaf}, certs{leaf}, ""},

		{"cross-certificate of an unknown issuer", certs{rootCert}, certs{leaf, mid, cross}, ""},
		{"cross-certificate of an expired issuer", certs{old.authorityOf(t, old, expired), rootCert}, certs{leaf, mid, cross}, ""},
		{"cross-certificate expired", certs{oldCert, rootCert}, certs{leaf, mid, root.authorityOf(t, old, expired)}, ""},
		{"only the old root", certs{oldCert}, certs{leaf, mid, cross}, ""},
		{"only the old root, nothing to cross", certs{oldCert}, certs{leaf, mid}, unknown},
		{"only the old root, cross-certificate expired", certs{oldCert}, certs{leaf, mid, root.authorityOf(t, old, expired)}, outdated},
		{"only the old root, cross-certificate of another", certs{oldCert}, certs{leaf, mid, root.authorityOf(t, rogue), rogueCert}, unknown},
		{"the bundle has the cross-certificate", certs{cross}, certs{leaf, mid}, ""},
		{"same name, the right one second", certs{twinCert, rootCert}, certs{leaf, mid}, ""},
		{"same name, the right one first", certs{rootCert, twinCert}, certs{leaf, mid}, ""},
		{"same root, the valid one second", certs{root.authorityOf(t, root, expired), rootCert}, certs{leaf, mid}, ""},

		{"same name, another key", certs{twinCert}, certs{leaf, mid}, unknown},
		{"same name, another key, and sent as well", certs{rootCert}, certs{server.serverOf(t, twin), twinCert}, unknown},
		{"same name of an intermediate, another key", certs{rootCert}, certs{leaf, holder{inter.name, rogue.key}.authorityOf(t, root)}, unknown},
		{"sends its own root", certs{rootCert}, certs{server.serverOf(t, rogue), rogueCert}, unknown},
		{"self-signed", certs{rootCert}, certs{server.serverOf(t, server)}, unknown},
		{"self-signed, named as the root", certs{rootCert}, certs{holder{root.name, server.key}.serverOf(t, holder{root.name, server.key})}, unknown},
		{"root expired", certs{root.authorityOf(t, root, expired)}, certs{leaf, mid}, outdated},
		{"root not yet valid", certs{root.authorityOf(t, root, notYet)}, certs{leaf, mid}, outdated},
		{"intermediate expired", certs{rootCert}, certs{leaf, inter.authorityOf(t, root, expired)}, outdated},
		{"leaf expired", certs{rootCert}, certs{server.serverOf(t, inter, expired), mid}, outdated},
		{"leaf not yet valid", certs{rootCert}, certs{server.serverOf(t, inter, notYet), mid}, outdated},
		{"signature forged", certs{rootCert}, certs{forged(t, leaf), mid}, unknown},
		{"signature of the intermediate forged", certs{rootCert}, certs{leaf, forged(t, mid)}, unknown},

		{"wildcard", certs{rootCert}, certs{server.serverOf(t, inter, wildcard), mid}, ""},
		{"other names", certs{rootCert}, certs{server.serverOf(t, inter, otherName), mid}, "not " + host},
		{"common name only", certs{rootCert}, certs{server.serverOf(t, inter, noNames), mid}, "certificate relies on legacy Common Name field"},
		{"other names, the leaf in the bundle", certs{malloryLeaf}, certs{malloryLeaf}, "not " + host},

		{"a leaf as authority", certs{rootCert}, certs{byMallory, malloryLeaf, mid}, unknown},
		{"a leaf in the bundle as authority", certs{malloryLeaf}, certs{byMallory}, unknown},
		{"an authority that is none", certs{rootCert}, certs{leaf, inter.authorityOf(t, root, noCA)}, unknown},
		{"an authority that may not sign certificates", certs{rootCert}, certs{leaf, inter.authorityOf(t, root, noCertSign)}, unknown},
		{"an authority with none below", certs{root.authorityOf(t, root, noPathLeft)}, certs{leaf, mid}, "too many intermediates"},
		{"an authority with none below, and none there", certs{root.authorityOf(t, root, noPathLeft)}, certs{direct}, ""},

		{"leaf for clients", certs{rootCert}, certs{server.serverOf(t, inter, forClients), mid}, misused},
		{"leaf for anything", certs{rootCert}, certs{server.serverOf(t, inter, forAnything), mid}, ""},
		{"leaf for nothing in particular", certs{rootCert}, certs{server.serverOf(t, inter, forNothing), mid}, ""},
		{"intermediate for mail", certs{rootCert}, certs{leaf, inter.authorityOf(t, root, forMail)}, misused},
		{"root for mail", certs{root.authorityOf(t, root, forMail)}, certs{leaf, mid}, misused},

		{"constraint kept", certs{rootCert}, certs{leaf, inter.authorityOf(t, root, onlyHere)}, ""},
		{"constraint of the intermediate violated", certs{rootCert}, certs{leaf, inter.authorityOf(t, root, onlyElse)}, "is not permitted by any constraint"},
		{"exclusion of the intermediate violated", certs{rootCert}, certs{leaf, inter.authorityOf(t, root, notHere)}, "is excluded by constraint"},
		{"constraint of the root violated", certs{root.authorityOf(t, root, onlyElse)}, certs{leaf, mid}, "is not permitted by any constraint"},
		{"unknown critical extension", certs{rootCert}, certs{server.serverOf(t, inter, unknownCritical), mid}, "unhandled critical extension"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := shake(t, listen(t, server.key, c.chain...), bundleFile(t, pemOf(c.bundle...)))
			expect(t, err, backend.Denied, c.want)
			whole := x509.NewCertPool()
			for _, root := range c.bundle {
				whole.AddCert(root)
			}
			if own := judge(whole, c.chain); (own == nil) != (err == nil) {
				t.Errorf("crypto/x509 says %v, we say %v", own, err)
			}
			if quick := verifyQuick(c.bundle, c.chain); (quick == nil) != (err == nil) {
				t.Errorf("the likely roots alone say %v, all of them %v", quick, err)
			}
		})
	}
}

// verifyQuick is the verdict without the fall-back, whose file is not there: a sound bundle must not need it.
func verifyQuick(bundle, chain []*x509.Certificate) error {
	r := &roots{files: []string{"/nowhere/ca.pem"}, bundle: func() ([]byte, error) { return []byte("\n" + pemOf(bundle...)), nil }}
	s := &session{transport: &transport{}, server: server{certificate: host}, roots: r}
	return s.verify(tls.ConnectionState{PeerCertificates: chain})
}
