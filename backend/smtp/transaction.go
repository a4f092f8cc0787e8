package smtp

import (
	"io"
	"slices"

	"postern/backend"
)

// maxRisk is how large a message may be that leaves as one chunk together with its envelope, where some of its
// recipients may be refused: less than what a round trip is worth.
const maxRisk = 64 << 10

// transaction is one message on its way to some of its recipients (RFC 5321 section 3.3):
//
//	[RSET] ─► MAIL ─► RCPT… ─┬─► DATA 354 ─► message, dot ─┬─► 250 (LMTP: one for each recipient)
//	                         └─► BDAT n LAST, message ─────┘
//
// add says what may leave, answer what a reply comes to; neither waits for anything.
type transaction struct {
	*letter
	rcpts []int     // its recipients, by their place in Env.To
	lines []command // the envelope's commands, and DATA
	sent  int       // how many of lines have been launched
	got   int       // how many of them are answered

	offered int            // the recipients that are answered
	heard   bool           // all of them are
	taken   []int          // those that the server accepts
	surplus []surplus      // those that were too many
	content bool           // the message has been launched
	ahead   bool           // and was before its envelope was answered
	replied bool           // a reply to it has come
	finals  int            // replies to it that are to come
	failed  *backend.Error // the fate of all in rcpts that have none of their own
}

// surplus is a recipient beyond what the server takes in a transaction, and what it said.
type surplus struct {
	rcpt    int
	refusal *backend.Error
}

// verdict is what an answer comes to.
type verdict int

const (
	going  verdict = iota // more answers are to come
	over                  // the transaction is at its end, and the server waits for the next command
	broken                // the connection is of no more use
)

// begin makes the commands.
func (t *transaction) begin() {
	if t.session.dirty {
		t.lines = append(t.lines, command{stage: stageRSET, line: "RSET"})
	}
	t.lines = append(t.lines, t.mail)
	for _, i := range t.rcpts {
		t.lines = append(t.lines, t.rcptCommand(i))
	}
	if !t.session.chunked() {
		t.lines = append(t.lines, command{stage: stageDATA, line: "DATA"})
	}
	t.session.latest, t.session.dirty = t, true
}

// add adds to a flight what may leave now. whole tells that nothing more of the transaction is to leave.
func (t *transaction) add(f *flight) (whole bool) {
	for t.sent < len(t.lines) && !t.stopped() && (t.session.pipelined() || t.sent == t.got) {
		f.command(t.lines[t.sent])
		t.sent++
	}
	answered := t.sent == t.got
	switch {
	case t.content, answered && t.stopped():
		return true
	case t.sent < len(t.lines), !answered && !t.risky():
		return false
	}
	t.content, t.ahead, t.finals = true, !answered, 1
	if t.session.lmtp {
		t.finals = len(t.taken) // RFC 2033 section 4.2
	}
	if t.session.chunked() {
		f.chunk(t.message(), t.msg.Size(), t.finals)
	} else {
		f.data(t.message(), t.msg.Size(), t.finals)
		t.session.dirty = false // whatever becomes of the message, the dot ends the transaction
	}
	return true
}

// message is what leaves, and whoever looks on is told of it as it does.
func (t *transaction) message() io.Reader {
	content := t.msg.Open()
	if t.session.surrounding.Progress == nil {
		return content
	}
	return watched{content, t.session.surrounding.Progress(t.msg.Size())}
}

// watched is a reader whose octets are told of.
type watched struct {
	io.Reader
	more func(octets int)
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.more(n)
	}
	return n, err
}

// risky tells whether the message leaves with its envelope, before it is known who is accepted (RFC 3030 section 4.2):
// where it is small, or where the refusal of its one recipient stops it. All or nothing, and LMTP's number of replies,
// have to wait for the answers.
func (t *transaction) risky() bool {
	if !t.session.chunked() || !t.session.pipelined() || t.session.lmtp {
		return false
	}
	return len(t.rcpts) == 1 || t.msg.Size() <= maxRisk && !t.session.allOrNothing()
}

// stopped tells that the message is for nobody: the envelope was refused, or every recipient.
func (t *transaction) stopped() bool {
	return t.failed != nil || t.heard && len(t.taken) == 0
}

// forNobody tells that a recipient was refused where that is the refusal of all: the others are not offered again.
func (t *transaction) forNobody() bool {
	return t.session.allOrNothing() && slices.ContainsFunc(t.rcpts, func(i int) bool { return t.known[i] && t.statuses[i].Err != nil })
}

// stage is what the server is to answer next.
func (t *transaction) stage() stage {
	if t.got < t.sent {
		return t.lines[t.got].stage
	}
	return stageDot
}

// unanswered is how many replies to what was launched are to come.
func (t *transaction) unanswered() int { return t.sent - t.got + t.finals }

// answer takes the reply to what stage says.
func (t *transaction) answer(r reply) verdict {
	if t.got < t.sent {
		cmd := t.lines[t.got]
		t.got++
		if !t.answerEnvelope(cmd, r) {
			return broken
		}
	} else {
		t.answerMessage(r)
	}
	switch {
	case r.code == 421:
		return broken
	case t.outOfStep():
		return broken
	case t.content && t.stopped() && t.session.conn.busy(): // what is still leaving is for nobody
		return broken
	case t.unanswered() == 0 && (t.content || t.stopped()):
		return over
	}
	return going
}

// outOfStep tells that the server has answered with what nothing in the protocol leads to.
func (t *transaction) outOfStep() bool {
	return t.failed != nil && (t.failed.Kind == backend.Protocol || t.replied && t.failed.Kind == backend.Uncertain)
}

// answerEnvelope takes the reply to a command. ok is false where the connection must not be used any more.
func (t *transaction) answerEnvelope(cmd command, r reply) (ok bool) {
	if r.code == 421 { // the server closes after it, whatever was asked (RFC 5321 section 3.8)
		t.fail(t.session.refusal(cmd.stage.name, backend.Again, r))
		return false
	}
	switch cmd.stage {
	case stageRSET:
		if !r.positive() {
			t.fail(t.session.refusal(cmd.stage.name, backend.Again, r))
		}
	case stageMAIL:
		if !r.positive() {
			t.fail(t.session.refusal("MAIL FROM:<"+t.Env.From+">", backend.Refused, r))
			t.clean()
		}
	case stageRCPT:
		t.answerRCPT(r)
	case stageDATA:
		switch {
		case r.code == 354 && t.stopped():
			// The server wants a message for nobody. RFC 2920 section 3.1 has clients send an empty one; closing
			// sends none at all, and can't be taken for one.
			return false
		case r.code != 354 && !t.stopped():
			t.fail(t.session.refusal(cmd.stage.name, backend.Refused, r))
		}
	}
	return true
}

// fail notes the fate of those that have none of their own. The first failure counts: in a flight the later ones follow
// from it.
func (t *transaction) fail(err *backend.Error) {
	if t.failed == nil {
		t.failed = err
	}
}

// clean notes that the server has no transaction open.
func (t *transaction) clean() {
	if t.session.latest == t {
		t.session.dirty = false
	}
}
