package smtp

import (
	"errors"

	"postern/backend"
	"postern/message"
)

// maxFlight is how many commands go out before their replies are read. The replies to this many fit any receive
// buffer, so that neither side can wait for the other to read.
const maxFlight = 100

// transaction is one message on its way (RFC 5321 section 3.3).
type transaction struct {
	*session
	env      *message.Envelope
	from     path
	to       []path // of each recipient
	statuses []backend.Status
	offered  []int // the recipients that the server is asked about, by their place in env.To
	answered int   // how many of those it has answered
	taken    int   // how many it accepted
}

// transact hands the message over, and gives each recipient its fate.
func (s *session) transact(env *message.Envelope, msg *message.Message) ([]backend.Status, *backend.Error) {
	t := &transaction{session: s, env: env, statuses: make([]backend.Status, len(env.To))}
	var err *backend.Error
	if t.from, err = t.path("envelope sender", env.From); err != nil {
		return nil, err
	}
	t.to = make([]path, len(env.To))
	for i, to := range env.To {
		t.statuses[i].Rcpt = to
		if t.to[i], err = t.path("recipient", to); err != nil {
			t.statuses[i].Err = err
			continue
		}
		t.offered = append(t.offered, i)
	}
	if len(t.offered) == 0 {
		return t.statuses, nil
	}
	converted, err := t.fit(msg)
	if err != nil {
		return nil, err
	}
	if converted != msg {
		defer converted.Close()
		msg = converted
	}
	mail, err := t.mailCommand(msg)
	if err != nil {
		return nil, err
	}
	ready, err := t.envelope(mail)
	var r reply
	if ready {
		r, err = t.content(msg)
	}
	backend.Settle(t.statuses, r.String(), err) // those that weren't offered have their fate
	return t.statuses, nil
}

// envelope sends MAIL, RCPT and DATA. ready tells that the server waits for the body; if it is false without an error,
// every recipient was refused.
func (t *transaction) envelope(mail command) (ready bool, _ *backend.Error) {
	commands := []command{mail}
	for _, i := range t.offered {
		commands = append(commands, t.rcptCommand(i))
	}
	commands = append(commands, command{stage: stageDATA, line: "DATA"})
	flight := 1
	if t.offers.has("PIPELINING") {
		flight = maxFlight
	}
	for len(commands) > 0 {
		now := commands[:min(flight, len(commands))]
		commands = commands[len(now):]
		if now[0].stage == stageDATA && t.taken == 0 {
			return false, nil
		}
		t.idle = false
		if err := t.conn.send(now...); err != nil {
			return false, t.failure(now[0].stage, err)
		}
		var failed *backend.Error
		for _, cmd := range now {
			r, err := t.conn.receive(cmd.stage)
			if err != nil {
				return false, first(failed, t.failure(cmd.stage, err))
			}
			switch {
			case r.code == 421: // the server closes, whatever else was asked
				return false, first(failed, t.refusal(cmd.stage.name, backend.Again, r))
			case cmd.stage == stageMAIL:
				failed = t.answerMAIL(r)
			case cmd.stage == stageRCPT && failed == nil:
				failed = t.answerRCPT(r)
			case cmd.stage == stageRCPT: // it has no say any more
			case r.code == 354 && (failed != nil || t.taken == 0):
				// The server wants a message for nobody. RFC 2920 section 3.1 has clients send an empty one; closing
				// sends none at all, and can't be taken for one.
				return false, failed
			case r.code == 354:
				return true, nil
			case t.taken > 0:
				failed = first(failed, t.refusal(stageDATA.name, backend.Refused, r))
			}
		}
		t.idle = true
		if failed != nil {
			return false, failed
		}
	}
	return false, nil
}

// first is the error that came first: in a flight the later ones follow from it.
func first(a, b *backend.Error) *backend.Error {
	if a != nil {
		return a
	}
	return b
}

func (t *transaction) answerMAIL(r reply) *backend.Error {
	if r.positive() {
		return nil
	}
	return t.refusal("MAIL FROM:<"+t.env.From+">", backend.Refused, r)
}

// answerRCPT notes the fate of the next recipient. 552 is what old servers say for too many recipients, and means 452
// (RFC 5321 section 4.5.3.1.10).
func (t *transaction) answerRCPT(r reply) *backend.Error {
	status := &t.statuses[t.offered[t.answered]]
	t.answered++
	if r.positive() {
		t.taken++
		return nil
	}
	e := t.refusal("RCPT TO:<"+status.Rcpt+">", backend.NoRecipient, r)
	switch {
	case e.Kind == backend.Protocol:
		return e
	case r.code == 552:
		e.Kind = backend.Again
	}
	status.Err = e
	return nil
}

// content sends the message, the final dot and QUIT, and gives the positive reply to it. A server that refuses in the
// middle of the body and closes has said why before: that reply is the cause, not the write that failed.
func (t *transaction) content(msg *message.Message) (reply, *backend.Error) {
	// QUIT may share the flight with the end of the body (RFC 2920 section 3.1).
	pipelined := t.offers.has("PIPELINING")
	complete, lost := t.conn.sendBody(msg.Open(), msg.Size(), pipelined)
	var unread readError
	var early unasked
	if errors.As(lost, &unread) || errors.As(lost, &early) {
		return reply{}, t.failure(stageBody, lost)
	}
	answering := stageDot
	if lost != nil {
		answering = stageLate
	}
	r, err := t.conn.receive(answering)
	switch {
	case err != nil && !complete:
		return r, t.failure(stageBody, lost)
	case err != nil:
		return r, t.uncertain(err)
	case !complete: // also a positive reply: it is none to a message whose end has not left
		return r, t.refusal(stageBody.name, backend.Refused, r)
	}
	t.idle = !pipelined && lost == nil && r.code != 421
	if pipelined && t.conn.dialogue.watched() {
		_, _ = t.conn.receive(stageQUIT)
	}
	if !r.positive() {
		return r, t.refusal(stageDot.name, backend.Refused, r)
	}
	return r, nil
}

// uncertain is the failure after the point of no return: the server has the whole message, or may have it.
func (t *transaction) uncertain(err error) *backend.Error {
	e := t.failure(stageDot, err)
	e.Kind, e.Text = backend.Uncertain, "the message may have been delivered"
	return e
}
