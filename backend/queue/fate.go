package queue

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"postern/backend"
	"postern/message"
)

// envelope is the envelope for the recipients that are left. What the terms say in time from when the message came has
// been running since.
func (c *Claimed) envelope(now time.Time) message.Envelope {
	env := c.Record.Envelope
	all, wishes := env.To, env.DSN.For
	env.To, env.DSN.For = nil, nil
	for _, i := range c.State.Left {
		env.To = append(env.To, all[i])
		if i < len(wishes) {
			env.DSN.For = append(env.DSN.For, wishes[i])
		}
	}
	age := max(now.Sub(c.Record.Time), 0).Truncate(time.Second)
	env.Terms.HoldFor = max(env.Terms.HoldFor-age, 0)
	if within := env.Terms.DeliverBy.Within; within > 0 {
		env.Terms.DeliverBy.Within = max(within-age, time.Second)
	}
	return env
}

// errLate is the fate of a message that was to come back if it could not be delivered in time (RFC 2852 section 4).
var errLate = &backend.Error{Kind: backend.Refused, Status: "5.4.7", Text: "not delivered within the time that was given for it"}

// late tells whether the time for a message that is to come back then has run out.
func (c *Claimed) late(now time.Time) bool {
	by := c.Record.Envelope.Terms.DeliverBy
	return by.Within > 0 && by.Return && now.Sub(c.Record.Time) >= by.Within
}

// GaveUpError is the fate of a recipient that was tried for too long.
type GaveUpError struct {
	After time.Duration
	Err   error // of the latest try
}

func (e *GaveUpError) Error() string { return fmt.Sprintf("given up after %v: %v", e.After, e.Err) }

func (e *GaveUpError) Unwrap() error { return e.Err }

// settle writes down what has become of a message, tells its sender, and gives it back. failed is the fate of all
// recipients, or nil.
func (r *run) settle(c *Claimed, statuses []backend.Status, failed error) {
	var uncertain *backend.Error
	if errors.As(failed, &uncertain) && uncertain.Kind != backend.Uncertain {
		uncertain = nil
	}
	if failed != nil && r.ctx.Err() != nil && uncertain == nil { // broken off by us: it counts as untried
		c.Release()
		return
	}
	o, st := r.judge(c, statuses, failed)
	st.Uncertain = uncertain != nil
	if err := r.report(c, &o, &st); err != nil {
		r.untold(c, &o, &st, err)
	}
	copied := r.toCopy(c, &o, &st)
	if err := r.finish(c, st); err != nil {
		o.Err = err
	}
	r.copier.add(o.Account, copied)
	r.tell(o)
}

// judge works out the fates, and the state that comes of them.
func (r *run) judge(c *Claimed, statuses []backend.Status, failed error) (Outcome, State) {
	now := r.Spool.now()
	age := now.Sub(c.Record.Since())
	o := Outcome{ID: c.ID, Begun: c.begun, Account: c.Record.Account, Record: c.Record, Err: failed}
	st := c.State
	st.Tries++
	st.Left, st.Error = nil, ""
	for n, i := range c.State.Left {
		s := backend.Status{Rcpt: c.Record.Envelope.To[i], Err: failed}
		if failed == nil {
			s = statuses[n]
		}
		switch {
		case s.Err == nil:
			o.Taken = append(o.Taken, s)
		case backend.Temporary(s.Err) && !(r.tooOld(c.Record.Since()) && (c.hopeless || st.Tries >= minTries)):
			st.Left, st.Error = append(st.Left, i), s.Err.Error()
			o.Left = append(o.Left, s)
		default:
			if backend.Temporary(s.Err) {
				s.Err = &GaveUpError{age.Round(time.Minute), s.Err}
			}
			o.Failed, o.failed = append(o.Failed, s), append(o.failed, i)
			st.Failures = append(st.Failures, Failure{i, s.Err.Error()})
		}
	}
	if len(st.Left) > 0 {
		st.Due = now.Add(r.Policy.Pause(st.Tries))
		o.Due = st.Due
		r.later(st.Due)
		o.Delayed = r.Policy.WarnAfter > 0 && !st.Warned && age >= r.Policy.WarnAfter
		st.Warned = st.Warned || o.Delayed
	}
	return o, st
}

// report tells the sender. Those who were given up, and that somebody was told of, need not be kept.
func (r *run) report(c *Claimed, o *Outcome, st *State) error {
	if len(o.Failed) == 0 && !o.Delayed && !c.wantsSuccess() {
		return nil
	}
	if r.Report == nil {
		o.Kept = len(o.Failed) > 0
		return nil
	}
	msg, err := c.Message()
	if err != nil {
		return err
	}
	record, about, kept, err := r.Report(*o, msg)
	if err != nil {
		return err
	}
	if about != nil {
		defer about.Close()
		if _, err := r.Spool.Put(*record, about); err != nil {
			return err
		}
		r.later(r.Spool.now())
	}
	if o.Kept = kept; !kept {
		st.Failures = c.State.Failures
	}
	return nil
}

// wantsSuccess tells whether the sender may want to hear of what went well.
func (c *Claimed) wantsSuccess() bool {
	return slices.ContainsFunc(c.Record.Envelope.DSN.For, func(w message.Wish) bool { return w.Wants(message.Relayed) })
}

// untold has those who were given up, and whose sender can't be told now, left: they will be refused once more. Whoever has the
// message must not get it once more.
func (r *run) untold(c *Claimed, o *Outcome, st *State, err error) {
	st.Failures = c.State.Failures
	for i, s := range o.Failed {
		st.Left = append(st.Left, o.failed[i])
		s.Err = fmt.Errorf("%v; its sender can't be told yet: %w", s.Err, err)
		o.Left, st.Error = append(o.Left, s), s.Err.Error()
	}
	o.Failed, o.failed = nil, nil
	if o.Delayed { // the next try tells
		o.Delayed, st.Warned = false, false
	}
	st.Due = r.Spool.now().Add(r.Policy.Pause(st.Tries))
	o.Due = st.Due
	r.later(st.Due)
}

// finish puts the message into the state.
func (r *run) finish(c *Claimed, st State) error {
	var err error
	switch {
	case len(st.Left) > 0:
		err = c.Retry(st)
	case len(st.Failures) > 0:
		err = c.Fail(st)
	default:
		r.finisher.done(c)
		return nil
	}
	if err != nil {
		r.fail(err)
	}
	return err
}

// finisher takes messages out of the queue, many with one fsync, while the next are on their way.
type finisher struct {
	run   *run
	comes chan *Claimed
	over  chan struct{}
}

func newFinisher(r *run) *finisher {
	f := &finisher{r, make(chan *Claimed, 64), make(chan struct{})}
	go f.loop()
	return f
}

func (f *finisher) done(c *Claimed) { f.comes <- c }

func (f *finisher) end() {
	close(f.comes)
	<-f.over
}

func (f *finisher) loop() {
	defer close(f.over)
	for c := range f.comes {
		all := []*Claimed{c}
		for more := true; more; {
			select {
			case c, ok := <-f.comes:
				if more = ok; ok {
					all = append(all, c)
				}
			default:
				more = false
			}
		}
		if err := f.run.Spool.done(all); err != nil {
			f.run.fail(err)
		}
	}
}
