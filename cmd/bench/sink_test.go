//go:build linux

package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/smtp"
	"strings"
	"testing"
)

// TestSink sends a message in each mode with the standard library's client, and checks that the sink takes
// none from a client that skips what the mode asks for.
func TestSink(t *testing.T) {
	cert, ca, err := newCertificate(sinkHost)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	config := &tls.Config{RootCAs: pool, ServerName: sinkHost}
	k := newSink(cert)
	const body = "Subject: x\n\n.dot\n..\n\nend\n"
	size := int64(len(body) + strings.Count(body, "\n"))

	for _, m := range []mode{modePlain, modeStartTLS, modeTLS} {
		for _, signIn := range []bool{true, false} {
			l, err := k.listen(m)
			if err != nil {
				t.Fatal(err)
			}
			err = sendOne(l.Addr().String(), m, signIn, config, body)
			if want := signIn || m == modePlain; (err == nil) != want {
				t.Errorf("%s, sign in %t: %v", m, signIn, err)
			} else if err := k.arrived(size); (err == nil) != want {
				t.Errorf("%s, sign in %t: %v", m, signIn, err)
			}
			l.Close()
		}
	}
}

func sendOne(addr string, m mode, signIn bool, config *tls.Config, body string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	if m == modeTLS {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, sinkHost)
	if err != nil {
		return err
	}
	defer c.Close()
	if m == modeStartTLS {
		if err := c.StartTLS(config); err != nil {
			return err
		}
	}
	if m != modePlain && signIn {
		if err := c.Auth(smtp.PlainAuth("", sinkUser, sinkPassword, sinkHost)); err != nil {
			return err
		}
	}
	if err := c.Mail("a@example.org"); err != nil {
		return err
	}
	if err := c.Rcpt("b@example.net"); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(body)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}
