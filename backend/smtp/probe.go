package smtp

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"postern/auth"
	"postern/backend"
	"postern/conf"
)

// A person waits for a probe, and a dead network must not keep them long.
const (
	probeConnect = 10 * time.Second // for each address
	probeReply   = 20 * time.Second // for each reply: some servers greet late on purpose
	probePort    = 5 * time.Second  // for each of the ports that the account doesn't have
)

// Probe tries the account's way: its secrets, its servers, each of their addresses as far as EHLO, and the sign-in at the
// first address of each server. It goes through the same doors as a message, and holds to the same rules.
func (t *transport) Probe(ctx context.Context, tell func(backend.Step)) {
	(&prober{transport: t, ctx: ctx, tell: tell}).run()
}

// prober is one probe.
type prober struct {
	*transport
	ctx  context.Context
	tell func(backend.Step)
	dial dialFunc // in place of the network's, for the tests

	blank    session       // what every session begins with
	limit    time.Duration // of a reply
	knocks   bool          // where a server can't be connected to, its other ports are tried
	unsigned string        // why nobody signs in, or empty
	failed   bool          // a step has
}

func (p *prober) run() {
	defer p.hasten()()
	p.knocks = true
	p.secrets()
	if p.TLS.Cert != "" {
		var err *backend.Error
		p.blank.identity, err = p.clientCertificate(p.ctx)
		if !p.done("own certificate", err, backend.Step{Text: p.TLS.Cert}) { // a message would go no further
			p.unsigned = "there is no certificate to show"
		}
	}
	for _, w := range p.survey() {
		if p.ctx.Err() == nil {
			p.visit(w)
		}
		w.close()
	}
	if p.ctx.Err() != nil && !p.failed {
		p.done(stageConnect.name, &backend.Error{Kind: backend.Again, Server: p.servers[0].Host, Stage: stageConnect.name, Err: interruption(p.ctx)}, backend.Step{})
	}
}

// hasten has the limits of a probe hold until it is undone, and makes the session that all others begin as.
func (p *prober) hasten() (undo func()) {
	own := p.Timeout
	p.limit = stage{limit: probeReply}.capped(time.Duration(own)).limit
	p.Timeout = conf.Duration(stage{limit: probeConnect}.capped(time.Duration(own)).limit)
	p.blank = session{transport: p.transport, server: p.servers[0], ctx: p.ctx, roots: p.loadRoots()}
	return func() { p.Timeout = own }
}

// sessionAt is a session over a connection that is there.
func (p *prober) sessionAt(to server, at try) *session {
	s := p.blank
	s.server = to
	s.conn = newConn(at.conn, s.dialogue(), p.limit)
	s.conn.masks = slices.Clone(s.told)
	s.conn.dialogue.note("connected to %s, %s", s.Host, at.addr)
	return &s
}

// done tells of a step that has failed with err, or else is as s has it; and whether it has not failed.
func (p *prober) done(name string, err *backend.Error, s backend.Step) bool {
	s.Name = name
	if err != nil {
		s.Verdict, s.Err, p.failed = backend.Failed, err, true
	}
	p.tell(s)
	return err == nil
}

// skip tells of a step that is not tried.
func (p *prober) skip(name, why string) {
	p.tell(backend.Step{Name: name, Verdict: backend.Skipped, Text: why})
}

// secrets gets what the account signs in with.
func (p *prober) secrets() {
	if p.Auth == "none" {
		return
	}
	password := p.have.Password
	var err error
	var step backend.Step
	switch {
	case p.have.Token != nil:
		_, err = p.have.Token(p.ctx)
		step.Text = "an OAuth token"
	case password.Given():
		_, err = password.Fetch(p.ctx)
		step.Text = password.Name()
		switch {
		case password.Text != "":
			step.Text = "password in the configuration"
		case password.Ask:
			step.Text = "password, as it was typed"
		}
	default: // a certificate, or nothing, as with ANONYMOUS
		return
	}
	var failed *backend.Error
	if err != nil {
		failed = p.blank.noSecret(err)
		p.unsigned = "there is no secret to sign in with"
	}
	p.done("secret", failed, step)
}

// visit tells of one server, and tries it at each address that it could be reached at.
func (p *prober) visit(w *way) {
	if !p.reached(w) {
		return
	}
	met := false
	for _, t := range w.tries {
		if t.conn != nil && p.ctx.Err() == nil {
			met = p.meet(p.sessionAt(w.server, t), !met) || met
		}
	}
}

// meet tries one address, and tells whether it came as far as EHLO. What is the same at all addresses of a server is told,
// and tried, at the first that does.
func (p *prober) meet(s *session, first bool) bool {
	defer s.conn.close()
	defer s.conn.breakOff(s.ctx)()
	met := p.greet(s, first)
	if met && first {
		p.offered(s)
		p.signIn(s)
	}
	s.quit()
	return met
}

// greet goes as far as the EHLO that counts, as session.greet does.
func (p *prober) greet(s *session, first bool) bool {
	if s.security == implicit && !p.encrypt(s, s.handshake) {
		return false
	}
	r, err := s.welcome()
	if err != nil || first {
		if !p.done(stageGreeting.name, err, backend.Step{Text: r.text()}) {
			return false
		}
	}
	if err := s.hello(); err != nil {
		return p.done("EHLO", err, backend.Step{})
	}
	return s.security != upgraded || p.encrypt(s, s.startTLS)
}

// offered tells what the server says of itself, after TLS where there is any.
func (p *prober) offered(s *session) {
	step := backend.Step{Text: "none: the server knows HELO alone"}
	if s.offers != nil {
		step.Text = cmp.Or(strings.Join(s.offers.names(), ", "), "none")
		step.Facts = map[string]any{"extensions": s.offers.names()}
	}
	if s.security == never && s.offers.has("STARTTLS") {
		step.Verdict = backend.Noted
		step.Advice = "the server offers STARTTLS, which backend = \"plain\" leaves alone, and backend = \"starttls\" encrypts"
	}
	p.done("extensions", nil, step)
	p.done("size limit", nil, s.sizeLimit())
	s.tellLimit()
	if s.Auth == "none" && len(s.mechanisms()) == 0 {
		return
	}
	step = backend.Step{Text: cmp.Or(strings.Join(s.mechanisms(), ", "), "none"), Facts: map[string]any{"mechanisms": s.mechanisms()}}
	if s.Auth != "none" {
		if mech, err := auth.Choose(&s.have, s.authConnection(), s.Auth); err == nil {
			step.Text += "; " + mech.Name + " is taken"
			step.Facts["taken"] = mech.Name
		}
	}
	p.done("mechanisms", nil, step)
}

// signIn signs in, once for each server: where a password is wrong, more tries would only have the account locked.
func (p *prober) signIn(s *session) {
	switch {
	case s.Auth == "none":
		p.skip("sign in", "the account has no user")
		return
	case p.unsigned != "":
		p.skip("sign in", p.unsigned)
		return
	}
	err := s.authenticate()
	if err != nil {
		p.have.Password.End()
		if err.Kind == backend.Denied {
			p.unsigned = "the sign-in was refused before"
		}
	}
	step := backend.Step{Text: "as " + s.have.User}
	if s.have.User == "" {
		step.Text = "without a user's name"
	}
	p.done("sign in", err, step)
}

// sizeLimit is what the server takes at most (RFC 1870 section 4).
func (s *session) sizeLimit() backend.Step {
	n := s.offers.size()
	if n == 0 {
		return backend.Step{Text: "none is told"}
	}
	return backend.Step{Text: backend.Octets(n), Facts: map[string]any{"size": n}}
}
