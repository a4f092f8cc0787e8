package smtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// host is the server that the certificates of these tests are for.
const host = "mail.example.org"

// holder has a name and a key. Certificates bind one holder to another.
type holder struct {
	name string
	key  *ecdsa.PrivateKey
}

func newHolder(t *testing.T, name string) holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return holder{name, key}
}

// template is what two certificates of a holder have in common: the name, and the identifier of the key.
func (h holder) template(t *testing.T) *x509.Certificate {
	t.Helper()
	public, err := h.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	id := sha1.Sum(public)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: h.name}, SubjectKeyId: id[:],
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

// change is a way in which a certificate differs from the usual one.
type change func(*x509.Certificate)

func expired(c *x509.Certificate)    { c.NotAfter = c.NotBefore.Add(time.Minute) }
func notYet(c *x509.Certificate)     { c.NotBefore = c.NotAfter.Add(-time.Minute) }
func noCA(c *x509.Certificate)       { c.BasicConstraintsValid, c.IsCA = false, false }
func noCertSign(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }
func noPathLeft(c *x509.Certificate) { c.MaxPathLenZero = true }
func onlyElse(c *x509.Certificate)   { c.PermittedDNSDomains = []string{"example.com"} }
func onlyHere(c *x509.Certificate)   { c.PermittedDNSDomains = []string{"example.org"} }
func notHere(c *x509.Certificate)    { c.ExcludedDNSDomains = []string{host} }
func noNames(c *x509.Certificate)    { c.DNSNames = nil }
func wildcard(c *x509.Certificate)   { c.DNSNames = []string{"*.example.org"} }
func otherName(c *x509.Certificate) {
	c.DNSNames = []string{"mail.example.com", "x." + host, "*." + host}
}

func forClients(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }

func forMail(c *x509.Certificate) {
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
}
func forAnything(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }
func forNothing(c *x509.Certificate)  { c.ExtKeyUsage = nil }

func unknownCritical(c *x509.Certificate) {
	c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}}}
}

// authorityOf makes a certificate that says: by knows h as an authority. A holder that knows itself is a root.
func (h holder) authorityOf(t *testing.T, by holder, changes ...change) *x509.Certificate {
	t.Helper()
	c := h.template(t)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	return h.sign(t, c, by, changes)
}

// serverOf makes a certificate that says: by knows h as the server host.
func (h holder) serverOf(t *testing.T, by holder, changes ...change) *x509.Certificate {
	t.Helper()
	c := h.template(t)
	c.DNSNames, c.KeyUsage = []string{host}, x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return h.sign(t, c, by, changes)
}

func (h holder) sign(t *testing.T, c *x509.Certificate, by holder, changes []change) *x509.Certificate {
	t.Helper()
	for _, change := range changes {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.template(t), h.key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, der)
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forged is c with a broken signature.
func forged(t *testing.T, c *x509.Certificate) *x509.Certificate {
	t.Helper()
	der := append([]byte(nil), c.Raw...)
	der[len(der)-1] ^= 1
	return parse(t, der)
}

// pemOf is a bundle of certificates.
func pemOf(certificates ...*x509.Certificate) string {
	var text []byte
	for _, c := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return string(text)
}
