package smtp

import (
	"errors"
	"slices"

	"postern/backend"
)

// mayBeThere is said of a message whose fate nobody can tell.
const mayBeThere = "the message may have been delivered"

// answerRCPT notes what the server says of the next recipient.
func (t *transaction) answerRCPT(r reply) {
	i := t.rcpts[t.offered]
	t.offered++
	switch {
	case t.failed != nil: // MAIL was refused: it has no say any more
	case r.positive():
		t.taken = append(t.taken, i)
	default:
		t.refuse(i, r)
	}
	if t.offered == len(t.rcpts) {
		t.heard = true
		t.postpone()
	}
}

// refuse notes the refusal of a recipient.
func (t *transaction) refuse(i int, r reply) {
	err := t.session.refusal("RCPT TO:<"+t.Env.To[i]+">", recipientKind(r), r)
	if err.Kind == backend.Protocol {
		t.fail(err)
		return
	}
	if tooMany(r) && !t.session.allOrNothing() {
		t.surplus = append(t.surplus, surplus{i, err})
		return
	}
	t.settle(i, "", err)
	if t.session.allOrNothing() {
		t.fail(withTheOthers(err))
	}
}

// recipientKind is what a refusal of a recipient is, unless it is for now.
func recipientKind(r reply) backend.Kind {
	if r.code == 552 { // RFC 5321 section 4.5.3.1.10
		return backend.Again
	}
	return backend.NoRecipient
}

// tooMany tells whether a refusal may be about the number of recipients: 452, and 552 as old servers say it (RFC 5321
// section 4.5.3.1.10), without an enhanced status code or with X.5.3 (RFC 3463 section 3.6).
func tooMany(r reply) bool {
	return (r.code == 452 || r.code == 552) && (r.status == "" || r.status[1:] == ".5.3")
}

// withTheOthers is the fate of those that were not refused where on_refused = "abort".
func withTheOthers(refused *backend.Error) *backend.Error {
	err := &backend.Error{
		Kind: refused.Kind, Server: refused.Server, TLS: refused.TLS, Stage: refused.Stage,
		Text: "refused, so that nobody gets the message (on_refused = \"abort\")",
	}
	if backend.Temporary(refused) {
		err.Kind = backend.Again
	}
	return err
}

// postpone has those that were too many wait for the next transactions, if this one is for anybody; else what the server
// has said is their fate. It doesn't say how many it takes, but it has shown it.
func (t *transaction) postpone() {
	if t.failed != nil || len(t.surplus) == 0 {
		return // together with the others
	}
	if len(t.taken) == 0 {
		for _, s := range t.surplus {
			t.settle(s.rcpt, "", s.refusal)
		}
		return
	}
	t.session.most = len(t.taken)
	later := map[int]bool{}
	for _, s := range t.surplus {
		later[s.rcpt] = true
		t.todo = append(t.todo, s.rcpt)
	}
	t.rcpts = slices.DeleteFunc(t.rcpts, func(i int) bool { return later[i] })
}

// answerMessage takes a reply to the message: for LMTP it is about one recipient, else about all.
func (t *transaction) answerMessage(r reply) {
	about := t.taken
	if t.session.lmtp {
		about = about[len(about)-t.finals:][:1]
	}
	t.finals--
	t.replied = true
	if t.stopped() {
		return
	}
	var err *backend.Error
	if !r.positive() {
		err = t.session.refusal(stageDot.name, backend.Refused, r)
		if err.Kind == backend.Protocol { // it is no answer, and which one the message has got nobody knows
			err.Kind, err.Err = backend.Uncertain, errors.New("an unexpected reply: "+mayBeThere)
		}
	} else if lost := t.session.conn.sent(); lost != nil {
		t.fail(t.session.failure(stageBody, lost))
		return
	} else {
		t.clean()
	}
	for _, i := range about {
		t.settle(i, r.String(), err)
	}
	if err != nil && (err.Kind == backend.Uncertain || r.code == 421) { // no more replies are to come, or none to rely on
		unheard := *err
		unheard.Kind = backend.Uncertain
		t.fail(&unheard)
	}
}

// doubt looks at the answer to QUIT, where the message has left before its envelope was answered. All good replies look
// alike there: a server that has answered the envelope once too often would have its refusal of the message overlooked.
func (t *transaction) doubt() {
	r, err := t.session.conn.receive(stageLate)
	if err != nil || r.code/100 < 4 || r.code == 421 {
		return
	}
	failed := &backend.Error{
		Kind: backend.Uncertain, Server: t.session.Host, TLS: t.session.tls, Stage: stageQUIT.name, Code: r.code, Status: r.status,
		Text: r.text(), Err: errors.New("out of step: the message may have been delivered, or refused"),
	}
	for _, i := range t.taken {
		if status := &t.statuses[i]; status.Err == nil {
			*status = backend.Status{Rcpt: status.Rcpt, Err: failed}
		}
	}
}

// lost notes that the connection has failed. Once all of the message may have left, the server may have it (RFC 5321
// section 4.2.5).
func (t *transaction) lost(err error, mayHaveIt bool) {
	st := t.stage()
	if t.content && t.got == t.sent && !mayHaveIt {
		st = stageBody
	}
	failed := t.session.failure(st, err)
	if mayHaveIt {
		failed.Kind, failed.Text = backend.Uncertain, mayBeThere
	}
	t.fail(failed)
}

// waiting tells whether some of the recipients have no fate yet.
func (t *transaction) waiting() bool {
	return slices.ContainsFunc(t.rcpts, func(i int) bool { return !t.known[i] })
}

// again has those that have no fate yet offered once more, in another transaction.
func (t *transaction) again() {
	var rest []int
	for _, i := range t.rcpts {
		if !t.known[i] {
			rest = append(rest, i)
		}
	}
	t.todo = append(rest, t.todo...)
	t.open--
	t.finish()
}

// conclude gives all that have no fate yet the common one.
func (t *transaction) conclude() {
	switch {
	case t.failed == nil: // those that an answer was to settle have none
		t.failed = &backend.Error{Kind: backend.Uncertain, Server: t.session.Host, TLS: t.session.tls, Stage: stageDot.name, Text: mayBeThere}
	case t.broke != nil:
		t.failed = after(t.broke, t.failed)
	}
	for _, i := range t.rcpts {
		if !t.known[i] {
			t.settle(i, "", t.failed)
		}
	}
	t.open--
	t.finish()
}
