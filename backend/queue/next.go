package queue

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// lockName is locked by the runner in the background, of which there is one, and waitName by who waits for what is due
// soon. nextName has the time of the next try as its modification time, so that every start can see at the cost of one
// look whether there is something to do.
const (
	lockName = "runner"
	waitName = "waiter"
	nextName = "next"
)

// SetNext notes when there is something to do again; a zero time is never. It is a hint: what goes wrong is no error, since
// every runner looks at the messages themselves.
func (s *Spool) SetNext(t time.Time) {
	if t.IsZero() {
		t = never
	}
	s.setNext(func(time.Time) time.Time { return t })
}

// Sooner is SetNext, unless there is something to do before that.
func (s *Spool) Sooner(t time.Time) {
	if at, err := s.files.time(nextName); err == nil && !t.Before(at) {
		return
	}
	s.setNext(func(at time.Time) time.Time {
		if t.Before(at) {
			return t
		}
		return at
	})
}

// setNext changes the time under a lock: of two that come together the sooner one has to stand. Until a file that is new
// has its time it says now, which costs a look at the queue.
func (s *Spool) setNext(change func(time.Time) time.Time) {
	file, err := os.OpenFile(disk(s.dir).path(nextName), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return
	}
	f := diskFile{file, disk(s.dir)}
	defer f.Close()
	f.lockSoon() // else it is a hint all the same
	info, err := f.Stat()
	if err != nil {
		return
	}
	at := info.ModTime()
	if info.Size() == 0 { // it never had a time
		at = never
	}
	if _, err := f.WriteAt([]byte(s.now().UTC().Format(time.RFC3339)+"\n"), 0); err != nil {
		return
	}
	_ = f.setTime(change(at))
}

// jumped tells whether the clock was ahead when the time of the next try was noted, so that nothing can be known from it.
func (s *Spool) jumped() bool {
	f, err := s.files.open(nextName)
	if err != nil {
		return false
	}
	defer f.Close()
	text := make([]byte, len("2006-01-02T15:04:05Z"))
	_, _ = f.ReadAt(text, 0)
	noted, err := time.Parse(time.RFC3339, string(text))
	return err == nil && noted.After(s.now().Add(time.Minute))
}

// Due tells whether there is something to do, as far as SetNext knows, that nobody in the background does: then it gives the lock
// of who does, and else nil.
func (s *Spool) Due() *os.File {
	at, err := s.files.time(nextName)
	if err != nil || at.After(s.now()) && !s.jumped() {
		return nil
	}
	lock, err := s.Lock()
	if err != nil || lock == nil {
		return nil
	}
	return lock
}

// Lock makes the caller the runner in the background, and nil says that there is one already. The lock lasts as long as
// the file is open, in this process or in one that was given it.
func (s *Spool) Lock() (*os.File, error) { return s.only(lockName) }

// only makes the caller the only one to have a lock, and nil says that somebody has it.
func (s *Spool) only(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	got, err := diskFile{f, disk(s.dir)}.lock()
	switch {
	case err != nil:
		err = fmt.Errorf("queue: %w", err)
	case got:
		return f, nil
	}
	f.Close()
	return nil, err
}

// Background delivers all that is due, unless another process does. Whatever comes while it runs is seen to: who has put
// a message looks for a runner after that, and Background looks for messages after it is none any more.
//
// lock is the lock of a runner, if this process was given one.
func (r *Runner) Background(ctx context.Context, lock *os.File) error {
	for ; ; lock = nil {
		if lock == nil {
			var err error
			if lock, err = r.Spool.Lock(); err != nil || lock == nil {
				return err
			}
		}
		swept := r.Spool.Sweep() // a failure must not keep mail from being sent
		next, err := r.Run(ctx, Wanted{})
		r.note(ctx, next, err)
		lock.Close()
		if err != nil {
			return err
		}
		if again, err := r.comes(); err != nil || !again {
			return cmp.Or(err, swept)
		}
	}
}

