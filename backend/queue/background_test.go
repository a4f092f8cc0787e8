package queue

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"postern/message"
)

// TestBackground: there is one runner in the background, and what comes while it ends is delivered all the same.
func TestBackground(t *testing.T) {
	s, err := Open(t.TempDir() + "/queue")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.now = time.Now()
	r := w.runner(s)
	due := func() bool {
		lock := s.Due()
		lock.Close()
		return lock != nil
	}
	if due() {
		t.Error("nothing has come")
	}
	w.put(t, s, "a", "one", "ok@x")
	s.Sooner(w.now)
	if !due() {
		t.Error("something has come")
	}
	lock, err := s.Lock()
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	if due() {
		t.Error("somebody is at work")
	}
	if err := r.Background(context.Background(), nil); err != nil || len(w.got) > 0 {
		t.Errorf("%v, delivered: %v", err, w.got)
	}
	lock.Close()
	late := false
	told := r.Told
	r.Told = func(o Outcome) {
		told(o)
		if !late { // too late for the look that the runner has had at the queue
			late = true
			s2, _ := Open(s.dir)
			w.put(t, s2, "a", "two", "ok@x")
			w.put(t, s2, "gone", "three", "ok@x")
		}
	}
	if err := r.Background(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if w.got["one ok@x"] != 1 || w.got["two ok@x"] != 1 || len(w.got) != 2 {
		t.Errorf("delivered: %v", w.got)
	}
	if due() {
		t.Error("nothing is due any more")
	}
	w.says["ok@x"] = busy("later")
	w.put(t, s, "a", "four", "ok@x")
	if err := r.Background(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if due() {
		t.Error("it is not due yet")
	}
	w.forward(2 * time.Minute)
	if !due() {
		t.Error("it is due by now")
	}
}

// TestTerms: time that was given runs on while a message waits.
func TestTerms(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	var got []message.Terms
	w.seen = func(env *message.Envelope) { got = append(got, env.Terms) }
	put := func(subject string, terms message.Terms) {
		rec := to("ok@x")
		rec.Time, rec.Envelope.Terms = w.now, terms
		m, err := message.Read(strings.NewReader("Subject: "+subject+"\n\ntext\n"), message.ReadOptions{})
		if err == nil {
			_, err = s.Put(rec, m)
		}
		if err != nil {
			t.Fatal(err)
		}
		w.forward(time.Microsecond)
	}
	put("hold", message.Terms{HoldFor: time.Hour})
	put("by", message.Terms{DeliverBy: message.DeliverBy{Within: time.Hour, Return: true}})
	put("notify", message.Terms{DeliverBy: message.DeliverBy{Within: 20 * time.Minute}})
	put("late", message.Terms{DeliverBy: message.DeliverBy{Within: 20 * time.Minute, Return: true}})
	w.forward(30 * time.Minute)
	w.run(t, r, Wanted{})
	half := 30 * time.Minute
	want := []message.Terms{{HoldFor: half}, {DeliverBy: message.DeliverBy{Within: half, Return: true}}, {DeliverBy: message.DeliverBy{Within: time.Second}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if w.got["late ok@x"] != 0 {
		t.Error("what is late was sent")
	}
	w.run(t, r, Wanted{})
	if w.got["failed ann@example.org"] != 1 {
		t.Errorf("nobody was told: %v", w.got)
	}
}

// TestNudge: new mail for an account that is down has it tried, though not for each message.
func TestNudge(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r := w.runner(s)
	r.Policy.Retry = []time.Duration{time.Hour}
	w.down["a"] = true
	w.put(t, s, "a", "one", "ok@x")
	w.run(t, r, Wanted{})
	w.down["a"] = false
	s.Nudge("a", time.Minute) // it was tried just now
	w.forward(30 * time.Second)
	s.Nudge("a", time.Minute)
	w.run(t, r, Wanted{})
	if len(w.got) > 0 {
		t.Errorf("delivered: %v", w.got)
	}
	w.forward(time.Minute)
	s.Nudge("a", time.Minute)
	s.Nudge("b", time.Minute) // which is not down
	w.run(t, r, Wanted{})
	if w.got["one ok@x"] != 1 || waiting(t, s) != 0 {
		t.Errorf("delivered: %v", w.got)
	}
}
