package smtp

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"

	"postern/auth"
	"postern/auth/oauth"
	"postern/backend"
)

const (
	// maxAuthLine bounds an AUTH command with its initial response; a longer one waits for the 334 (RFC 4954 section 4).
	maxAuthLine = 512
	// maxResponse bounds a response, which a server has to read up to this length (the same).
	maxResponse = 12288
)

// authenticate signs in as the account says (RFC 4954). An account with auth never goes on without it, nor by another
// mechanism when one is refused. A token that is refused although it should still be good, since it was revoked or a clock
// is wrong, is renewed, once.
func (s *session) authenticate() *backend.Error {
	if s.Auth == "none" {
		return nil
	}
	if s.listing { // nobody knows whom it would be told
		return s.lacks(stageAUTH, "nobody signs in where the server is only looked at")
	}
	defer func() { s.told = s.conn.masks }() // a server may have a memory
	over := s.authConnection()
	mech, err := auth.Choose(&s.have, over, s.Auth)
	if err != nil {
		kind := backend.Refused
		if errors.Is(err, auth.ErrCleartext) {
			kind = backend.Denied
		}
		return &backend.Error{Kind: kind, Server: s.Host, TLS: s.tls, Stage: stageAUTH.name, Err: err}
	}
	have, token := s.have, auth.Secret("")
	if have.Token != nil {
		have.Token = func(ctx context.Context) (_ auth.Secret, err error) {
			token, err = s.have.Token(ctx)
			return token, err
		}
	}
	refused := s.signInBy(mech, &have, over)
	if refused == nil || token == "" || refused.Code != 535 || SMTPAuthOff(refused) {
		return refused
	}
	fresh, err := s.have.Another(s.ctx, token)
	switch {
	case err != nil:
		return after(refused, s.noSecret(err))
	case fresh == "" || fresh == token:
		return refused
	}
	s.conn.dialogue.note("the token was refused, and is renewed")
	have.Token = func(context.Context) (auth.Secret, error) { return fresh, nil }
	again := s.signInBy(mech, &have, over)
	if again == nil || again.Code == 535 { // the same once more
		return again
	}
	return after(refused, again)
}

// SMTPAuthOff tells whether a refusal is Microsoft's for a mailbox or an organisation that may not sign in here at all,
// whatever it signs in with: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.
func SMTPAuthOff(e *backend.Error) bool {
	return e.Stage == stageAUTH.name && strings.Contains(e.Text, "SmtpClientAuthentication")
}

// signInBy goes through one exchange of a mechanism.
func (s *session) signInBy(mech auth.Mechanism, have *auth.Credentials, over auth.Connection) *backend.Error {
	client, secret, err := mech.New(s.ctx, have, over)
	if err != nil {
		return s.noSecret(err)
	}
	s.conn.masks.keep(sanitise(string(secret))) // as a reply would show it
	s.conn.masks.keep(encode([]byte(secret)))
	name, initial, err := client.Start()
	if err != nil {
		return s.failure(stageAUTH, err)
	}
	cmd := command{stage: stageAUTH, line: "AUTH " + name}
	if initial != nil {
		s.conn.masks.keep(encode(initial))
		if line := cmd.line + " " + orEmpty(encode(initial)); len(line)+len("\r\n") <= maxAuthLine {
			cmd.shown, cmd.line, initial = cmd.line+" "+hidden(initial), line, nil
		}
	}
	return s.respond(client, name, cmd, initial)
}

// respond begins with cmd and answers the server until it accepts or refuses. initial is an initial response that was
// too long for the command, or nil.
func (s *session) respond(client auth.Client, name string, cmd command, initial []byte) *backend.Error {
	for {
		r, failed := s.askShown(cmd)
		switch {
		case failed != nil:
			return failed
		case r.code == 235:
			return s.accepted(client, r)
		case r.code != 334:
			return s.denied(client, r)
		}
		response, err := initial, error(nil)
		if initial = nil; response == nil {
			response, err = client.Next(s.challenge(r))
		}
		line := encode(response)
		if err == nil && len(line)+len("\r\n") > maxResponse {
			err = fmt.Errorf("a response of %d octets, and servers read %d", len(line), maxResponse)
		}
		if err != nil {
			return s.giveUp(name, err)
		}
		s.conn.masks.keep(line)
		if c, ok := client.(auth.Expecter); ok {
			s.conn.masks.keep(string(c.Expects()))
			s.conn.masks.keep(encode([]byte(c.Expects())))
		}
		cmd = command{stage: stageAUTH, line: line, shown: hidden(response)}
	}
}

