package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"postern/backend"
	"postern/cmd/submission"
	"postern/message"
)

// session is -bs: SMTP on the standard streams. Each message goes the way of every other, and the client is told what
// its server said.
func (m *mailer) session(inv *invocation, name string, std streams) []error {
	host := fqdn()
	if host == "" {
		host = "localhost"
	}
	err := submission.Serve(untilInterrupted{m, std.in}, std.out, host, func(env *message.Envelope, msg *message.Message) submission.Reply {
		one := *inv
		one.sender, one.recipients, one.wishes, one.eightBit = &env.From, env.To, env.DSN.For, env.EightBit
		one.dsnReturn, one.dsnID = env.DSN.Return, env.DSN.ID
		statuses, errs := m.send(&one, m.plan(&one, msg), msg)
		m.wake(inv) // the session may last
		if len(errs) > 0 && !inv.quiet {
			report(std.err, name, errs) // for a person or a log; the client has the reply
		}
		return answer(statuses, errs)
	})
	switch {
	case m.interrupted:
		return []error{errInterrupted}
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return []error{dataError{errors.New("the client left in the middle of a message, which was not sent")}}
	}
	return []error{&message.ReadError{Err: err}}
}

// untilInterrupted is the client's side of a session, which ends with the send that a signal has ended.
type untilInterrupted struct {
	m  *mailer
	in io.Reader
}

func (u untilInterrupted) Read(p []byte) (int, error) {
	if u.m.interrupted {
		return 0, io.EOF
	}
	return u.in.Read(p)
}

// refuseSession tells a client why there is no session (RFC 5321 section 3.1).
func refuseSession(out io.Writer, err error) {
	fmt.Fprintf(out, "421 4.3.5 %s\r\n", oneLine(err.Error()))
}

// answer is the reply to the end of a message. A message that some have got and others haven't is refused, and the
// text says who has it: a client has to be told of the loss, and this is the only reply there is.
func answer(statuses []backend.Status, errs []error) submission.Reply {
	if len(errs) == 0 {
		return submission.Reply{Code: 250, Status: "2.0.0", Lines: serverWords(statuses)}
	}
	r := submission.Reply{Code: 451, Status: "4.3.0"}
	cause := deciding(errs)
	var send *backend.Error
	isReply := errors.As(cause, &send) && send.Code >= 400 && send.Code < 600 && send.Code != 421
	switch {
	case isReply && (send.Code/100 == 4) == transient(cause):
		r.Code, r.Status = send.Code, send.Status
	case transient(cause):
	default:
		r.Code, r.Status = 554, map[int]string{exNoUser: "5.1.1", exDataErr: "5.6.0", exNoPerm: "5.7.0", exConfig: "5.3.5"}[exitStatus(cause)]
		if r.Status == "" {
			r.Status = "5.0.0"
		}
	}
	for _, err := range errs {
		r.Lines = append(r.Lines, oneLine(err.Error()))
	}
	for _, s := range statuses {
		switch {
		case s.Err != nil:
		case strings.HasPrefix(s.Reply, keptAs):
			r.Lines = append(r.Lines, "kept in the queue for <"+s.Rcpt+">")
		default:
			r.Lines = append(r.Lines, "delivered to <"+s.Rcpt+">")
		}
	}
	return r
}

// transient tells whether an error of sending or before it goes away by itself.
func transient(err error) bool {
	var send *backend.Error
	if errors.As(err, &send) {
		return backend.Temporary(send)
	}
	return exitStatus(err) == exTempFail || exitStatus(err) == exIOErr || exitStatus(err) == exCantCreat
}

// serverWords are the texts of the replies that took the message, each once, without code and enhanced status code.
func serverWords(statuses []backend.Status) (lines []string) {
	said := map[string]bool{}
	for _, s := range statuses {
		text := s.Reply
		if code, rest, _ := strings.Cut(text, " "); isCode(code) {
			text = rest
		}
		if status, rest, _ := strings.Cut(text, " "); strings.HasPrefix(status, "2.") {
			text = rest
		}
		if text != "" && !said[text] {
			said[text] = true
			lines = append(lines, text)
		}
	}
	if len(lines) == 0 {
		return []string{"sent"}
	}
	return lines
}

func isCode(word string) bool {
	n, err := strconv.Atoi(word)
	return err == nil && n >= 200 && n < 600
}
