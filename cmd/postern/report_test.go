package main

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"postern/backend"
	"postern/backend/smtp"
)

// TestHintOnCertificates: a certificate whose time is wrong may be the clock's fault, or a stranger's, whose pin is for who
// trusts him; one for another name may be a stranger's as well.
func TestHintOnCertificates(t *testing.T) {
	now := time.Now()
	past := x509.CertificateInvalidError{Reason: x509.Expired, Cert: &x509.Certificate{NotAfter: now.Add(-time.Hour)}}
	future := x509.CertificateInvalidError{Reason: x509.Expired, Cert: &x509.Certificate{NotBefore: now.Add(time.Hour), NotAfter: now.Add(2 * time.Hour)}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{past, "the server needs a new certificate, if the clock of this machine is right"},
		{future, "check the clock of this machine"},
		{fmt.Errorf("%w; besides, %w", x509.UnknownAuthorityError{}, past), "if you trust this server"},
		{x509.HostnameError{}, "if a name in the certificate is your provider's own, set host in"},
		{fmt.Errorf("%w; besides, %w", x509.HostnameError{}, past), "if a name in the certificate is your provider's own, set host in"},
	} {
		got := hint(&backend.Error{Kind: backend.Denied, Stage: "TLS handshake", Err: &smtp.CertificateError{KeyPin: "00", Err: c.err}})
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
