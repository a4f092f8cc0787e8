package smtp

import (
	"net"
	"slices"
	"time"

	"postern/backend"
)

const (
	// maxWindow and maxAhead bound what is on its way unanswered, in transactions and octets: enough to fill a long
	// line with small messages. All of it may come twice, if the connection is lost.
	maxWindow = 16
	maxAhead  = 256 << 10
	// maxIdle is how long a connection is kept ready for its message. A busy server gives up then, or sooner, and what
	// stands in between may forget it without a word.
	maxIdle = 10 * time.Second
)

var quitCommand = command{stage: stageQUIT, line: "QUIT"}

// pipelined tells whether commands leave before the replies to those before them (RFC 2920).
func (s *session) pipelined() bool { return s.offers.has("PIPELINING") && !s.stepwise }

// chunked tells whether messages leave by BDAT (RFC 3030).
func (s *session) chunked() bool { return s.offers.has("CHUNKING") && !s.stepwise }

// takesBinary tells whether lines may have any length, and NUL (RFC 3030 section 3).
func (s *session) takesBinary() bool { return s.offers.has("BINARYMIME") && s.chunked() }

// allOrNothing tells whether the refusal of one recipient is that of all.
func (s *session) allOrNothing() bool { return s.OnRefused == abort }

// run carries the letters of m, until there are none or the connection is of no more use. The QUIT leaves with the last
// message.
func (s *session) run(m *mailbag) {
	defer s.conn.close()
	var wire []*transaction // what is on its way, the oldest first
	for {
		if s.ctx.Err() != nil && len(wire) == 0 {
			return
		}
		if wire = s.fill(wire, m); len(wire) == 0 {
			s.farewell()
			return
		}
		t := wire[0]
		settles := s.mayHave(t)
		s.conn.settle(settles)
		if s.ctx.Err() != nil && !settles {
			s.conn.close()
		}
		r, err := s.conn.receive(t.stage())
		if err != nil {
			s.conn.close()
			t.lost(err, s.mayHave(t))
			s.scatter(wire, m, false)
			return
		}
		switch t.answer(r) {
		case over:
			s.carried++
			wire = wire[1:]
			if t.ahead && !t.stopped() && s.quitting && len(wire) == 0 {
				t.doubt()
				t.conclude()
				return
			}
			t.conclude()
		case broken:
			s.scatter(wire, m, r.code == 421)
			return
		}
	}
}

// fill launches what may leave now, as one flight; nothing, while the flight before it is still being written.
func (s *session) fill(wire []*transaction, m *mailbag) []*transaction {
	var f flight
	for !s.quitting && s.ctx.Err() == nil && s.conn.through(outstanding(wire)) {
		if n := len(wire); n > 0 {
			whole := wire[n-1].add(&f)
			if !whole || !s.pipelined() || m.more() && !s.mayFollow(wire) {
				break
			}
		}
		t := m.take(s)
		if t == nil {
			f.command(quitCommand)
			s.quitting = true
			break
		}
		wire = append(wire, t)
	}
	if len(f.parts) > 0 {
		s.idle = false
		s.conn.launch(f)
	}
	return wire
}

// mayFollow tells whether another transaction may leave behind those on the wire, before their last replies. The first
// one of a session has to show that the server keeps in step, by the replies to its envelope.
func (s *session) mayFollow(wire []*transaction) bool {
	ahead := int64(0)
	for _, t := range wire {
		ahead += t.msg.Size()
	}
	first := wire[0]
	return len(wire) < maxWindow && (len(wire) == 1 || ahead < maxAhead) && (s.carried > 0 || first.got == first.sent)
}

// outstanding is how many replies are to come to what was launched.
func outstanding(wire []*transaction) (n int) {
	for _, t := range wire {
		n += t.unanswered()
	}
	return n
}

// mayHave tells whether the server may have all of the oldest message on the wire.
func (s *session) mayHave(t *transaction) bool {
	return t.content && s.conn.mayHaveLeft(t.unanswered())
}

// scatter ends an exchange that can't go on, and finds for each transaction on the wire whether it is at its end or
// begins anew on another connection. goodbye tells that the server has said that it closes: then it takes nothing more,
// if it does close.
func (s *session) scatter(wire []*transaction, m *mailbag, goodbye bool) {
	gone := goodbye && slices.ContainsFunc(wire, func(t *transaction) bool { return t.content }) && s.conn.ends()
	s.conn.close() // first: what has left is known when the writer has ended
	ahead := 0
	for i, t := range wire {
		ahead += t.unanswered()
		// Without MAIL there is no transaction, and the message that has left with it is for nobody.
		turned := i == 0 && goodbye && t.got > 0 && t.got < t.sent && t.lines[t.got-1].stage == stageMAIL
		had := t.content && s.conn.mayHaveLeft(ahead) && !gone && !turned
		switch {
		case i > 0 && (had || s.ctx.Err() != nil):
			t.lost(net.ErrClosed, had)
			t.conclude()
		case i == 0 && t.forNobody():
			t.conclude()
		case i > 0, !had && s.stale(t, goodbye):
			t.again()
		case s.pipeliningBroke(t, had):
			s.conn.dialogue.note("%v: once more, a command at a time", t.failed)
			t.broke, m.stepwise = t.failed, true
			t.again()
		default:
			t.conclude()
		}
	}
}

// stale tells whether a connection that had served or waited before was of no more use when the transaction came: a
// server may close it at any time. A fresh one that fails in the same way is none.
func (s *session) stale(t *transaction, goodbye bool) bool {
	waited := s.prepared && (t.got == 0 || goodbye && t.got == 1) // no more than MAIL was answered
	served := s.carried > 0 && (t.got == 0 || goodbye && !t.replied)
	return (waited || served) && s.ctx.Err() == nil
}

// pipeliningBroke tells whether the first transaction of a session has failed in a way that it would not have without
// PIPELINING: the server did not answer all of its envelope, or out of step. had tells that it may have the message.
func (s *session) pipeliningBroke(t *transaction, had bool) bool {
	if !s.pipelined() || s.carried > 0 || s.ctx.Err() != nil || t.failed == nil || !t.waiting() {
		return false
	}
	unanswered := t.got < t.sent
	lost := t.failed.Code == 0 && (t.failed.Kind == backend.Again || t.failed.Kind == backend.Uncertain)
	return unanswered && lost || t.outOfStep() && !t.replied && (unanswered || !had)
}
