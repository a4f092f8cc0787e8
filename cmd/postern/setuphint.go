package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"postern/backend"
	"postern/backend/smtp"
)

// report tells of what went wrong, with what to say to setup itself: the account that hint would have changed isn't
// written.
func (s *setup) report(err error) int {
	advice := s.hint(err)
	if advice == "" {
		return report(s.std.err, "postern", []error{err})
	}
	complain(s.std.err, "postern", err)
	fmt.Fprintf(s.std.err, "postern: hint: %s\n", advice)
	return exitStatus(err)
}

// hint is what to give setup in place of what it had; where it is empty, hint has the words.
func (s *setup) hint(err error) string {
	var (
		cert  *smtp.CertificateError
		name  x509.HostnameError
		reach *smtp.ReachError
		send  *backend.Error
	)
	switch {
	case errors.As(err, &cert) && (unvouched(cert) || errors.Is(err, smtp.ErrPin)):
		return fmt.Sprintf("if the server itself shows this key, --pin sha256:%s trusts it", cert.KeyPin)
	case errors.As(err, &name):
		return "if a name in the certificate is your provider's own, give it with --server"
	case errors.As(err, &reach):
		return reachHint(reach, "--server", func(port int) string { return fmt.Sprintf("try --server %s:%d", reach.Host, port) })
	case errors.As(err, &send) && send.Stage == "AUTH" && send.Code == 535 && s.oauth == "" && !smtp.SMTPAuthOff(send) && !strings.Contains(strings.ToLower(send.Text), "basic authentication is disabled"):
		return "check the password, and --user; many providers want an app password in place of the usual one"
	}
	return ""
}

// unvouched tells of a certificate of which nothing is wrong but that no authority is known that has signed it.
func unvouched(e *smtp.CertificateError) bool {
	var authority x509.UnknownAuthorityError
	return errors.As(e, &authority)
}

// trusts asks a person about a server whose certificate no authority vouches for, and keeps its key where that is
// agreed to. No password has left by then. refused is the answer no.
func (s *setup) trusts(ctx context.Context, err error) (trusted bool, refused error) {
	var cert *smtp.CertificateError
	if !s.ask.person || s.pin != "" || !errors.As(err, &cert) || !unvouched(cert) {
		return false, nil
	}
	complain(s.std.err, "postern", err)
	if !s.ask.yes(ctx, "Does the server itself show this key, and shall it be trusted by that alone?") {
		return false, permissionError{errors.New("the server is not trusted, and nothing is written")}
	}
	s.pin = "sha256:" + cert.KeyPin
	return true, nil
}
