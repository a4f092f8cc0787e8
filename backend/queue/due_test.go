package queue

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"postern/message"
)

// later puts a message that is not to go before a time.
func (w *world) later(t *testing.T, s *Spool, subject string, notUntil time.Time, tried string) string {
	t.Helper()
	m, err := message.Read(strings.NewReader("Subject: "+subject+"\n\ntext\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := to("ok@x")
	r.Account, r.Time, r.NotUntil, r.Tried = "a", w.now, notUntil, tried
	id, err := s.Put(r, m)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestNotUntil: a run that wants everything cuts pauses short, but no message goes before its time.
func TestNotUntil(t *testing.T) {
	for _, wait := range []time.Duration{30 * time.Second, 3 * time.Hour, 30 * 24 * time.Hour} {
		s, w := spoolOn(newCrashDisk()), newWorld()
		r := w.runner(s)
		w.later(t, s, "held", w.now.Add(wait), "")
		w.later(t, s, "pausing", w.now.Add(time.Minute), "450 later")
		held := w.now.Add(wait)
		if next := w.run(t, r, Wanted{}); len(w.got) != 0 || !next.Equal(w.now.Add(min(wait, time.Minute))) {
			t.Errorf("%v: delivered %v, next %v", wait, w.got, next)
		}
		if next := w.run(t, r, Wanted{All: true}); w.got["pausing ok@x"] != 1 || len(w.got) != 1 || !next.Equal(held) {
			t.Errorf("%v: delivered %v, next %v", wait, w.got, next)
		}
		w.down["a"] = true // its age is none before its time, and it is not given up
		w.forward(wait - time.Second)
		if w.run(t, r, Wanted{}); len(w.events) != 1 || waiting(t, s) != 1 {
			t.Errorf("%v: %+v", wait, w.events)
		}
		w.forward(time.Second)
		w.run(t, r, Wanted{All: true})
		if n := len(w.events); n != 2 || w.events[1].ID != "" || waiting(t, s) != 1 {
			t.Errorf("%v: %+v", wait, w.events)
		}
		w.down["a"] = false
		w.run(t, r, Wanted{All: true})
		if w.got["held ok@x"] != 1 || waiting(t, s) != 0 {
			t.Errorf("%v: delivered %v", wait, w.got)
		}
	}
}

// TestManyAhead: what waits for long is opened once, however often somebody looks for what is due.
func TestManyAhead(t *testing.T) {
	d := newCrashDisk()
	s, w := spoolOn(d), newWorld()
	r := w.runner(s)
	for i := range 100 {
		w.later(t, s, fmt.Sprint(i), w.now.Add(24*time.Hour), "")
	}
	w.run(t, r, Wanted{})
	for _, folder := range d.folders {
		for _, n := range folder.now() {
			n.synced, n.writes = nil, nil // to open it now would show
		}
	}
	for range 3 {
		w.forward(time.Hour)
		if next := w.run(t, r, Wanted{}); !next.Equal(noon.Add(24 * time.Hour)) {
			t.Errorf("next at %v", next)
		}
	}
	if len(w.events) != 0 || waiting(t, s) != 100 {
		t.Errorf("%d wait, %+v", waiting(t, s), w.events)
	}
}

// TestNotUntilChanged: the user has the last word, and a clock that was wrong for a short while doesn't.
func TestNotUntilChanged(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	id := w.later(t, s, "held", w.now.Add(30*24*time.Hour), "")
	if err := s.Change(id, func(st *State) error { st.Due = w.now; return nil }); err != nil {
		t.Fatal(err)
	}
	if w.run(t, r, Wanted{}); w.got["held ok@x"] != 1 {
		t.Errorf("delivered %v", w.got)
	}
	w.forward(4 * 365 * 24 * time.Hour)
	w.later(t, s, "undo", w.now.Add(30*time.Second), "")
	w.later(t, s, "at", w.now.Add(24*time.Hour), "")
	w.forward(-4 * 365 * 24 * time.Hour)
	if w.run(t, r, Wanted{}); w.got["undo ok@x"] != 1 || w.got["at ok@x"] != 0 {
		t.Errorf("delivered %v", w.got)
	}
	var shown []bool
	if err := s.List(func(l Listed) error { _, waits := l.NotBefore(); shown = append(shown, waits); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(shown) != 1 || !shown[0] {
		t.Errorf("%v", shown)
	}
}
