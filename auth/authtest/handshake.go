package authtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"time"
)

// Handshake makes a TLS connection of this version, and gives what both sides know of it. again are the client's
// handshakes that may follow.
func Handshake(version uint16, again tls.RenegotiationSupport) (client, server tls.ConnectionState, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return client, server, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return client, server, err
	}
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	s := tls.Server(there, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, SessionTicketsDisabled: true, MinVersion: version, MaxVersion: version})
	c := tls.Client(here, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, Renegotiation: again})
	ended := make(chan error, 1)
	go func() { ended <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		return client, server, err
	}
	if err := <-ended; err != nil {
		return client, server, err
	}
	return c.ConnectionState(), s.ConnectionState(), nil
}