// accepted believes a 235, unless the server had to prove something before it. What stands in a 235 is for people: a
// proof comes in a 334 (RFC 4954 section 4).
func (s *session) accepted(client auth.Client, r reply) *backend.Error {
	prover, ok := client.(auth.Prover)
	if !ok {
		return nil
	}
	err := prover.Proven()
	if err == nil {
		return nil
	}
	e := s.refusal(stageAUTH.name, backend.Protocol, r)
	e.Err = err
	if errors.Is(err, auth.ErrUnproven) { // as where its proof is wrong: this is another server, now and later
		e.Kind = backend.Denied
	}
	return e
}

// denied is a refusal, with the reason that a challenge gave before it.
func (s *session) denied(client auth.Client, r reply) *backend.Error {
	e := s.refusal(stageAUTH.name, backend.Denied, r)
	if c, ok := client.(auth.Reasoner); ok && e.Err == nil && c.Reason() != "" {
		e.Err = errors.New(s.conn.masks.hide(sanitise(c.Reason())))
	}
	return e
}

// noSecret is the failure of an account whose secret can't be had.
func (s *session) noSecret(err error) *backend.Error {
	e := &backend.Error{Kind: backend.Denied, Server: s.Host, TLS: s.tls, Stage: stageAUTH.name, Err: err}
	var token *oauth.Error
	switch {
	case errors.As(err, &token):
		e.Kind = KindOf(token)
	case s.ctx.Err() != nil:
		return s.failure(stageAUTH, err)
	case errors.Is(err, auth.ErrNoPassword):
		e.Kind = backend.Config
	case errors.Is(err, auth.ErrLater): // a person who is away may be back
		e.Kind = backend.Again
	}
	return e
}

// authConnection is what a mechanism may want to know.
func (s *session) authConnection() auth.Connection {
	c := auth.Connection{Offered: s.mechanisms(), Secure: s.mayShowPassword(s.conn.net, s.encrypted)}
	if over, ok := s.conn.net.(*tls.Conn); ok {
		state := over.ConnectionState()
		c.TLS = &state
	}
	if !s.socket {
		c.Host, c.Port = strings.TrimSuffix(s.name, "."), s.Port
	}
	return c
}

// mechanisms are what the server offers; nil where it could not say.
func (s *session) mechanisms() []string {
	if s.offers == nil {
		return nil
	}
	return append([]string{}, s.offers["AUTH"]...)
}

// mayShowPassword tells whether a password may cross a connection as it is.
func (t *transport) mayShowPassword(c net.Conn, encrypted bool) bool {
	switch {
	case encrypted:
		return true
	case t.InsecureAuth != nil:
		return *t.InsecureAuth
	}
	return loopback(c)
}

// giveUp cancels an exchange that the mechanism can't go on with; the server answers 501.
func (s *session) giveUp(mechanism string, cause error) *backend.Error {
	if _, err := s.ask(stageAUTH, "*"); err != nil {
		return err
	}
	kind := backend.Protocol
	if errors.Is(cause, auth.ErrUnproven) {
		kind = backend.Denied
	}
	text := mechanism + ": " + s.conn.masks.hide(sanitise(strings.TrimPrefix(cause.Error(), "sasl: ")))
	return &backend.Error{Kind: kind, Server: s.Host, TLS: s.tls, Stage: stageAUTH.name, Text: text}
}

func encode(response []byte) string {
	return base64.StdEncoding.EncodeToString(response)
}

// orEmpty writes an initial response that has nothing in it (RFC 4954 section 4); any other is an empty line.
func orEmpty(encoded string) string {
	if encoded == "" {
		return "="
	}
	return encoded
}

// hidden stands for a response in the dialogue.
func hidden(response []byte) string {
	if len(response) == 0 {
		return "[empty]"
	}
	return "[secret]"
}

// challenge is what a 334 asks. Some servers don't encode it; then it is passed on as it stands, for the mechanism to
// judge.
func (s *session) challenge(r reply) []byte {
	decoded, err := base64.StdEncoding.DecodeString(r.asked)
	if err != nil {
		return []byte(r.asked)
	}
	if prompt := strings.TrimSpace(string(decoded)); prompt != "" && sanitise(prompt) == prompt {
		s.conn.dialogue.note("in base64: %s", s.conn.masks.hide(prompt))
	}
	return decoded
}
