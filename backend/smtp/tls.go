package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"postern/backend"
)

// tlsConfig is the account's TLS policy.
func (s *session) tlsConfig() *tls.Config {
	return &tls.Config{
		ServerName: s.serverName(),
		MinVersion: versions[s.TLS.Min],
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			s.certificateWanted = true
			if len(s.identity) == 0 {
				return new(tls.Certificate), nil // to have none is an answer too, and may be good enough
			}
			return &s.identity[0], nil
		},
		// VerifyConnection does all of the verification, by crypto/x509's own rules: so the roots need not be there
		// before the handshake, and a pin can stand in for them.
		InsecureSkipVerify:          true,
		VerifyConnection:            s.examine,
		DynamicRecordSizingDisabled: true, // whole records from the start: there is no page to show early
	}
}

// clientCertificate reads tls.cert and tls.key, where the account has them. Nothing ends a read from a pipe: it is left
// behind where nobody writes.
func (t *transport) clientCertificate(ctx context.Context) ([]tls.Certificate, *backend.Error) {
	if t.TLS.Cert == "" {
		return nil, nil
	}
	st := stageIdentity.capped(time.Duration(t.Timeout))
	within, cancel := context.WithTimeoutCause(ctx, st.limit, fmt.Errorf("no answer within %v", st.limit))
	defer cancel()
	var pair tls.Certificate
	loaded := make(chan error, 1)
	go func() {
		var err error
		pair, err = t.loadIdentity()
		loaded <- err
	}()
	select {
	case err := <-loaded:
		if err != nil {
			return nil, &backend.Error{Kind: backend.Config, Stage: st.name, Err: err}
		}
		return []tls.Certificate{pair}, nil
	case <-within.Done():
		err := context.Cause(within)
		if ctx.Err() != nil {
			err = interruption(ctx)
		}
		return nil, &backend.Error{Kind: backend.Again, Stage: st.name, Err: err}
	}
}

// loadIdentity reads the certificate and its key. Its errors name the files.
func (t *transport) loadIdentity() (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(t.TLS.Cert, t.TLS.Key)
	var file *fs.PathError // which names itself
	if err != nil && !errors.As(err, &file) {
		err = fmt.Errorf("%s with %s: %s", t.TLS.Cert, t.TLS.Key, strings.TrimPrefix(err.Error(), "tls: "))
		if key, _ := os.ReadFile(t.TLS.Key); bytes.Contains(key, []byte("ENCRYPTED")) { // RFC 7468 section 11, RFC 1421
			err = fmt.Errorf("%s: the key is encrypted, and there is nobody to ask: take its passphrase off", t.TLS.Key)
		}
	}
	return pair, err
}

func (s *session) serverName() string {
	if s.TLS.ServerName != "" {
		return s.TLS.ServerName
	}
	return s.certificate
}

// examine has the verdict of verify end the handshake, but where only a list is made of what the server shows.
func (s *session) examine(state tls.ConnectionState) error {
	s.peer = &state
	err := s.verify(state)
	if s.listing {
		s.distrust, err = err, nil
	}
	return err
}

// verify judges the server's certificate. A pin alone is the whole test: the certificate or its key is the one that
// the user named, whoever signed it. With ca as well, both have to hold.
func (s *session) verify(state tls.ConnectionState) error {
	leaf := state.PeerCertificates[0]
	if len(s.TLS.Pin) > 0 {
		if !s.TLS.pinned(fingerprint(leaf.Raw), fingerprint(leaf.RawSubjectPublicKeyInfo)) {
			return distrust(leaf, "sha256:"+strings.Join(s.TLS.Pin, " or sha256:"), ErrPin)
		}
		if len(s.TLS.CA) == 0 {
			return nil
		}
	}
	// crypto/x509 looks for the name among the SANs alone, and for an address among those of addresses (RFC 9525
	// section 6).
	options := x509.VerifyOptions{DNSName: s.serverName(), Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	likely, err := s.roots.issuers(state.PeerCertificates)
	if err != nil {
		return &backend.Error{Kind: backend.Config, Stage: "tls.ca", Err: err}
	}
	options.Roots = likely
	if _, err = leaf.Verify(options); err == nil {
		return nil
	}
	// The likely roots only save time: what they don't settle is for all of them.
	if options.Roots, err = s.roots.all(); err != nil {
		return &backend.Error{Kind: backend.Config, Stage: "tls.ca", Err: err}
	}
	if options.Roots.Equal(x509.NewCertPool()) {
		return distrust(leaf, s.serverName(), errNoRoots)
	}
	if _, err = leaf.Verify(options); err != nil {
		distrusted := distrust(leaf, s.serverName(), butForTime(leaf, options, err))
		distrusted.Pinned = len(s.TLS.Pin) > 0
		return distrusted
	}
	return nil
}

// butForTime is why a certificate would not be trusted even if its time were right, where it is the time that err tells
// of: crypto/x509 looks at that first, and then not at who has signed. Who hears of the time alone may take a forged
// certificate for the server's old one.
func butForTime(leaf *x509.Certificate, options x509.VerifyOptions, err error) error {
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		return err
	}
	options.CurrentTime = invalid.Cert.NotAfter
	if time.Now().Before(invalid.Cert.NotBefore) {
		options.CurrentTime = invalid.Cert.NotBefore
	}
	_, other := leaf.Verify(options)
	switch {
	case other == nil:
		return err
	case errors.As(other, &invalid) && invalid.Reason == x509.Expired: // that was no time for the others
		other = x509.UnknownAuthorityError{Cert: leaf}
	}
	return fmt.Errorf("%w; besides, %w", other, err)
}

// ErrPin is a certificate that no pin fits.
var ErrPin = errors.New("the certificate is none of those in tls.pin")

var errNoRoots = errors.New("this machine has no certificates to trust: install ca-certificates, or set tls.ca")

// loopback tells whether the other end of a connection is this machine.
func loopback(c net.Conn) bool {
	switch addr := c.RemoteAddr().(type) {
	case *net.TCPAddr:
		return addr.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}
