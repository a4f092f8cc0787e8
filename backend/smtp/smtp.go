// Package smtp carries messages by SMTP (RFC 5321), in an exchange written by hand. Four transports share it: plain,
// starttls (RFC 3207), tls (implicit TLS, RFC 8314), and lmtp (RFC 2033), which says LHLO in place of EHLO and has one
// reply for each recipient at the end.
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
//	the next address of the host, or the next host, when this one fails for now before AUTH
//
// MAIL, RCPT… and DATA go out in one flight where the server has PIPELINING (RFC 2920), and QUIT goes out with the end
// of the body; with CHUNKING (RFC 3030) BDAT takes the place of DATA, and a small message leaves with its envelope. In
// place of QUIT the next MAIL may follow: to recipients that were too many, or of the next message. Any other reply ends
// the exchange: QUIT where the server still listens to commands, and never a dot that was not meant. The stages and
// their time limits are in stage.go.
//
// It fails closed. starttls and tls never go on without TLS, octets that come in clear behind the reply to STARTTLS end
// the exchange, what the server offered before TLS is forgotten, a password goes out in clear only to this machine
// unless insecure_auth says otherwise, and an account with auth never sends without it.
package smtp

import (
	"context"

	"postern/auth"
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
	return open(a, s, never, false)
}

// StartTLS opens the transport that asks for TLS after the greeting: port 587.
func StartTLS(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	return open(a, s, upgraded, false)
}

// TLS opens the transport with TLS from the first octet on: port 465.
func TLS(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	return open(a, s, implicit, false)
}

// LMTP opens the transport that speaks LMTP (RFC 2033), without TLS: port 24, or a unix socket.
func LMTP(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	return open(a, s, never, true)
}

// transport is one account's way to its server.
type transport struct {
	keys
	servers     []server // in the order in which they are tried
	security    security
	lmtp        bool
	surrounding backend.Surroundings
	account     *conf.Account
	have        auth.Credentials
	ahead       *attempt // the connection that Prepare has begun, or nil
	told        masks    // what servers were told on the connections before, and must not be shown
	most        int      // how many recipients the server has taken where it says too many, or 0
}

func open(a *conf.Account, s backend.Surroundings, sec security, lmtp bool) (backend.Transport, error) {
	t := &transport{security: sec, lmtp: lmtp, surrounding: s, account: a}
	if err := a.Decode(&t.keys); err != nil {
		return nil, err
	}
	if t.Port == 0 && lmtp {
		t.Port = lmtpPort
	}
	if err := t.judge(a, sec); err != nil {
		return nil, err
	}
	var err error
	if t.servers, err = t.serversOf(a, sec); err != nil {
		return nil, err
	}
	t.have, err = t.credentials(a, t.servers[0], sec)
	return t, err
}

// Send carries one message on a connection of its own.
func (t *transport) Send(ctx context.Context, env *message.Envelope, msg *message.Message) (statuses []backend.Status, err error) {
	item := &backend.Item{Env: env, Msg: msg, Done: func(s []backend.Status, e error) { statuses, err = s, e }}
	_ = t.SendEach(ctx, func() *backend.Item {
		now := item
		item = nil
		return now
	})
	return statuses, err
}

// SendEach carries all that next gives, as backend.Carrier has it: on one connection as long as the server takes more,
// then on the next one.
func (t *transport) SendEach(ctx context.Context, next func() *backend.Item) error {
	m := &mailbag{next: next}
	for m.more() {
		s, err := t.ready(ctx)
		if err != nil {
			m.giveUp(err)
			return err
		}
		s.tellLimit()
		s.stepwise = m.stepwise
		stop := s.conn.breakOff(ctx)
		s.run(m)
		stop()
	}
	return nil
}
