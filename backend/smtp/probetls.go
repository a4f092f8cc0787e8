package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/backend"
)

// soonExpired is how long before its end a certificate is worth a word.
const soonExpired = 14 * 24 * time.Hour

// encrypt begins TLS by one of the session's two ways, and tells of what the server has shown.
func (p *prober) encrypt(s *session, begin func() *backend.Error) bool {
	err := begin()
	if s.peer != nil {
		p.done("TLS", nil, s.agreed())
	}
	var distrust *CertificateError
	switch {
	case err != nil && errors.As(err, &distrust):
		return p.done("certificate", err, backend.Step{Facts: s.certificateFacts()})
	case err != nil && err.Stage == stageHandshake.name:
		return p.done("TLS", err, backend.Step{})
	case err != nil && (s.peer == nil || err.Kind == backend.Config): // with a tls.ca that can't be used nothing was judged
		return p.done(err.Stage, err, backend.Step{})
	}
	p.done("certificate", nil, s.trusted(time.Now()))
	p.done("pin", nil, s.pin())
	return err == nil || p.done(err.Stage, err, backend.Step{}) // of EHLO over TLS
}

// agreed is the version of TLS and the cipher.
func (s *session) agreed() backend.Step {
	version, cipher := tls.VersionName(s.peer.Version), tls.CipherSuiteName(s.peer.CipherSuite)
	return backend.Step{Text: version + ", " + cipher, Facts: map[string]any{"version": version, "cipher": cipher}}
}

// trusted is a certificate that was accepted.
func (s *session) trusted(now time.Time) backend.Step {
	chain := s.peer.PeerCertificates
	step := backend.Step{Text: sanitise(portrait(chain[0])), Facts: s.certificateFacts()}
	if len(chain) > 1 {
		step.Text += "; chain: " + strings.Join(subjects(chain[1:]), ", ")
	}
	ends := chain[0]
	for _, c := range chain[1:] {
		if c.NotAfter.Before(ends.NotAfter) && string(c.RawIssuer) != string(c.RawSubject) { // a root's end matters to nobody
			ends = c
		}
	}
	switch left := ends.NotAfter.Sub(now); {
	case left < 0: // a pin has let it pass
		step.Verdict, step.Advice = backend.Noted, fmt.Sprintf("the certificate of %s has ended, and tls.pin alone holds", nameOf(ends))
	case left < soonExpired:
		step.Verdict = backend.Noted
		step.Advice = fmt.Sprintf("the certificate of %s ends in %s, on %s: the server needs a new one before", nameOf(ends), days(left), ends.NotAfter.Format(time.DateOnly))
	}
	return step
}

func days(left time.Duration) string {
	switch n := int(left.Hours() / 24); n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}

// certificateFacts are what a program may want to know of the chain.
func (s *session) certificateFacts() map[string]any {
	leaf := s.peer.PeerCertificates[0]
	return map[string]any{
		"names": namesOf(leaf), "subject": sanitise(leaf.Subject.String()), "issuer": sanitise(leaf.Issuer.String()),
		"not_before": leaf.NotBefore.UTC(), "not_after": leaf.NotAfter.UTC(), "chain": subjects(s.peer.PeerCertificates),
		"sha256": fingerprint(leaf.Raw), "key_sha256": fingerprint(leaf.RawSubjectPublicKeyInfo),
	}
}

func subjects(chain []*x509.Certificate) (names []string) {
	for _, c := range chain {
		names = append(names, sanitise(c.Subject.String()))
	}
	return names
}

// pin is the fingerprint that tls.pin could have, or has.
func (s *session) pin() backend.Step {
	leaf := s.peer.PeerCertificates[0]
	certificate, key := fingerprint(leaf.Raw), fingerprint(leaf.RawSubjectPublicKeyInfo)
	step := backend.Step{Facts: map[string]any{"pin": "sha256:" + key, "set": len(s.TLS.Pin) > 0}}
	switch {
	case len(s.TLS.Pin) == 0:
		step.Text = "sha256:" + key + " is the key's; none is set"
	case s.TLS.pinned(key):
		step.Text = "sha256:" + key + " is the key's, and in tls.pin"
	default:
		step.Text = "sha256:" + certificate + " is the certificate's, and in tls.pin"
	}
	return step
}
