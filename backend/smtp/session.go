package smtp

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/backend"
)

// session is an exchange with one server.
type session struct {
	*transport
	server
	ctx       context.Context
	roots     *roots
	identity  []tls.Certificate // ours, to show the server; mostly none
	conn      *conn
	encrypted bool
	tls       string               // version and cipher, or empty
	peer      *tls.ConnectionState // what the server has shown in the handshake, trusted or not
	listing   bool                 // nobody signs in and nothing is sent: a certificate that is not trusted is put into distrust
	distrust  error
	idle      bool // the server waits for a command

	certificateWanted bool // the server asked for a certificate of ours
	offers            capabilities
	limits            limits

	stepwise bool         // PIPELINING and CHUNKING are left alone: the server has failed with them
	prepared bool         // the connection was made ahead of its message, and may have been forgotten
	carried  int          // transactions that it has answered in step
	begun    int          // transactions that were begun
	latest   *transaction // the last of them
	dirty    bool         // the server may have a transaction open when the next MAIL comes
	quitting bool         // QUIT has been launched
}

// capabilities are what the server said it can do, by keyword in upper case, with the parameters (RFC 5321 section
// 4.1.1.1). It is nil when the server only knows HELO.
type capabilities map[string][]string

func (c capabilities) has(keyword string) bool {
	_, ok := c[keyword]
	return ok
}

