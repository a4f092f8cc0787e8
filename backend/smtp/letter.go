package smtp

import (
	"fmt"
	"slices"

	"postern/backend"
	"postern/message"
)

// letter is a message with its envelope on its way to the server, in one transaction or several.
type letter struct {
	*backend.Item
	statuses []backend.Status
	known    []bool // which recipients have their fate
	todo     []int  // the recipients that are to be offered yet, by their place in Env.To
	open     int    // transactions on the wire
	ended    bool
	broke    *backend.Error // why it goes out again without PIPELINING, which happens once

	// What this session makes of it.
	session *session
	from    path
	to      []path // of each recipient
	msg     *message.Message
	utf8    bool // MAIL declares SMTPUTF8
	mail    command
}

func newLetter(item *backend.Item) *letter {
	l := &letter{Item: item, statuses: make([]backend.Status, len(item.Env.To)), known: make([]bool, len(item.Env.To))}
	for i, to := range item.Env.To {
		l.statuses[i].Rcpt = to
		l.todo = append(l.todo, i)
	}
	return l
}

// prepare makes the letter ready for a session: what stands in its commands, and the message as the server takes it.
// An error is the fate of all that are left.
func (l *letter) prepare(s *session) *backend.Error {
	if l.session == s {
		return nil
	}
	l.giveBack()
	l.session, l.to = s, make([]path, len(l.Env.To))
	var err *backend.Error
	if l.from, err = s.path("envelope sender", l.Env.From); err != nil {
		return err
	}
	var refused *backend.Error
	l.todo = slices.DeleteFunc(l.todo, func(i int) bool {
		if l.to[i], err = s.path("recipient", l.Env.To[i]); err != nil {
			refused = err
			l.settle(i, "", err)
		}
		return err != nil
	})
	switch {
	case refused != nil && s.allOrNothing():
		return withTheOthers(refused)
	case len(l.todo) == 0:
		return nil
	}
	if err = l.fit(); err != nil {
		return err
	}
	if l.msg.HasNUL() && !s.chunked() {
		return s.lacks(stageMAIL, "the message has NUL in a part that must not be changed; only CHUNKING can carry it, and the server does not offer it")
	}
	if l.mail, err = l.mailCommand(); err != nil {
		return err
	}
	if now, later := s.limits.portion(l.todo, l.Env.To); len(later) > 0 && s.allOrNothing() {
		return s.lacks(stageRCPT, fmt.Sprintf("the server takes %d of the %d recipients at a time, and on_refused = %q",
			len(now), len(l.todo), abort))
	}
	return nil
}

// transaction takes the recipients for the next transaction: as many as the server takes in one.
func (l *letter) transaction(s *session) *transaction {
	t := &transaction{letter: l}
	limits := s.limits
	if !s.allOrNothing() {
		limits.rcpts = least(limits.rcpts, s.most)
		if limits.rcpts == 0 {
			limits.rcpts = maxRcpts
		}
	}
	t.rcpts, l.todo = limits.portion(l.todo, l.Env.To)
	l.open++
	t.begin()
	return t
}

// settle gives a recipient its fate.
func (l *letter) settle(i int, reply string, err *backend.Error) {
	l.known[i] = true
	if err != nil { // a nil *Error is no nil error
		if l.broke != nil && l.broke.Kind == backend.Uncertain && err.Kind != backend.Uncertain {
			err = after(l.broke, err) // what is refused now may have been delivered before
		}
		l.statuses[i].Err = err
		return
	}
	st := &l.statuses[i]
	st.Reply, st.Server, st.TLS, st.Reports = reply, l.session.Host, l.session.tls, l.session.offers.has("DSN")
}

// finish tells the fates, once all recipients have theirs.
func (l *letter) finish() {
	if len(l.todo) == 0 && l.open == 0 {
		l.end(nil)
	}
}

// giveUp gives all that are left one fate; where nobody has one yet, it is that of the whole letter.
func (l *letter) giveUp(err *backend.Error) {
	if l.broke != nil {
		err = after(l.broke, err)
	}
	if !slices.Contains(l.known, true) && l.open == 0 {
		l.todo = nil
		l.end(err)
		return
	}
	for _, i := range l.todo {
		l.settle(i, "", err)
	}
	l.todo = nil
	l.finish()
}

// end tells what has become of the letter.
func (l *letter) end(err *backend.Error) {
	l.giveBack()
	l.ended = true
	if err != nil { // a nil *Error is no nil error
		l.Done(nil, err)
		return
	}
	l.Done(l.statuses, nil)
}

// giveBack closes what the session has made of the message.
func (l *letter) giveBack() {
	if l.msg != nil && l.msg != l.Msg {
		l.msg.Close()
	}
	l.msg = nil
}
