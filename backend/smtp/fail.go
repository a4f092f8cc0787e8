package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"postern/backend"
)

// DialError is an address that can't be connected to.
type DialError struct {
	Addr string // "192.0.2.1:587", or a socket's path
	Err  error
}

func (e *DialError) Error() string { return e.Addr + ": " + plainCause(e.Err) }

func (e *DialError) Unwrap() error { return e.Err }

// NoTLSError is a server that answers the TLS handshake with something else.
type NoTLSError struct{ Port int }

func (e NoTLSError) Error() string {
	return fmt.Sprintf("the server doesn't speak TLS on port %d", e.Port)
}

// NoCertificateError is a server that asked for a certificate of ours, had none, and ended the connection.
type NoCertificateError struct{ Err error }

func (e *NoCertificateError) Error() string {
	return "the server asked for a certificate of ours, and ended the connection: " + e.Err.Error()
}

func (e *NoCertificateError) Unwrap() error { return e.Err }

// refusal makes the error of a reply that doesn't lead on from what name asked for: of kind, unless it is for now only,
// or one that nothing in the protocol leads to, such as 250 in place of 354.
func (s *session) refusal(name string, kind backend.Kind, r reply) *backend.Error {
	e := r.refusal(name, kind)
	e.Server, e.TLS = s.Host, s.tls
	return e
}

// refusal is that of the session, whoever the server is.
func (r reply) refusal(name string, kind backend.Kind) *backend.Error {
	e := &backend.Error{Kind: kind, Stage: name, Code: r.code, Status: r.status, Text: r.text()}
	switch {
	case r.code/100 != 4 && r.code/100 != 5:
		e.Kind, e.Err = backend.Protocol, errors.New("an unexpected reply")
	case r.temporary():
		e.Kind = backend.Again
	}
	return e
}

// failure makes the error of a connection that failed at a stage.
func (s *session) failure(st stage, err error) *backend.Error {
	e := &backend.Error{Kind: backend.Again, Server: s.Host, TLS: s.tls, Stage: st.name, Err: err}
	var bad protocolError
	var ours commandError
	var unread readError
	var cert *CertificateError
	var record tls.RecordHeaderError
	var remote *net.OpError
	var refused *backend.Error
	var early unasked
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &early):
		if early.code/100 == 4 || early.code/100 == 5 { // a server that gives up needs no question to say so
			return s.refusal(st.name, backend.Refused, early.reply)
		}
		e.Kind, e.Code, e.Status, e.Text = backend.Protocol, early.code, early.status, early.text()
	case s.ctx.Err() != nil:
		e.Err = interruption(s.ctx)
	case errors.As(err, &bad):
		e.Kind = backend.Protocol
	case errors.As(err, &ours):
		e.Kind = backend.Data
	case errors.As(err, &unread):
		e.Kind, e.Stage = backend.Local, "reading the message back"
	case errors.As(err, &cert):
		e.Kind = backend.Denied
	case errors.As(err, &record):
		e.Kind, e.Err = backend.Protocol, NoTLSError{s.Port}
	case errors.As(err, &remote) && remote.Op == "remote error" && s.certificateWanted && len(s.identity) == 0: // a TLS alert
		e.Kind, e.Err = backend.Denied, &NoCertificateError{err}
	case st == stageHandshake && strings.Contains(err.Error(), "protocol version"): // an alert, or what the server has chosen
		e.Kind, e.Err = backend.Protocol, fmt.Errorf("%w; wanted: %s or later", err, tls.VersionName(versions[s.TLS.Min]))
	case errors.As(err, &remote) && remote.Op == "remote error":
		e.Kind = backend.Protocol
		if strings.Contains(err.Error(), "certificate") { // ours is wanted, or not liked
			e.Kind = backend.Denied
		}
	case isTimeout(err):
		e.Err = fmt.Errorf("no answer within %v", st.capped(s.conn.cap).limit)
	case isLost(err):
		e.Err = errors.New("the connection was lost")
	case st == stageHandshake:
		e.Kind = backend.Protocol
	}
	return e
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

func isLost(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

// plainCause is the innermost text of a dialling error: "connection refused" rather than the chain of calls. What a
// proxy has refused is not the address's doing.
func plainCause(err error) string {
	var errno syscall.Errno
	var proxy *backend.Error
	switch {
	case errors.As(err, &proxy):
		return withoutServer(proxy)
	case errors.As(err, &errno):
		return errno.Error()
	case isTimeout(err):
		return "no answer"
	}
	return err.Error()
}

// interruption is why a cancelled exchange has ended.
func interruption(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return errors.New("interrupted")
}
