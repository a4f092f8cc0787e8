// Package submission is the server's side of SMTP (RFC 5321) on a pair of streams: what a program that runs
// "sendmail -bs" talks to. It takes messages and hands them on; it knows nothing of where they go, and has no limits
// on who may send, for the program at the other end is run by the user whose mail it is.
//
// A session, and the files that have its parts:
//
//	greeting ─► command ◄─┐          server.go: the doors, the table of commands
//	               ├──────┤          transaction.go: MAIL, RCPT; command.go takes their arguments apart
//	              DATA    │          data.go: the message up to the dot
//	              BDAT ───┘          bdat.go: the message in chunks (RFC 3030)
//
// Extensions: PIPELINING (RFC 2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), DSN (3461), ENHANCEDSTATUSCODES
// (2034), CHUNKING (3030).
package submission

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"postern/message"
)

const (
	// maxCommand bounds a command with its line end. RFC 5321 section 4.5.3.1.4 has 512; each extension adds to it,
	// and programs send longer addresses.
	maxCommand = 4096
	// maxRecipients bounds what a session keeps in memory. RFC 5321 section 4.5.3.1.8 asks for 100 at least.
	maxRecipients = 100000
	// readBuffer is how much of the input is read together.
	readBuffer = 64 << 10
)

// Deliver takes one message to its recipients and gives the reply to the end of its data.
type Deliver func(env *message.Envelope, msg *message.Message) Reply

// Serve greets the client, which sees host as the server's name, and does what it says until it quits or is gone.
// Each message that arrives whole goes to deliver. The error is a failure to read or to write;
// io.ErrUnexpectedEOF is an end of the input in the middle of a message.
func Serve(r io.Reader, w io.Writer, host string, deliver Deliver) error {
	out := bufio.NewWriter(w)
	s := &server{r: bufio.NewReaderSize(&input{r, out}, readBuffer), w: out, host: host, deliver: deliver}
	err := s.session()
	unsent := s.w.Flush()
	switch {
	case errors.Is(err, io.EOF):
		return unsent
	case err != nil || s.quit: // who has said QUIT may be gone: not every client waits for the 221
		return err
	}
	return unsent
}

// input has the replies leave before anybody waits for the client, and not earlier: those to commands that came
// together go together (RFC 2920 section 3.2).
type input struct {
	r   io.Reader
	out *bufio.Writer
}

func (i *input) Read(p []byte) (int, error) {
	if err := i.out.Flush(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// server is one session.
type server struct {
	r       *bufio.Reader
	w       *bufio.Writer
	host    string
	deliver Deliver
	quit    bool // the session ends with the reply to this command
	mail    *transaction
}

func (s *server) session() error {
	if err := s.reply(Reply{220, "", []string{s.host + " ESMTP postern"}}); err != nil {
		return err
	}
	for !s.quit {
		c, err := s.command()
		if err != nil {
			return err
		}
		r, err := s.run(c)
		if err != nil {
			return err
		}
		if err := s.reply(r); err != nil {
			return err
		}
	}
	return nil
}

// command is a line of the client's.
type command struct {
	verb   string // in capitals
	arg    string
	bareLF bool // the line ended without a carriage return
}

// command is the door in: it reads the next command. A line that can't be one is answered here. At the end of the
// input the error is io.EOF; a line that the end cuts off is no command.
func (s *server) command() (command, error) {
	for {
		line, err := s.r.ReadSlice('\n')
		tooLong := len(line) > maxCommand
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = s.r.ReadSlice('\n')
		}
		if err != nil {
			return command{}, err
		}
		line, crlf := cutLineEnd(line)
		switch text := string(line); {
		case tooLong:
			err = s.reply(Reply{500, "5.5.2", []string{"the line is too long"}})
		case strings.ContainsFunc(text, isControl):
			err = s.reply(Reply{500, "5.5.2", []string{"a control character in the command"}})
		case !utf8.ValidString(text):
			err = s.reply(Reply{500, "5.5.2", []string{"octets in the command that are not UTF-8"}})
		default:
			verb, arg := cutWord(text)
			return command{strings.ToUpper(verb), arg, !crlf}, nil
		}
		if err != nil {
			return command{}, err
		}
	}
}

func cutLineEnd(line []byte) (text []byte, crlf bool) {
	text = line[:len(line)-1]
	if n := len(text); n > 0 && text[n-1] == '\r' {
		return text[:n-1], true
	}
	return text, false
}

// isControl tells which characters no command has. A tab is taken for a space.
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// reply is the door out. What it writes leaves when the client is waited for.
func (s *server) reply(r Reply) error {
	_, err := s.w.WriteString(r.wire())
	return err
}

// run does what a command says and gives the reply to it.
func (s *server) run(c command) (Reply, error) {
	for _, known := range commands {
		if known.verb == c.verb {
			return known.run(s, c)
		}
	}
	return Reply{500, "5.5.1", []string{"unknown command"}}, nil
}

// commands are all that are known.
var commands = []struct {
	verb string
	run  func(*server, command) (Reply, error)
}{
	{"EHLO", (*server).runEHLO},
	{"HELO", (*server).runHELO},
	{"MAIL", (*server).runMAIL},
	{"RCPT", (*server).runRCPT},
	{"DATA", (*server).runDATA},
	{"BDAT", (*server).runBDAT},
	{"RSET", (*server).runRSET},
	{"QUIT", (*server).runQUIT},
	{"NOOP", says(Reply{250, "2.0.0", []string{"ok"}})},
	{"VRFY", says(Reply{252, "2.0.0", []string{"send some mail, and see"}})}, // RFC 5321 section 3.5.3
	{"EXPN", says(Reply{502, "5.5.1", []string{"there are no lists here"}})},
	{"HELP", says(Reply{214, "2.0.0", []string{"EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"}})},
	{"VERB", says(Reply{250, "2.0.0", []string{"ok, though there is nothing more to tell"}})}, // of sendmail's, as is ONEX
	{"ONEX", says(Reply{250, "2.0.0", []string{"ok"}})},
}

// says makes a command that has its reply and does nothing.
func says(r Reply) func(*server, command) (Reply, error) {
	return func(*server, command) (Reply, error) { return r, nil }
}

func (s *server) runEHLO(c command) (Reply, error) {
	if c.arg == "" {
		return Reply{501, "5.5.4", []string{"EHLO needs a name"}}, nil
	}
	s.mail = nil // RFC 5321 section 4.1.4
	return Reply{250, "", []string{
		s.host,
		"PIPELINING",
		"SIZE 0", // no fixed maximum (RFC 1870 section 3)
		"8BITMIME",
		"SMTPUTF8",
		"DSN",
		"ENHANCEDSTATUSCODES",
		"CHUNKING",
		"HELP",
	}}, nil
}

func (s *server) runHELO(c command) (Reply, error) {
	if c.arg == "" {
		return Reply{501, "5.5.4", []string{"HELO needs a name"}}, nil
	}
	s.mail = nil
	return Reply{250, "", []string{s.host}}, nil
}

func (s *server) runRSET(command) (Reply, error) {
	s.mail = nil
	return Reply{250, "2.0.0", []string{"ok"}}, nil
}

func (s *server) runQUIT(command) (Reply, error) {
	s.quit = true
	return Reply{221, "2.0.0", []string{"bye"}}, nil
}
