package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"postern/backend"
	"postern/message"
)

// realSpool is a queue on the machine's own disk, and a world at its time.
func realSpool(t *testing.T) (*Spool, *world, *Runner) {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "queue"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	return s, w, w.runner(s)
}

// isDue tells whether a start would have a runner start.
func isDue(s *Spool) bool {
	lock := s.Due()
	lock.Close()
	return lock != nil
}

// TestUnreadable: what can't be opened, or swept away, keeps nothing else from being sent and listed.
func TestUnreadable(t *testing.T) {
	s, w, r := realSpool(t)
	link := newID(w.now.Add(-time.Hour), "a")
	if err := os.Symlink("/etc/passwd", filepath.Join(s.dir, queueDir, link)); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(s.dir, tmpDir, "folder")
	if err := errors.Join(os.MkdirAll(filepath.Join(old, "full"), 0o700), os.Chtimes(old, time.Time{}, w.now.Add(-48*time.Hour))); err != nil {
		t.Fatal(err)
	}
	w.put(t, s, "a", "one", "ok@x")
	s.Sooner(w.now)
	if err := r.Background(context.Background(), nil); err == nil {
		t.Error("nobody was told of the folder")
	}
	if w.got["one ok@x"] != 1 {
		t.Errorf("delivered: %v", w.got)
	}
	if len(w.events) != 2 || w.events[0].ID != link && w.events[1].ID != link {
		t.Errorf("told of %v", w.events)
	}
	var seen []string
	if err := s.List(func(l Listed) error { seen = append(seen, fmt.Sprint(l.ID, l.Err != nil)); return nil }); err != nil || len(seen) != 1 || seen[0] != link+"true" {
		t.Errorf("%v, listed %v", err, seen)
	}
}

// TestBusyElsewhere: a message that another process has is looked at again later, and not at once for ever.
func TestBusyElsewhere(t *testing.T) {
	s, w, r := realSpool(t)
	id := w.put(t, s, "a", "one", "ok@x")
	s.Sooner(w.now)
	c, err := s.Claim(id)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if err := r.Background(ctx, nil); err != nil || len(w.got) > 0 {
		t.Fatalf("%v, delivered %v", err, w.got)
	}
	c.Release()
	w.forward(2 * time.Minute)
	if !isDue(s) {
		t.Error("nobody would look at it again")
	}
}

// TestBrokenOff: what a run hasn't reached when a signal comes is due for the next one.
func TestBrokenOff(t *testing.T) {
	for name, serve := range map[string]func(*Runner, context.Context) error{
		"background": func(r *Runner, ctx context.Context) error { return r.Background(ctx, nil) },
		"once":       func(r *Runner, ctx context.Context) error { return r.Once(ctx, Wanted{All: true}) },
		"serve":      func(r *Runner, ctx context.Context) error { return r.Serve(ctx, time.Hour, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s, w, r := realSpool(t)
			for _, subject := range []string{"one", "two", "three"} {
				w.put(t, s, "a", subject, "ok@x")
			}
			s.Sooner(w.now)
			ctx, stop := context.WithCancel(context.Background())
			r.Told = func(Outcome) { stop() }
			_ = serve(r, ctx)
			if n := len(w.got); n == 0 || n == 3 {
				t.Fatalf("%d delivered", n)
			}
			if !isDue(s) {
				t.Error("the rest is due, and nobody would know")
			}
		})
	}
}

