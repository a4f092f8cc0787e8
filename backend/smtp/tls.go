package smtp

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"

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
		VerifyConnection:            s.verify,
		DynamicRecordSizingDisabled: true, // whole records from the start: there is no page to show early
	}
}

// clientCertificate reads tls.cert and tls.key, where the account has them.
func (t *transport) clientCertificate() ([]tls.Certificate, *backend.Error) {
	if t.TLS.Cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(t.TLS.Cert, t.TLS.Key)
	if err != nil {
		return nil, &backend.Error{Kind: backend.Config, Stage: "tls.cert", Err: err}
	}
	return []tls.Certificate{pair}, nil
}

func (s *session) serverName() string {
	if s.TLS.ServerName != "" {
		return s.TLS.ServerName
	}
	return s.Host
}

// verify judges the server's certificate. A pin alone is the whole test: the certificate or its key is the one that
// the user named, whoever signed it. With ca as well, both have to hold.
func (s *session) verify(state tls.ConnectionState) error {
	leaf := state.PeerCertificates[0]
	sum := fingerprint(leaf.Raw)
	if len(s.TLS.Pin) > 0 {
		if !s.TLS.pinned(sum, fingerprint(leaf.RawSubjectPublicKeyInfo)) {
			return &CertificateError{sum, errors.New("the certificate is none of those in tls.pin; its SHA-256 is " + sum)}
		}
		if len(s.TLS.CA) == 0 {
			return nil
		}
	}
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
		return &CertificateError{sum, errNoRoots}
	}
	if _, err = leaf.Verify(options); err != nil {
		return &CertificateError{sum, err}
	}
	return nil
}

var errNoRoots = errors.New("this machine has no certificates to trust: install ca-certificates, or set tls.ca")

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// leafName is a name of the certificate for people.
func leafName(c *x509.Certificate) string {
	switch {
	case len(c.DNSNames) > 0:
		return sanitise(c.DNSNames[0])
	case len(c.IPAddresses) > 0:
		return c.IPAddresses[0].String()
	}
	return sanitise(c.Subject.CommonName)
}

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
