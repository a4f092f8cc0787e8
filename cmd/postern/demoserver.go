package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// demoServer is an SMTP server on the loopback, for a handful of messages.
type demoServer struct {
	authority []byte // PEM of the certificate's issuer
	received  chan received
	server    *smtp.Server
	port      int
}

// received is a message as the server got it.
type received struct {
	from string
	to   []string
	data string
}

// startDemoServer listens on a free port of the loopback: with TLS at once, or with STARTTLS.
func startDemoServer(implicit bool) (*demoServer, error) {
	authority, pair, err := demoCertificate()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &demoServer{authority: authority, received: make(chan received, 16), port: listener.Addr().(*net.TCPAddr).Port}
	d.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &demoSession{server: d}, nil }))
	d.server.Domain = "mail.example.org"
	d.server.AllowInsecureAuth = true // the plain backend shows AUTH too; it is this machine alone
	d.server.MaxMessageBytes = 1 << 20
	d.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	d.server.ErrorLog = log.New(io.Discard, "", 0)
	if implicit {
		listener = tls.NewListener(listener, d.server.TLSConfig)
	}
	go d.server.Serve(listener) // it ends with close
	return d, nil
}

func (d *demoServer) close() { d.server.Close() }

// profile is the account for this server.
func (d *demoServer) profile(backendName, authorityFile string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[account.demo]\nbackend  = %q\nhost     = \"localhost\"\nport     = %d\n", backendName, d.port)
	fmt.Fprintf(&b, "from     = \"ann@example.org\"\nuser     = %q\npassword = %q\n", demoUser, demoPassword)
	if backendName != "plain" {
		fmt.Fprintf(&b, "tls      = { ca = %q }\n", authorityFile)
	}
	b.WriteString("\n[aliases]\nfile = \"\"\n") // those of this machine have no part in it
	return b.String()
}

// demoCertificate makes an authority and a certificate of it for localhost, good for a day.
func demoCertificate() (authority []byte, pair tls.Certificate, err error) {
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "postern demo authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, pair, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, pair, err
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, pair, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), rootKey)
	if err != nil {
		return nil, pair, err
	}
	authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	return authority, tls.Certificate{Certificate: [][]byte{leafDER, rootDER}, PrivateKey: leafKey}, nil
}

// demoSession takes one message from the user that the profile names.
type demoSession struct {
	server *demoServer
	got    received
	signed bool
}

func (s *demoSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *demoSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != demoUser || password != demoPassword {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}
	if mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the server's side of LOGIN: two prompts.
type loginServer struct {
	user  string
	asked int
	check func(user, password string) error
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (s *demoSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signed {
		return smtp.ErrAuthRequired
	}
	s.got.from = from
	return nil
}

func (s *demoSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.got.to = append(s.got.to, to)
	return nil
}

func (s *demoSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.got.data = strings.ReplaceAll(string(data), "\r\n", "\n")
	s.server.received <- s.got
	return nil
}

func (s *demoSession) Reset() { s.got = received{} }

func (s *demoSession) Logout() error { return nil }
