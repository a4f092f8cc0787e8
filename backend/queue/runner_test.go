package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRun is a day in the life of a queue.
func TestRun(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	w.says["no@x"], w.says["later@x"] = refused("no such user"), busy("greylisted")
	w.put(t, s, "a", "one", "ok@x", "no@x", "later@x")
	w.put(t, s, "b", "two", "ok@x")
	w.put(t, s, "gone", "three", "ok@x") // there is no such account
	next := w.run(t, r, Wanted{})
	if w.got["one ok@x"] != 1 || w.got["two ok@x"] != 1 || len(w.got) != 2 {
		t.Errorf("delivered: %v", w.got)
	}
	if !next.Equal(w.now) {
		t.Errorf("the report is due at once, not %v", next)
	}
	next = w.run(t, r, Wanted{})
	if w.got["failed ann@example.org"] != 1 {
		t.Errorf("the sender was not told: %v", w.got)
	}
	if d := next.Sub(w.now); d < 54*time.Second || d > 66*time.Second {
		t.Errorf("tried again after %v", d)
	}
	w.run(t, r, Wanted{}) // nothing is due
	w.forward(5 * time.Hour)
	w.run(t, r, Wanted{})
	w.run(t, r, Wanted{})
	if w.got["delayed ann@example.org"] != 1 {
		t.Errorf("the sender was not told of the delay: %v", w.got)
	}
	w.says["later@x"] = nil
	w.forward(time.Hour)
	w.run(t, r, Wanted{})
	if w.got["one later@x"] != 1 || w.got["one ok@x"] != 1 || w.got["delayed ann@example.org"] != 1 {
		t.Errorf("delivered: %v", w.got)
	}
	if n := waiting(t, s); n != 1 {
		t.Errorf("%d are waiting", n)
	}
}

// TestServerDown: one connection tells for all messages, which wait untouched; then all go.
func TestServerDown(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	w.down["a"] = true
	for i := range 40 {
		w.put(t, s, "a", fmt.Sprint("m", i), "ok@x")
	}
	w.put(t, s, "b", "other", "ok@x")
	w.run(t, r, Wanted{})
	if w.got["other ok@x"] != 1 || len(w.got) != 1 {
		t.Errorf("delivered: %v", w.got)
	}
	if w.dials > 3 { // one for b, and no more than a worker each for a
		t.Errorf("%d connections", w.dials)
	}
	d, down := s.Down("a")
	if !down || d.Tries != 1 || !strings.Contains(d.Error, "refused") {
		t.Errorf("%v %+v", down, d)
	}
	before := w.dials
	next := w.run(t, r, Wanted{})
	if w.dials != before || !next.Equal(d.Due) {
		t.Errorf("%d connections, next at %v, not %v", w.dials, next, d.Due)
	}
	w.down["a"] = false
	w.run(t, r, Wanted{All: true}) // who asks need not wait
	if len(w.got) != 41 || waiting(t, s) != 0 {
		t.Errorf("%d delivered, %d wait", len(w.got), waiting(t, s))
	}
	if _, down := s.Down("a"); down {
		t.Error("it is up")
	}
	// Given up by age, though nobody has tried.
	w.down["a"] = true
	old := w.put(t, s, "a", "old", "ok@x")
	w.forward(25 * time.Hour) // the machine was off: it gets some tries all the same
	w.run(t, r, Wanted{})
	if waiting(t, s) != 1 {
		t.Errorf("%d wait", waiting(t, s))
	}
	tries := func() {
		for range minTries {
			w.forward(15 * time.Minute)
			w.run(t, r, Wanted{})
		}
	}
	tries()
	if c, err := s.Claim(old); !errors.Is(err, ErrGone) {
		t.Errorf("it waits still: %v %v", c, err)
	}
	if waiting(t, s) != 1 { // the report, until it is too old as well
		t.Errorf("%d wait", waiting(t, s))
	}
	w.forward(25 * time.Hour)
	tries()
	failed := 0
	_ = s.files.list(failedDir, func(name string) error {
		if IsID(name) {
			failed++
		}
		return nil
	})
	if failed != 1 || waiting(t, s) != 0 {
		t.Errorf("%d kept, %d wait", failed, waiting(t, s))
	}
}

