package smtp

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// CertificateError is a server certificate that can't be trusted.
type CertificateError struct {
	Pinned    bool   // tls.pin has it, and it is tls.ca that hasn't
	KeyPin    string // SHA-256 of its public key, in hexadecimal: what tls.pin takes
	Err       error  // of crypto/x509, or our own for a pin that doesn't fit
	presented *x509.Certificate
	wanted    string
}

// Error says what is wrong, what the server has shown, what it should have been, and the pin that would accept it. It
// quotes names of the certificate, which anybody can have made.
func (e *CertificateError) Error() string {
	return sanitise(fmt.Sprintf("%s; presented: %s; wanted: %s; public key: sha256:%s", e.Reason(), portrait(e.presented), e.wanted, e.KeyPin))
}

// Reason is what is wrong.
func (e *CertificateError) Reason() string {
	text := strings.ReplaceAll(e.Err.Error(), "x509: ", "")
	var invalid x509.CertificateInvalidError
	if errors.As(e.Err, &invalid) && invalid.Cert != nil && !invalid.Cert.Equal(e.presented) { // one of its issuers'
		text += fmt.Sprintf(", in the certificate of %q", nameOf(invalid.Cert))
	}
	return sanitise(text)
}

func (e *CertificateError) Unwrap() error { return e.Err }

// distrust makes the error of a certificate.
func distrust(leaf *x509.Certificate, wanted string, err error) *CertificateError {
	return &CertificateError{KeyPin: fingerprint(leaf.RawSubjectPublicKeyInfo), Err: err, presented: leaf, wanted: wanted}
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// maxNames bounds the names that are told of a certificate; some have hundreds.
const maxNames = 8

// portrait is what a certificate says: its names, its issuer, and how long it is valid.
func portrait(c *x509.Certificate) string {
	names := namesOf(c)
	switch more := len(names) - maxNames; {
	case len(names) == 0:
		names = []string{fmt.Sprintf("no name (only the subject %q)", nameOf(c))} // RFC 9525 section 2: a common name counts for nothing
	case more > 0:
		names = append(names[:maxNames], fmt.Sprintf("%d more", more))
	}
	issuer := fmt.Sprintf("by %q", cmp.Or(c.Issuer.CommonName, c.Issuer.String()))
	if string(c.RawIssuer) == string(c.RawSubject) {
		issuer = "by itself"
	}
	return fmt.Sprintf("%s, issued %s, valid from %s to %s", strings.Join(names, ", "), issuer,
		c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
}

// namesOf is what a certificate is for (RFC 9525 section 6.3).
func namesOf(c *x509.Certificate) []string {
	var all []string
	all = append(all, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

// nameOf is one name of a certificate, for people.
func nameOf(c *x509.Certificate) string {
	return sanitise(cmp.Or(append(namesOf(c), c.Subject.CommonName, c.Subject.String())...))
}
