// Package smtp carries messages by SMTP (RFC 5321), in an exchange written by hand. Three transports share it: plain,
// starttls (RFC 3207) and tls (implicit TLS, RFC 8314).
//
// The legal paths through an exchange, each step with the replies that lead on:
//
//	connect ──► greeting ──► EHLO ──► MAIL ──► RCPT… ──► DATA ──► body, dot ──► QUIT
//	   │          220        │ 250    250      250,251   354       250          (221 not awaited)
//	   │                     │ 500, 501, 502, 504, 550 ► HELO 250 ► (no extensions)
//	   │                     ▼
//	   ├ tls: handshake   STARTTLS 220 ─► handshake ─► EHLO ─► AUTH ─► MAIL …
//	   │ before greeting  (starttls)                   250     235, with 334 as often as the mechanism asks
//	   ▼
//	the next address of the host, when this one fails for now before AUTH
//
// MAIL, RCPT… and DATA go out in one flight where the server has PIPELINING (RFC 2920), and QUIT goes out with the end
// of the body. Any other reply ends the exchange: QUIT where the server still listens to commands, and never a dot
// that was not meant. The stages and their time limits are in stage.go.
//
// It fails closed. starttls and tls never go on without TLS, octets that come in clear behind the reply to STARTTLS end
// the exchange, what the server offered before TLS is forgotten, a password goes out in clear only to this machine
// unless insecure_auth says otherwise, and an account with auth never sends without it.
package smtp

import (
	"context"

	"postern/backend"
	"postern/conf"
	"postern/message"
)

// security is when TLS begins.
type security int

const (
	never    security = iota // plain
	upgraded                 // starttls: after the command
	implicit                 // tls: at once
)

// Plain opens the transport without TLS: port 25, or the loopback of a test.
func Plain(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	return open(a, s, never)
}

// StartTLS opens the transport that asks for TLS after the greeting: port 587.
func StartTLS(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	return open(a, s, upgraded)
}

// TLS opens the transport with TLS from the first octet on: port 465.
func TLS(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	return open(a, s, implicit)
}

// transport is one account's way to its server.
type transport struct {
	keys
	security    security
	surrounding backend.Surroundings
}

func open(a *conf.Account, s backend.Surroundings, sec security) (backend.Transport, error) {
	t := &transport{security: sec, surrounding: s}
	if err := a.Decode(&t.keys); err != nil {
		return nil, err
	}
	return t, t.judge(a, sec)
}

// Send carries out one exchange on a connection of its own.
func (t *transport) Send(ctx context.Context, env *message.Envelope, msg *message.Message) ([]backend.Status, error) {
	s, err := t.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.conn.net.Close()
	// A cancelled send breaks the connection off wherever it is: without the dot nothing is delivered.
	raw := s.conn.net
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	defer s.quit()
	if err := s.authenticate(); err != nil {
		return nil, err
	}
	statuses, failed := s.transact(env, msg)
	if failed != nil { // a nil *Error is no nil error
		return nil, failed
	}
	return statuses, nil
}

// Close has nothing to do: Send keeps no connection.
func (t *transport) Close() error { return nil }