// TestManyMessages has more than fit into a batch, of two accounts, in the order in which they came.
func TestManyMessages(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	r.Policy.Parallel, r.batch = 1, 50
	const many = 120
	var want []string
	for i := range many {
		subject := fmt.Sprintf("%06d", i)
		w.now = w.now.Add(time.Microsecond)
		s.now = func() time.Time { return w.now }
		w.put(t, s, "a", subject, "ok@x")
		want = append(want, subject)
	}
	w.runner(s)
	w.run(t, r, Wanted{})
	if !slices.Equal(w.order, want) || waiting(t, s) != 0 {
		t.Errorf("%d delivered, %d wait", len(w.order), waiting(t, s))
	}
}

// TestRunCrashes ends the machine at each call of a drain. Nothing is lost, and nobody gets a message twice but where the
// crash came after the server's word.
func TestRunCrashes(t *testing.T) {
	fill := func(d *crashDisk) (*Spool, *world) {
		s, w := spoolOn(d), newWorld()
		w.says["no@x"], w.says["later@x"] = refused("no"), busy("not now")
		s.now = func() time.Time { return w.now }
		w.put(t, s, "a", "one", "ok@x", "no@x", "later@x")
		w.put(t, s, "a", "two", "ok@x")
		return s, w
	}
	whole := newCrashDisk()
	s, w := fill(whole)
	from := whole.steps
	r := w.runner(s)
	r.Policy.Parallel = 1
	w.run(t, r, Wanted{})
	w.run(t, r, Wanted{})
	disks := 0
	for at := from + 1; at <= whole.steps; at++ {
		d := newCrashDisk()
		s, w := fill(d)
		d.crashAt, d.freezes = at, true
		w.dead = func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.dead() }
		r := w.runner(s)
		r.Policy.Parallel = 1
		_, _ = r.Run(context.Background(), Wanted{})
		_, _ = r.Run(context.Background(), Wanted{})
		before := map[string]int{}
		for k, n := range w.got {
			before[k] = n
		}
		d.freezes = false
		d.crashAt = 0
		d.outcomes(func(after *crashDisk) {
			disks++
			s2, w2 := spoolOn(after), newWorld()
			w2.says["no@x"] = refused("no")
			for k, n := range before {
				w2.got[k] = n
			}
			r2 := w2.runner(s2)
			if err := s2.Sweep(); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				w2.forward(time.Hour)
				w2.run(t, r2, Wanted{})
			}
			for _, must := range []string{"one ok@x", "one later@x", "two ok@x", "failed ann@example.org"} {
				if n := w2.got[must]; n < 1 || n > 2 {
					t.Fatalf("crash at step %d: %q was delivered %d times\n%s", at-from, must, n, after)
				}
			}
			if waiting(t, s2) != 0 {
				t.Fatalf("crash at step %d: something waits\n%s", at-from, after)
			}
		})
	}
	t.Logf("%d steps, %d disks", whole.steps-from, disks)
}

// TestTwoRunners has two runners at work on one queue: each message goes once.
func TestTwoRunners(t *testing.T) {
	d := newCrashDisk()
	s, w := spoolOn(d), newWorld()
	for i := range 200 {
		w.put(t, s, "a", fmt.Sprint("m", i), "ok@x")
	}
	r := w.runner(s)
	r.Policy.Parallel = 4
	r.Told = nil
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			if _, err := r.Run(context.Background(), Wanted{}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for k, n := range w.got {
		if n != 1 {
			t.Errorf("%s came %d times", k, n)
		}
	}
	if len(w.got) != 200 || waiting(t, s) != 0 {
		t.Errorf("%d delivered, %d wait", len(w.got), waiting(t, s))
	}
}
