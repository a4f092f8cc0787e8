package catch

import (
	"cmp"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// reply is a reply that go-smtp has no name for.
func reply(code int, class, subject, detail int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}
}

// session is the exchange with one client; after STARTTLS there is another (RFC 3207 section 4.2).
type session struct {
	server *Server
	conn   net.Conn
	client string
	hello  string
	tls    string

	// go-smtp runs Data beside what else the client says.
	lock            sync.Mutex
	user, mechanism string
	envelope        Message
	refused         int  // recipients of this message
	complete        bool // a message has come, and its answer leaves now
}

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	s.pause()
	n := &session{server: s, conn: c.Conn(), client: c.Conn().RemoteAddr().String(), hello: c.Hostname()}
	if state, ok := c.TLSConnectionState(); ok {
		n.tls = tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
	}
	n.note("says hello as " + n.hello + ", TLS: " + cmp.Or(n.tls, "none"))
	return n, nil
}

// note tells of the client, for those who want to know it all.
func (s *session) note(text string) {
	s.server.show(Event{Kind: ClientEvent, Client: s.client, Text: text})
}

// fault tells what a fault has done, and remembers it for the message.
func (s *session) fault(name, did string) {
	s.lock.Lock()
	if !slices.Contains(s.envelope.Faults, name) {
		s.envelope.Faults = append(s.envelope.Faults, name)
	}
	s.lock.Unlock()
	s.server.show(Event{Kind: FaultEvent, Client: s.client, Fault: name, Text: did})
}

// Mail takes the reverse path.
func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.server.pause()
	switch {
	case s.server.options.Auth && s.user == "":
		return reply(530, 5, 7, 0, "Sign in first") // RFC 4954 section 6
	case s.server.taken.Load():
		return reply(421, 4, 3, 2, "One message was all that was wanted")
	case s.server.options.Faults.Full:
		s.fault("full", "told <"+from+"> 452: no room for the message")
		return reply(452, 4, 3, 1, "Insufficient system storage")
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.envelope.From, s.envelope.Parameters = from, mailParameters(o)
	return nil
}

// Rcpt takes a recipient.
func (s *session) Rcpt(to string, o *smtp.RcptOptions) error {
	s.server.pause()
	s.lock.Lock()
	from, first := s.envelope.From, len(s.envelope.To)+s.refused == 0
	s.lock.Unlock()
	host, _, _ := net.SplitHostPort(s.client)
	faults := &s.server.options.Faults
	switch {
	case faults.refuses(to, first):
		s.refuse()
		s.fault("refuse", "told <"+to+"> 550: no such user")
		return reply(550, 5, 1, 1, "No such user here")
	case faults.Greylist && !s.server.greylist.known(host, from, to):
		s.refuse()
		s.fault("greylist", "told <"+to+"> 451: it is taken when it comes again")
		return reply(451, 4, 7, 1, "Greylisted, try again later")
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.envelope.To = append(s.envelope.To, Recipient{to, rcptParameters(o)})
	return nil
}

func (s *session) refuse() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.refused++
}

// Data takes the message, keeps it, and tells of it.
func (s *session) Data(r io.Reader) error {
	s.lock.Lock()
	m := s.envelope
	m.Client, m.Hello, m.TLS, m.User, m.Mechanism = s.client, s.hello, s.tls, s.user, s.mechanism
	s.lock.Unlock()
	spooled, err := spool(r)
	if err != nil {
		return s.failed(err)
	}
	defer spooled.Close()
	s.server.pause()
	if s.server.options.Once && s.server.taken.Swap(true) {
		return reply(421, 4, 3, 2, "One message was all that was wanted")
	}
	m.octets, m.Size, m.Time, m.Number = spooled, spooled.size, time.Now(), s.server.number.Add(1)
	if m.File, err = s.server.keep(&m); err != nil {
		s.server.taken.Store(false)
		return s.failed(err)
	}
	return s.answer(&m)
}

// answer tells of a message that is whole, and says what the client is told.
func (s *session) answer(m *Message) error {
	faults := &s.server.options.Faults
	m.Faults = slices.Clone(m.Faults)
	if faults.Drop {
		m.Faults = append(m.Faults, "drop")
	} else if faults.Reject {
		m.Faults = append(m.Faults, "reject")
	}
	s.server.show(Event{Kind: MessageEvent, Client: s.client, Message: m})
	s.lock.Lock()
	s.complete = true
	s.lock.Unlock()
	switch {
	case faults.Drop:
		s.fault("drop", "closed the connection without an answer")
		s.conn.Close()
	case faults.Reject:
		s.fault("reject", "told the client 554: the message is not wanted")
		return reply(554, 5, 7, 1, "Message refused by a filter")
	}
	return nil
}

// failed tells of a message that did not come whole, or could not be kept.
func (s *session) failed(err error) error {
	var refused *smtp.SMTPError
	switch {
	case errors.As(err, &refused):
		return err
	case errors.Is(err, smtp.ErrDataReset), errors.Is(err, io.ErrUnexpectedEOF):
		s.note("broke off in the middle of a message")
		return err
	}
	s.server.show(Event{Kind: ErrorEvent, Client: s.client, Text: err.Error()})
	return reply(451, 4, 3, 0, "The message can't be kept here")
}

// Reset forgets the message; behind a message it is called when the answer has left.
func (s *session) Reset() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.envelope, s.refused = Message{}, 0
	if s.complete && s.server.options.Once {
		select {
		case s.server.answered <- struct{}{}:
		default: // it is known
		}
	}
	s.complete = false
}

// Logout is the end of the connection, or of its part in clear.
func (s *session) Logout() error {
	s.note("ends the session")
	return nil
}