// size is how many octets a message may have (RFC 1870 section 4); 0 is no limit, or none that is told.
func (c capabilities) size() int64 {
	params := c["SIZE"]
	if len(params) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(params[0], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// names are the keywords with their parameters, sorted.
func (c capabilities) names() (names []string) {
	for keyword, params := range c {
		names = append(names, strings.Join(append([]string{keyword}, params...), " "))
	}
	slices.Sort(names)
	return names
}

// open goes on over a new connection to addr as far as AUTH or MAIL.
func (s *session) open(c net.Conn, addr string) *backend.Error {
	if t, ok := c.(*tunnel); ok {
		addr = "through the proxy " + t.proxy.at.Host
	}
	s.conn = newConn(c, s.dialogue(), time.Duration(s.Timeout))
	s.conn.masks = slices.Clone(s.told)
	if s.Auth != "none" {
		s.have.Password.Begin(s.ctx) // not before there is somebody to sign in with: a program or a keyring may ask a person
	}
	s.conn.dialogue.note("connected to %s, %s", s.Host, addr)
	failed := s.greet()
	if failed != nil {
		s.quit()
		s.conn.net.Close()
	}
	return failed
}

// greet goes from the first octet to the EHLO reply that counts.
func (s *session) greet() *backend.Error {
	defer s.conn.breakOff(s.ctx)()
	if s.security == implicit {
		if err := s.handshake(); err != nil {
			return err
		}
	}
	if _, err := s.welcome(); err != nil {
		return err
	}
	if err := s.hello(); err != nil || s.security != upgraded {
		return err
	}
	return s.startTLS()
}

// welcome takes the greeting.
func (s *session) welcome() (reply, *backend.Error) {
	r, err := s.conn.receive(stageGreeting)
	switch {
	case err != nil:
		return r, s.failure(stageGreeting, err)
	case r.code != 220: // RFC 5321 section 3.1: 554 is a host without mail service, which still waits for QUIT
		s.idle = r.code != 421
		return r, s.refusal(stageGreeting.name, backend.Refused, r)
	}
	return r, nil
}

// hello says EHLO, or HELO to a server that doesn't know it (RFC 5321 section 3.2).
func (s *session) hello() *backend.Error {
	name := s.heloName()
	st, verb := stageEHLO, "EHLO "
	if s.lmtp {
		st, verb = stageLHLO, "LHLO " // RFC 2033 section 4.1
	}
	r, err := s.ask(st, verb+name)
	switch {
	case err != nil:
		return err
	case r.code == 250: // no other 2yz: a greeting said twice would count as a reply without extensions (section 4.3.2)
		s.offers = parseCapabilities(r.lines)
		s.limits = readLimits(s.offers["LIMITS"])
		return nil
	case s.lmtp, !isUnknownCommand(r):
		return s.refusal(st.name, backend.Refused, r)
	}
	r, err = s.ask(stageHELO, "HELO "+name)
	if err == nil && r.code != 250 {
		err = s.refusal(stageHELO.name, backend.Refused, r)
	}
	s.offers, s.limits = nil, limits{}
	return err
}

// tellLimit passes on how long a message may be, once the session is as safe as the account wants it: a limit that was told
// in clear may be anybody's.
func (s *session) tellLimit() {
	if limit := s.offers.size(); limit > 0 && s.surrounding.Limit != nil {
		s.surrounding.Limit(s.account, limit)
	}
}

// isUnknownCommand tells which replies to EHLO lead to HELO: those that say that the command is not known or not
// wanted (RFC 5321 sections 4.1.4 and 4.3.2).
func isUnknownCommand(r reply) bool {
	return slices.Contains([]int{500, 501, 502, 504, 550}, r.code)
}

// heloName is what we call ourselves: the account's helo, else this host's FQDN, else the address literal of this end
// of the connection (RFC 5321 section 4.1.4).
func (s *session) heloName() string {
	switch {
	case s.HELO != "":
		return s.HELO
	case s.surrounding.Hostname != "":
		return s.surrounding.Hostname
	}
	if tcp, ok := s.conn.net.LocalAddr().(*net.TCPAddr); ok {
		if tcp.IP.To4() == nil {
			return "[IPv6:" + tcp.IP.String() + "]"
		}
		return "[" + tcp.IP.String() + "]"
	}
	return "localhost"
}

// parseCapabilities reads the lines of an EHLO reply; the first one is the server's name and never a capability.
// "AUTH=PLAIN" is how servers before RFC 2554 wrote it.
func parseCapabilities(lines []string) capabilities {
	offers := capabilities{}
	for _, line := range lines[1:] {
		words := strings.Fields(strings.ToUpper(line))
		if len(words) == 0 {
			continue
		}
		if mech, ok := strings.CutPrefix(words[0], "AUTH="); ok {
			words = slices.Insert(words[1:], 0, "AUTH", mech)
		}
		offers[words[0]] = append(offers[words[0]], words[1:]...)
	}
	return offers
}

// startTLS asks for TLS and says EHLO anew over it: what was offered in clear counts for nothing (RFC 3207 section
// 4.2).
func (s *session) startTLS() *backend.Error {
	if !s.offers.has("STARTTLS") {
		return s.lacks(stageSTARTTLS, "the server does not offer STARTTLS, and nothing is sent without it")
	}
	r, err := s.ask(stageSTARTTLS, "STARTTLS")
	switch {
	case err != nil:
		return err
	case r.code != 220:
		return s.refusal(stageSTARTTLS.name, backend.Refused, r)
	case s.conn.r.Buffered() > 0: // somebody put commands or replies in before the encryption (RFC 3207 section 6)
		s.idle = false
		return s.failure(stageSTARTTLS, protocolError("data in clear behind the reply, before the TLS handshake"))
	}
	if err := s.handshake(); err != nil {
		return err
	}
	return s.hello()
}

// handshake puts TLS around the connection.
func (s *session) handshake() *backend.Error {
	s.idle = false
	inner := s.conn.net
	over := tls.Client(inner, s.tlsConfig())
	if err := inner.SetDeadline(time.Now().Add(stageHandshake.capped(s.conn.cap).limit)); err != nil {
		return s.failure(stageHandshake, err)
	}
	if err := over.HandshakeContext(s.ctx); err != nil {
		return s.failure(stageHandshake, err)
	}
	s.conn.upgrade(over)
	s.encrypted = true
	state := over.ConnectionState()
	leaf := state.PeerCertificates[0]
	s.tls = tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
	s.conn.dialogue.note("%s, certificate of %s until %s", s.tls, nameOf(leaf), leaf.NotAfter.Format(time.DateOnly))
	return nil
}

// ask sends one command and reads its reply.
func (s *session) ask(st stage, line string) (reply, *backend.Error) {
	return s.askShown(command{stage: st, line: line})
}

func (s *session) askShown(cmd command) (reply, *backend.Error) {
	s.idle = false
	s.conn.send(cmd)
	r, err := s.conn.receive(cmd.stage)
	if err != nil {
		return r, s.failure(cmd.stage, err)
	}
	s.idle = r.code != 421 // RFC 5321 section 3.8: the server closes after it
	return r, nil
}

// lacks makes the error of a feature that the server doesn't have.
func (s *session) lacks(st stage, text string) *backend.Error {
	return &backend.Error{Kind: backend.Refused, Server: s.Host, TLS: s.tls, Stage: st.name, Text: text}
}

// quit says QUIT, if the server waits for a command; else the text could be taken for something else, or nobody is
// there. The answer is only awaited where somebody watches.
func (s *session) quit() {
	if !s.idle {
		return
	}
	s.idle = false
	s.conn.send(quitCommand)
	s.farewell()
}

// farewell awaits the answer to QUIT, where somebody watches.
func (s *session) farewell() {
	if s.conn.dialogue.watched() {
		_, _ = s.conn.receive(stageQUIT)
	}
}