// TestLaterMeanwhile: the time of a message that comes during a run isn't forgotten at its end.
func TestLaterMeanwhile(t *testing.T) {
	for name, run := range map[string]func(*Runner) error{
		"background": func(r *Runner) error { return r.Background(context.Background(), nil) },
		"once":       func(r *Runner) error { return r.Once(context.Background(), Wanted{All: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			s, w, r := realSpool(t)
			w.put(t, s, "a", "one", "ok@x")
			s.Sooner(w.now)
			r.Told = func(Outcome) {
				s2 := At(s.dir)
				w.later(t, s2, "two", w.now.Add(30*time.Second), "")
				s2.Sooner(w.now.Add(30 * time.Second))
			}
			if err := run(r); err != nil {
				t.Fatal(err)
			}
			if w.got["one ok@x"] != 1 || !s.Soon(40*time.Second) {
				t.Errorf("delivered %v; nobody would wait for the other", w.got)
			}
		})
	}
}

// TestClockWasAhead: a time that was noted by a clock that was wrong doesn't keep runs from starting.
func TestClockWasAhead(t *testing.T) {
	s, w, r := realSpool(t)
	w.says["ok@x"] = busy("later")
	w.put(t, s, "a", "one", "ok@x")
	if err := r.Background(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if isDue(s) {
		t.Error("it is not due yet")
	}
	w.forward(-1000 * time.Hour)
	if !isDue(s) {
		t.Error("it would wait for a thousand hours")
	}
}

// TestReportFails: where the sender can't be told of a refusal, who has the message doesn't get it again, the others get
// theirs, and the sender is told later.
func TestReportFails(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	report, broken := r.Report, errors.New("no space")
	r.Report = func(o Outcome, m *message.Message) (*Record, *message.Message, bool, error) {
		if broken != nil && len(o.Failed) > 0 {
			return nil, nil, false, broken
		}
		return report(o, m)
	}
	w.says["no@x"] = refused("no such user")
	w.put(t, s, "a", "one", "no@x", "ok@x")
	w.put(t, s, "a", "two", "ok@x")
	w.run(t, r, Wanted{})
	if w.got["one ok@x"] != 1 || w.got["two ok@x"] != 1 {
		t.Errorf("delivered: %v", w.got)
	}
	told := false
	for _, o := range w.events {
		for _, left := range o.Left {
			told = told || errors.Is(left.Err, broken)
		}
	}
	if !told {
		t.Errorf("told: %v", w.events)
	}
	w.forward(time.Hour)
	broken = nil
	w.run(t, r, Wanted{})
	w.run(t, r, Wanted{})
	if w.got["one ok@x"] != 1 || w.got["failed ann@example.org"] != 1 || waiting(t, s) != 0 {
		t.Errorf("delivered: %v", w.got)
	}
}

// TestReportsHaveNoLimits: a report takes the place of a message, so it goes where none would.
func TestReportsHaveNoLimits(t *testing.T) {
	s, w, _ := realSpool(t)
	s.MinFree, s.MaxSize = 1<<60, 1
	m, err := message.Read(io.LimitReader(zeros{}, 10), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rec := to("ann@example.org")
	rec.Time = w.now
	if _, err := s.Put(rec, m); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	rec.Report = true
	if _, err := s.Put(rec, m); err != nil {
		t.Error(err)
	}
}

// zeros is text without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// oneConnection is a transport to a server that takes one connection at a time. The second one is tried, and refused, while
// the first one has its second message in hand.
type oneConnection struct {
	*fakeTransport
	taken, sends, refused chan struct{}
}

func (o oneConnection) SendEach(ctx context.Context, next func() *backend.Item) error {
	item := next()
	select {
	case o.taken <- struct{}{}:
	default:
		<-o.sends
		defer close(o.refused)
		err := &backend.Error{Kind: backend.Again, Server: "mx", Stage: "connect", Code: 421, Text: "too many connections"}
		item.Done(nil, err)
		return err
	}
	asked := 0
	return o.fakeTransport.SendEach(ctx, func() *backend.Item {
		if asked++; asked == 1 {
			return item
		}
		item := next()
		if asked == 2 {
			close(o.sends)
			<-o.refused
		}
		return item
	})
}

// TestFewerConnections: a server that refuses one connection more is not down, and the other one sends all.
func TestFewerConnections(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	for i := range 2 * perConnection {
		w.put(t, s, "a", fmt.Sprint("m", i), "ok@x")
	}
	r := w.runner(s)
	taken, sends, refused := make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	r.Open = func(account string) (backend.Transport, error) {
		return oneConnection{&fakeTransport{w, account}, taken, sends, refused}, nil
	}
	w.run(t, r, Wanted{})
	if _, down := s.Down("a"); down || waiting(t, s) > 1 { // the one of the connection that was refused may come too late
		t.Errorf("down: %v, %d delivered", down, len(w.got))
	}
}

// TestSweepWhileMoved: who moves a message has its lock, and its state is left alone.
func TestSweepWhileMoved(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	r.Report = nil
	w.says["no@x"] = refused("no such user")
	id := w.put(t, s, "a", "one", "ok@x", "no@x")
	w.run(t, r, Wanted{})
	c, err := s.claim(failedDir, id)
	if err != nil {
		t.Fatal(err)
	}
	st := c.State
	st.Left, st.Failures = []int{1}, nil
	if err := s.writeState(queueDir, id, st); err != nil { // as Revive begins
		t.Fatal(err)
	}
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if err := s.moveFile(id, failedDir, queueDir); err != nil {
		t.Fatal(err)
	}
	c.Release()
	if l, err := s.Look(Waiting, id); err != nil || len(l.State.Left) != 1 {
		t.Errorf("%v, left are %v", err, l.State.Left)
	}
}

// TestUp: an account that was down, and that somebody has sent by, is due.
func TestUp(t *testing.T) {
	s, w, r := realSpool(t)
	w.down["a"] = true
	w.put(t, s, "a", "one", "ok@x")
	if err := r.Background(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	s.Up("b")
	if isDue(s) {
		t.Error("it is down")
	}
	s.Up("a")
	if _, down := s.Down("a"); down || !isDue(s) {
		t.Error("it is up")
	}
}

// TestOddState: a state that can't be counts as none, so that nothing is taken away for its sake, and nothing ends.
func TestOddState(t *testing.T) {
	for _, text := range []string{"null", "{}", `{"tries":1}`, `{"tries":1,"left":[7]}`, `{"tries":1,"failures":[{"to":7}]}`, `{"tries":1,"failures":[{"to":-1}]}`} {
		s, w, r := realSpool(t)
		id := w.put(t, s, "a", "one", "ok@x")
		if err := os.WriteFile(filepath.Join(s.dir, queueDir, id+stateSuffix), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := s.Look(Waiting, id)
		if err != nil || len(l.Left()) != 1 {
			t.Errorf("%s: %v, left are %v", text, err, l.Left())
		}
		if w.run(t, r, Wanted{All: true}); w.got["one ok@x"] != 1 {
			t.Errorf("%s: delivered %v", text, w.got)
		}
	}
}
