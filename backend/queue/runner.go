package queue

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"postern/backend"
	"postern/message"
)

// Runner delivers what is in a spool.
type Runner struct {
	Spool    *Spool
	Policy   Policy
	Accounts []string // those that there are
	// Open gives a transport of an account, for one connection at a time. Its error is the account's, as that of a server
	// that is down.
	Open func(account string) (backend.Transport, error)
	// Report makes the report that the sender is to get about an outcome, with its record; nil where there is nothing to
	// tell. kept tells that nobody can be told of the failures, so that the message has to be kept for their sake.
	Report func(o Outcome, about *message.Message) (r *Record, report *message.Message, kept bool, err error)
	// Told is given what has happened, one at a time.
	Told func(Outcome)
	// Copies keeps what was sent; nil where nothing is kept.
	Copies Copies

	batch int // how many messages of an account are looked at together; 0 is the usual
	// ahead has the messages without a state that the last run has found to be for much later: they need not be opened again.
	ahead   map[string]time.Time
	aheadMu sync.Mutex
	passed  map[string]bool // the messages that the last run could not look at; under aheadMu
}

// Outcome is what has become of a message in one try; or, without ID, of an account that can't be sent by now.
type Outcome struct {
	ID      string
	Account string
	Record  Record
	Begun   time.Time        // when the message's turn came
	Taken   []backend.Status // the server has taken responsibility
	Failed  []backend.Status // given up: refused for good, or too old
	Left    []backend.Status // to be tried again
	Due     time.Time        // when
	Delayed bool             // the sender is to be told that it takes longer
	Kept    bool             // it is in failed/ for the sake of Failed
	Err     error            // the fate of all, or a fault of this machine or of the files

	failed []int // the places of Failed in the envelope
}

// usualBatch bounds how many messages of an account are looked at together.
const usualBatch = 20_000

// Wanted says what Run is to deliver.
type Wanted struct {
	All bool // without the pauses between tries; but for what the user holds, and what is not to go before a time
	// Only says which messages, or nil.
	Only func(id string) bool
}

// Run delivers all that is wanted and due, once each, and returns when nothing of it is left, or with the context. next is
// when there is something to do again; zero is never. The error is that of the file system, or the context's.
func (r *Runner) Run(ctx context.Context, w Wanted) (next time.Time, err error) {
	run := &run{Runner: r, ctx: ctx, wanted: w, started: r.Spool.now(), known: r.remembered(), ahead: map[string]time.Time{}, passed: map[string]bool{}}
	after := map[string]string{} // the last ID that was looked at, by tag
	for more := true; more && !run.failed(); {
		var lists map[string][]string
		if lists, more, err = run.due(after); err != nil {
			run.fail(err)
			break
		}
		run.finisher, run.copier = newFinisher(run), newCopier(run)
		for tag, ids := range lists {
			after[tag] = ids[len(ids)-1]
			known := false
			for _, account := range r.Accounts {
				if tagOfAccount(account) == tag {
					known = true
					run.account(account, ids)
				}
			}
			if !known {
				run.strangers(ids)
			}
		}
		run.wait.Wait()
		run.finisher.end()
		run.copier.end()
	}
	r.aheadMu.Lock()
	r.ahead, r.passed = run.ahead, run.passed
	r.aheadMu.Unlock()
	return run.next, cmp.Or(run.err, ctx.Err())
}

// run is one Run.
type run struct {
	*Runner
	ctx      context.Context
	wanted   Wanted
	started  time.Time
	known    map[string]time.Time // what was ahead in the run before; not changed
	wait     sync.WaitGroup
	finisher *finisher
	copier   *copier

	mu     sync.Mutex
	err    error
	next   time.Time
	ahead  map[string]time.Time
	passed map[string]bool
}

func (r *Runner) remembered() map[string]time.Time {
	r.aheadMu.Lock()
	defer r.aheadMu.Unlock()
	return r.ahead
}

// due finds the messages that are wanted, behind those of after, by the tag of their account, the oldest first; more tells
// that there were too many.
func (r *run) due(after map[string]string) (lists map[string][]string, more bool, err error) {
	lists = map[string][]string{}
	batch := cmp.Or(r.batch, usualBatch)
	err = r.Spool.Entries(func(e Entry) error {
		t := tagOf(e.ID)
		switch { // Only may have to open the message, and comes last
		case e.Held(), e.ID <= after[t]:
		case !r.wanted.All && r.early(e.Due):
			r.later(e.Due)
		case e.Due.IsZero() && r.known[e.ID].After(r.started):
			r.putOff(e.ID, r.known[e.ID])
		case len(lists[t]) >= batch:
			more = true
		case r.wanted.Only == nil || r.wanted.Only(e.ID):
			lists[t] = append(lists[t], e.ID)
		}
		return nil
	})
	return lists, more, err
}

// strangers tells of messages whose account the configuration doesn't have any more, or not where this run reads it.
func (r *run) strangers(ids []string) {
	for _, id := range ids {
		switch l, err := r.Spool.Look(Waiting, id); {
		case err != nil: // it is gone
		case l.Err != nil:
			r.tell(Outcome{ID: id, Err: l.Err})
		default:
			r.tell(Outcome{Account: l.Record.Account, Err: fmt.Errorf("there is no such account, and its messages wait for it (%d)", len(ids))})
			return
		}
	}
}

// early tells whether something that is due then has to wait. What is further off than any pause was put off by a clock
// that has since jumped.
func (r *run) early(due time.Time) bool {
	return due.After(r.started) && due.Before(r.started.Add(r.Policy.longest()+time.Minute))
}

// fail notes an error of this machine, which ends the run.
func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = cmp.Or(r.err, err)
}

func (r *run) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil || r.ctx.Err() != nil
}

// later notes when there is something to do again.
func (r *run) later(t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next.IsZero() || t.Before(r.next) {
		r.next = t
	}
}

// putOff notes that a message without a state is for much later.
func (r *run) putOff(id string, due time.Time) {
	r.later(due)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ahead != nil { // a look is no run
		r.ahead[id] = due
	}
}

// passOver notes that a message can't be looked at now, so that it isn't tried over and over.
func (r *run) passOver(id string) {
	r.later(r.started.Add(r.Policy.Pause(1)))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed[id] = true
}

// tell passes an outcome on, one at a time.
func (r *run) tell(o Outcome) {
	if r.Told == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Told(o)
}
