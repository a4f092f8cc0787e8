package queue

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// TestAwait: what is due soon goes out at its time though nobody calls, and what is due later is left.
func TestAwait(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "queue"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	r := w.runner(s)
	for subject, wait := range map[string]time.Duration{"one": 20 * time.Second, "two": 70 * time.Second, "far": 10 * time.Minute} {
		w.later(t, s, subject, w.now.Add(wait), "")
		s.Sooner(w.now.Add(wait))
	}
	if s.Due() != nil || s.Soon(0) || s.Soon(10*time.Second) || !s.Soon(time.Minute) {
		t.Error("the first is due in 20 seconds")
	}
	looks := 0
	err = r.Await(context.Background(), time.Minute, func() error {
		if s.Soon(time.Minute) {
			t.Error("somebody waits")
		}
		if err := r.Await(context.Background(), time.Minute, func() error { panic("there is one who waits") }); err != nil {
			t.Error(err)
		}
		looks++
		w.forward(time.Second)
		return nil
	})
	if err != nil || looks != 70 || w.got["one ok@x"] != 1 || w.got["two ok@x"] != 1 || waiting(t, s) != 1 {
		t.Errorf("%v, %d looks, delivered %v", err, looks, w.got)
	}
	if s.Soon(time.Minute) {
		t.Error("the last is due in 9 minutes")
	}
	ended := errors.New("ended")
	if err := r.Await(context.Background(), time.Hour, func() error { return ended }); !errors.Is(err, ended) {
		t.Errorf("got %v", err)
	}
}
