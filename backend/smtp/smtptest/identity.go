package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Identity is an authority with the certificates that a server can show:
//
//	good       for localhost and 127.0.0.1
//	expired    the same, no longer valid
//	ending     the same, valid for less than five days
//	elsewhere  for another host
//	stranger   the same as good, from an authority that nobody trusts
//	tls1.2     good, and the server knows no TLS 1.3
//	asks       good, and the server asks for the client's certificate
//	demands    good, and the server wants the client to have one
type Identity struct {
	Authority []byte // PEM of the trusted authority

	pairs map[string]tls.Certificate
}

// NewIdentity makes new keys and certificates. They end in the year 2125.
func NewIdentity() (*Identity, error) {
	end := time.Date(2125, 1, 1, 0, 0, 0, 0, time.UTC)
	past := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	trusted, err := newAuthority("the trusted authority", end)
	if err != nil {
		return nil, err
	}
	unknown, err := newAuthority("an authority nobody knows", end)
	if err != nil {
		return nil, err
	}
	id := &Identity{
		Authority: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.der}),
		pairs:     map[string]tls.Certificate{},
	}
	for _, c := range []struct {
		name, host string
		by         *authority
		end        time.Time
	}{
		{"good", "localhost", trusted, end},
		{"expired", "localhost", trusted, past},
		{"ending", "localhost", trusted, time.Now().Add(119 * time.Hour)},
		{"elsewhere", "mail.elsewhere.example", trusted, end},
		{"stranger", "localhost", unknown, end},
	} {
		pair, err := c.by.issue(c.host, c.end)
		if err != nil {
			return nil, err
		}
		id.pairs[c.name] = pair
	}
	for _, name := range []string{"tls1.2", "asks", "demands"} {
		id.pairs[name] = id.pairs["good"]
	}
	return id, nil
}

// Fingerprint is the SHA-256 of a certificate, and of its public key, in hexadecimal.
func (id *Identity) Fingerprint(name string) (certificate, key string) {
	leaf, err := x509.ParseCertificate(id.pairs[name].Certificate[0])
	if err != nil {
		panic(err) // it was made here
	}
	c, k := sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(c[:]), hex.EncodeToString(k[:])
}

// Client is a certificate of the trusted authority that a client can show, and its key, in PEM form.
func (id *Identity) Client() (certificate, key []byte, err error) {
	pair := id.pairs["good"]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return nil, nil, err
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func (id *Identity) server(name string) *tls.Config {
	c := &tls.Config{Certificates: []tls.Certificate{id.pairs[name]}, SessionTicketsDisabled: true}
	switch name {
	case "tls1.2":
		c.MaxVersion = tls.VersionTLS12
	case "asks":
		c.ClientAuth = tls.RequestClientCert
	case "demands":
		c.ClientAuth = tls.RequireAnyClientCert
	}
	return c
}

type authority struct {
	template *x509.Certificate
	key      *ecdsa.PrivateKey
	der      []byte
}

func newAuthority(name string, end time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &authority{key: key, template: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: end.AddDate(-130, 0, 0), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	a.der, err = x509.CreateCertificate(rand.Reader, a.template, a.template, key.Public(), key)
	return a, err
}

func (a *authority) issue(host string, end time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: end.AddDate(-130, 0, 0), NotAfter: end,
		DNSNames: []string{host}, IPAddresses: loopbackOf(host),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.template, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func loopbackOf(host string) []net.IP {
	if host == "localhost" {
		return []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	return nil
}
