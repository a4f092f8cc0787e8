package queue

import (
	"errors"
	"slices"
	"sync"
	"time"

	"postern/backend"
)

// perConnection is for how many messages another connection is made.
const perConnection = 8

// line is what waits for one account, oldest first, and what its workers share.
type line struct {
	*run
	account string

	mu      sync.Mutex
	ids     []string
	down    bool // nothing more is tried
	workers int  // at work
	up      bool // one of them was connected
}

// account has an account's messages delivered.
func (r *run) account(name string, ids []string) {
	l := &line{run: r, account: name, ids: ids}
	if d, down := r.Spool.Down(name); down && !r.wanted.All && r.early(d.Due) {
		r.later(d.Due)
		r.wait.Go(l.giveUpOld)
		return
	}
	l.workers = min(max(r.Policy.Parallel, 1), (len(ids)+perConnection-1)/perConnection)
	for range l.workers {
		r.wait.Go(func() { (&worker{line: l}).work() })
	}
}

// pop is the next ID, or empty.
func (l *line) pop() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down || len(l.ids) == 0 || l.failed() {
		return ""
	}
	id := l.ids[0]
	l.ids = l.ids[1:]
	return id
}

// putBack gives an ID to another worker.
func (l *line) putBack(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.down {
		l.ids = append([]string{id}, l.ids...)
		l.later(l.started) // if the others have ended meanwhile
	}
}

// connected notes that the server can be used.
func (l *line) connected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up = true
}

// leave ends a worker, and tells whether others go on that were connected: a server may want fewer connections, which
// doesn't make it one that is down.
func (l *line) leave() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.workers--
	return l.up && l.workers > 0
}

// goDown ends the work for the account, whose server can't be used now: no message is to blame. One that could be used in
// this run is tried once more before it counts as down.
func (l *line) goDown(err error) {
	l.mu.Lock()
	first, up := !l.down, l.up
	l.down = true
	l.mu.Unlock()
	if !first || l.failed() {
		return
	}
	now := l.Spool.now()
	if up {
		l.later(now)
		l.tell(Outcome{Account: l.account, Due: now, Err: err})
		return
	}
	d, was := l.Spool.Down(l.account)
	switch {
	case !was:
		d = Down{Account: l.account, Since: now}
	case now.Sub(d.Due) > 2*l.Policy.longest(): // nobody has tried for long: the machine was off
		d.Tries = 0
	}
	d.Tries++
	d.Tried, d.Due, d.Error = now, now.Add(l.Policy.Pause(d.Tries)), err.Error()
	if err := l.Spool.setDown(d); err != nil { // the others can be sent by, and this one is tried by each run
		l.passOver(downName(l.account))
	}
	l.later(d.Due)
	l.tell(Outcome{Account: l.account, Due: d.Due, Err: err})
	l.giveUpOld()
}

// giveUpOld gives up what has waited too long for an account that is down.
func (l *line) giveUpOld() {
	d, _ := l.Spool.Down(l.account)
	if d.Tries < minTries {
		return
	}
	l.mu.Lock()
	ids := slices.Sorted(slices.Values(l.ids))
	l.mu.Unlock()
	for _, id := range ids {
		if !l.tooOld(cameAt(id)) || l.failed() {
			return // the others are younger
		}
		c := l.claim(id)
		if c == nil {
			continue
		}
		if !l.tooOld(c.Record.Since()) {
			c.Release()
			continue
		}
		c.hopeless = true
		l.settle(c, nil, &backend.Error{Kind: backend.Again, Text: d.Error})
	}
}

// minTries is how often the server is tried before age alone gives a message up: a machine that was off for long needs a
// moment to find its network.
const minTries = 5

// tooOld tells whether a message whose tries began then is given up.
func (r *run) tooOld(since time.Time) bool {
	return r.Policy.GiveUp > 0 && r.Spool.now().Sub(since) >= r.Policy.GiveUp
}

// claim takes a message of this account that is due, or nil.
func (l *line) claim(id string) *Claimed {
	c, err := l.Spool.Claim(id)
	var bad *DamagedError
	switch {
	case errors.Is(err, ErrGone):
		return nil
	case errors.Is(err, ErrBusy): // who has it may end before it is done
		l.passOver(id)
		return nil
	case errors.As(err, &bad), err != nil && errors.Is(err, errLater):
		l.tell(Outcome{ID: id, Account: l.account, Err: err})
		return nil
	case err != nil: // it can't be read, which is no reason to keep the others
		l.passOver(id)
		l.tell(Outcome{ID: id, Account: l.account, Err: err})
		return nil
	}
	switch due := c.State.Due; {
	case c.Record.Account != l.account: // another one with the same tag
	case c.State.Held:
	case l.waits(&c.Record, &c.State): // it was tried since the look at the names, or is not to go before
		l.later(due)
		if due.Equal(c.Record.NotUntil) && l.farOff(&c.Record, due) {
			l.putOff(id, due)
		}
	case len(c.State.Left) == 0: // a crash came before the end
		l.finish(c, c.State)
		return nil
	default:
		return c
	}
	c.Release()
	return nil
}

// worker is one connection at a time.
type worker struct {
	*line
	asked    bool    // a message was given out
	doubtful []doubt // fates that may be the connection's
}

// doubt is the fate of a whole message.
type doubt struct {
	c   *Claimed
	err error
}

func (w *worker) work() {
	t, err := w.Open(w.account)
	if err != nil {
		if !w.leave() {
			w.goDown(err)
		}
		return
	}
	defer t.Close()
	if carrier, ok := t.(backend.Carrier); ok {
		err := carrier.SendEach(w.ctx, w.next)
		others := w.leave()
		w.clear(err, others)
		switch {
		case err != nil && !others:
			w.goDown(err)
		case err == nil && w.asked:
			w.Spool.setUp(w.account)
		}
		return
	}
	for item := w.next(); item != nil; item = w.next() {
		item.Done(t.Send(w.ctx, item.Env, item.Msg))
	}
	w.clear(nil, true)
}

// next is the next message, or nil.
func (w *worker) next() *backend.Item {
	w.clear(nil, true) // the connection was made, or nobody would ask
	if w.asked {
		w.connected()
	}
	for id := w.pop(); id != ""; id = w.pop() {
		c := w.claim(id)
		if c == nil {
			continue
		}
		msg, err := c.Message()
		if err != nil {
			w.settle(c, nil, err)
			continue
		}
		if c.late(w.Spool.now()) {
			w.settle(c, nil, errLate)
			continue
		}
		w.asked = true
		env := c.envelope(w.Spool.now())
		return &backend.Item{Env: &env, Msg: msg, Done: func(statuses []backend.Status, err error) {
			if err != nil {
				w.doubtful = append(w.doubtful, doubt{c, err})
				return
			}
			w.settle(c, statuses, nil)
		}}
	}
	return nil
}

// clear settles the fates that were in doubt. failed is the failure to connect that has ended the work, or nil;
// others tells that other workers go on.
func (w *worker) clear(failed error, others bool) {
	for _, d := range w.doubtful {
		if failed != nil && errors.Is(d.err, failed) {
			d.c.Release()
			if others {
				w.putBack(d.c.ID)
			} else {
				w.mu.Lock()
				w.ids = append(w.ids, d.c.ID) // for giveUpOld
				w.mu.Unlock()
			}
			continue
		}
		w.settle(d.c, nil, d.err)
	}
	w.doubtful = nil
}
