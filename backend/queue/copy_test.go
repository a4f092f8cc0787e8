package queue

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"postern/message"
)

// album keeps copies in memory.
type album struct {
	t      *testing.T
	copies []string
	closed int
	before func() // is called before each copy, or nil
}

func (*album) Wanted(account string) bool { return account == "a" }

func (a *album) Keep(_ context.Context, account string, m *message.Message) {
	if a.before != nil {
		a.before()
	}
	text, err := io.ReadAll(m.Open())
	if err != nil {
		a.t.Error(err)
	}
	subject, _, _ := strings.Cut(string(text), "\r\n")
	a.copies = append(a.copies, account+" "+subject)
}

func (a *album) Close() { a.closed++ }

// TestCopies: a message is copied once, when the first recipient has it, however many tries it takes; what was copied
// before it came, what an account without copies sends, and reports are not.
func TestCopies(t *testing.T) {
	s, w := spoolOn(newCrashDisk()), newWorld()
	r, kept := w.runner(s), &album{t: t}
	r.Copies = kept
	w.says["later@x"], w.says["no@x"] = busy("greylisted"), refused("no such user")
	w.put(t, s, "a", "some have it", "ok@x", "later@x")
	w.put(t, s, "a", "nobody has it", "later@x")
	w.put(t, s, "a", "nobody ever has it", "no@x") // there is a report
	w.put(t, s, "b", "no copies", "ok@x")
	record := to("ok@x")
	record.Account, record.Time, record.Copied = "a", w.now, true
	m, err := message.Read(strings.NewReader("Subject: copied before\n\ntext\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(record, m); err != nil {
		t.Fatal(err)
	}
	record = to("ok@x")
	record.Account, record.Time, record.Envelope.From = "a", w.now, ""
	if _, err := s.Put(record, m); err != nil {
		t.Fatal(err)
	}
	w.run(t, r, Wanted{})
	w.run(t, r, Wanted{})
	if want := []string{"a Subject: some have it"}; !slices.Equal(kept.copies, want) || kept.closed != 2 {
		t.Errorf("after the first tries: %q, closed %d times", kept.copies, kept.closed)
	}
	w.run(t, r, Wanted{All: true}) // still later
	w.says["later@x"] = nil
	w.run(t, r, Wanted{All: true})
	if want := []string{"a Subject: some have it", "a Subject: nobody has it"}; !slices.Equal(kept.copies, want) {
		t.Errorf("after the last: %q", kept.copies)
	}
	if w.got["failed ann@example.org"] != 1 || w.got["copied before ok@x"] != 2 || w.got["some have it ok@x"] != 1 {
		t.Errorf("delivered: %v", w.got)
	}
}

// TestCopyIsNoReason: what is on the disk when a copy is begun says that the message is settled, or that its copy was made.
// A crash there costs the copy, and sends nothing again.
func TestCopyIsNoReason(t *testing.T) {
	disk := newCrashDisk()
	s, w := spoolOn(disk), newWorld()
	r, kept := w.runner(s), &album{t: t}
	r.Copies = kept
	w.says["later@x"] = busy("greylisted")
	id := w.put(t, s, "a", "some have it", "ok@x", "later@x")
	kept.before = func() {
		c, err := s.Claim(id)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Release()
		if !c.State.Copied || !slices.Equal(c.State.Left, []int{1}) {
			t.Errorf("the state is %+v", c.State)
		}
	}
	w.run(t, r, Wanted{})
	if len(kept.copies) != 1 {
		t.Errorf("%q", kept.copies)
	}
}