// Once is a run over everything that is wanted, whoever else runs.
func (r *Runner) Once(ctx context.Context, w Wanted) error {
	swept := r.Spool.Sweep()
	next, err := r.Run(ctx, w)
	if w.Only != nil { // of the others nothing is known
		if !next.IsZero() {
			r.Spool.Sooner(next)
		}
		return cmp.Or(err, swept)
	}
	r.note(ctx, next, err)
	if again, err := r.comes(); err == nil && again {
		r.Spool.Sooner(r.Spool.now())
	}
	return cmp.Or(err, swept)
}

// note is SetNext after a run. One that was broken off hasn't seen all that is due.
func (r *Runner) note(ctx context.Context, next time.Time, err error) {
	switch {
	case ctx.Err() != nil:
		next = r.Spool.now()
	case err != nil:
		next = r.Spool.now().Add(r.Policy.Pause(1))
	}
	r.Spool.SetNext(next)
}

// comes tells whether something is due that Run has not seen. If not, it notes when something will be: whoever has put that while
// Run was at work did so, too, before Run's note. What is for accounts that are down, or that there are none of, is not
// opened: it may be the whole queue.
func (r *Runner) comes() (bool, error) {
	r.aheadMu.Lock()
	known, passed := r.ahead, r.passed
	r.aheadMu.Unlock()
	run := &run{Runner: r, ctx: context.Background(), started: r.Spool.now(), known: known}
	lists, _, err := run.due(map[string]string{})
	up := map[string]bool{} // tags
	for _, account := range r.Accounts {
		d, down := r.Spool.Down(account)
		if down && run.early(d.Due) && len(lists[tagOfAccount(account)]) > 0 {
			run.later(d.Due)
		} else {
			up[tagOfAccount(account)] = true
		}
	}
	for tag, ids := range lists {
		if !up[tag] {
			continue
		}
		for _, id := range ids {
			l, failed := r.Spool.Look(Waiting, id)
			account := l.Record.Account
			if failed != nil || l.Err != nil || l.State.Held || passed[id] || passed[downName(account)] || !slices.Contains(r.Accounts, account) {
				continue
			}
			switch d, down := r.Spool.Down(account); {
			case down && run.early(d.Due):
				run.later(d.Due)
			case run.waits(&l.Record, &l.State):
				run.later(l.State.Due)
			case len(l.State.Left) > 0:
				return true, err
			}
		}
	}
	if !run.next.IsZero() {
		r.Spool.Sooner(run.next)
	}
	return false, err
}

// look bounds how long Serve waits for something that is due: a machine may have slept meanwhile, which its clock for
// waiting doesn't count.
const look = time.Minute

// Serve is the runner in the background until the context ends: it delivers what is due, at least every so often, and at
// once when wake has a value. Where another process is the runner, it waits for its end.
func (r *Runner) Serve(ctx context.Context, every time.Duration, wake <-chan struct{}) error {
	for {
		lock, err := r.Spool.Lock()
		if err != nil {
			return err
		}
		if lock != nil {
			defer r.leave(lock)
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
	for swept := (time.Time{}); ctx.Err() == nil; {
		if time.Since(swept) > time.Hour {
			_ = r.Spool.Sweep() // a failure must not keep mail from being sent; sendmail -q tells of it
			swept = time.Now()
		}
		next, err := r.Run(ctx, Wanted{})
		r.note(ctx, next, err)
		if err != nil && ctx.Err() == nil {
			return err
		}
		wait := every
		if !next.IsZero() {
			wait = min(every, look, max(next.Sub(r.Spool.now()), 10*time.Millisecond))
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-time.After(wait):
		}
	}
	return nil
}

// leave gives the lock of a runner back, and notes what has come behind its last run.
func (r *Runner) leave(lock *os.File) {
	lock.Close()
	if again, err := r.comes(); err == nil && again {
		r.Spool.Sooner(r.Spool.now())
	}
}
