package queue

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"postern/message"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func spoolOn(d *crashDisk) *Spool {
	return &Spool{files: d, dir: "memory", now: func() time.Time { return noon }}
}

const text = "From: ann@example.org\r\nSubject: x\r\n\r\nhello\r\n"

func newMessage(t testing.TB) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader(text), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func to(names ...string) Record {
	return Record{Account: "a", Envelope: message.Envelope{From: "ann@example.org", To: names}, Time: noon}
}

// known is what the caller was told, and what it has therefore promised.
type known struct {
	kept    map[string]bool   // IDs that Put or Revive has returned, and that are not settled
	settled map[string]bool   // Done has returned
	left    map[string][]int  // by Retry, the latest that has returned
	next    map[string][]int  // the same, that may have begun
	ending  map[string]bool   // Done may have begun
	where   map[string]string // the folder, by Fail
}

// life is a run of the queue with all moves, which notes what it was told.
func life(t *testing.T, s *Spool, k *known) {
	put := func(r Record) string {
		id, err := s.Put(r, newMessage(t))
		if err == nil {
			k.kept[id] = true
		}
		return id
	}
	work := func(id string, settle func(*Claimed) error) {
		c, err := s.Claim(id)
		if err == nil {
			_ = settle(c)
		}
	}
	retry := func(id string, left ...int) {
		k.next[id] = left
		work(id, func(c *Claimed) error {
			err := c.Retry(State{Tries: c.State.Tries + 1, Due: noon.Add(time.Minute), Left: left})
			if err == nil {
				k.left[id] = left
			}
			return err
		})
	}
	done := func(id string) {
		k.ending[id] = true
		work(id, func(c *Claimed) error {
			err := c.Done()
			if err == nil {
				delete(k.kept, id)
				k.settled[id] = true
			}
			return err
		})
	}
	a := put(to("x@example.org", "y@example.org", "z@example.org"))
	retry(a, 1, 2)
	b := put(to("x@example.org", "y@example.org"))
	retry(a, 2)
	done(a)
	retry(b, 1)
	k.next[b] = nil
	work(b, func(c *Claimed) error {
		return c.Fail(State{Failures: []Failure{{1, "no"}}})
	})
	k.next[b] = []int{1}
	_ = s.Revive(b)
	done(b)
	_ = s.Sweep()
}

// check looks at a disk as a later run finds it.
func check(t *testing.T, d, after *crashDisk, k *known) {
	t.Helper()
	found := func(format string, args ...any) {
		t.Helper()
		t.Fatalf(format+"\n%s", append(args, after)...)
	}
	s := spoolOn(after)
	if err := s.Sweep(); err != nil {
		found("sweep: %v", err)
	}
	there := map[string]bool{}
	for _, dir := range []string{queueDir, failedDir} {
		var ids []string
		_ = after.list(dir, func(name string) error {
			if IsID(name) {
				ids = append(ids, name)
			}
			return nil
		})
		for _, id := range ids {
			c, err := s.claim(dir, id)
			if err != nil {
				found("%s/%s: %v", dir, id, err)
			}
			m, err := c.Message()
			if err != nil {
				found("%s/%s: %v", dir, id, err)
			}
			if got, err := io.ReadAll(m.Open()); err != nil || string(got) != text {
				found("%s/%s: %v, %q", dir, id, err, got)
			}
			there[id] = true
			if k.settled[id] && (dir == queueDir || d.failAt == 0) { // a failed call may leave it to the user
				found("%s/%s is back", dir, id)
			}
			for _, i := range k.left[id] {
				if !contains(c.State.Left, i) && !failed(c.State, i) && contains(k.next[id], i) {
					found("%s/%s has lost recipient %d: %+v", dir, id, i, c.State)
				}
			}
			c.Release()
		}
	}
	for id := range k.kept {
		if !there[id] && !k.ending[id] {
			found("%s is lost", id)
		}
	}
	bad := 0
	_ = after.list(corruptDir, func(string) error { bad++; return nil })
	if bad > 0 {
		found("a message is damaged")
	}
}

func contains(list []int, n int) bool {
	for _, i := range list {
		if i == n {
			return true
		}
	}
	return false
}

func failed(st State, n int) bool {
	for _, f := range st.Failures {
		if f.To == n {
			return true
		}
	}
	return false
}

func newKnown() *known {
	return &known{
		map[string]bool{}, map[string]bool{}, map[string][]int{}, map[string][]int{}, map[string]bool{}, map[string]string{},
	}
}

// TestCrashes ends the machine before each call of a queue's life, with every prefix of what was not synced.
func TestCrashes(t *testing.T) {
	whole := newCrashDisk()
	life(t, spoolOn(whole), newKnown())
	if whole.steps < 60 {
		t.Fatalf("%d steps are no life", whole.steps)
	}
	disks := 0
	for at := 1; at <= whole.steps+1; at++ {
		d, k := newCrashDisk(), newKnown()
		d.crashAt = at
		func() {
			defer func() {
				if r := recover(); r != nil && r != any(crash{}) {
					panic(r)
				}
			}()
			life(t, spoolOn(d), k)
		}()
		d.outcomes(func(after *crashDisk) {
			disks++
			check(t, d, after, k)
		})
	}
	t.Logf("%d steps, %d disks", whole.steps, disks)
}

// TestFailures has each call fail once, and then the machine end at the end.
func TestFailures(t *testing.T) {
	whole := newCrashDisk()
	life(t, spoolOn(whole), newKnown())
	for at := 1; at <= whole.steps; at++ {
		d, k := newCrashDisk(), newKnown()
		d.failAt, d.failure = at, errDiskFull
		life(t, spoolOn(d), k)
		d.outcomes(func(after *crashDisk) { check(t, d, after, k) })
	}
}

// TestDamage sets aside what is not what was put, and keeps all else.
func TestDamage(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"cut":         func(b []byte) []byte { return b[:len(b)-1] },
		"longer":      func(b []byte) []byte { return append(b, 'x') },
		"a bit":       func(b []byte) []byte { b[len(b)-3] ^= 1; return b },
		"empty":       func([]byte) []byte { return nil },
		"no record":   func(b []byte) []byte { return []byte("hello\n") },
		"other JSON":  func([]byte) []byte { return []byte("[1]\n") },
		"zeros":       func(b []byte) []byte { return make([]byte, len(b)) },
		"no envelope": func([]byte) []byte { return []byte("{\"version\":1}\n") },
	} {
		t.Run(name, func(t *testing.T) {
			d := newCrashDisk()
			s := spoolOn(d)
			id, err := s.Put(to("x@example.org"), newMessage(t))
			if err != nil {
				t.Fatal(err)
			}
			node := d.folders[queueDir].now()[id]
			node.synced, node.writes = damage(node.after(len(node.writes))), nil
			_, err = s.Claim(id)
			var damaged *DamagedError
			if !errors.As(err, &damaged) || damaged.ID != id {
				t.Fatalf("got %v", err)
			}
			if d.folders[corruptDir].now()[id] == nil {
				t.Error("it is not set aside")
			}
			if _, err = s.Claim(id); !errors.Is(err, ErrGone) {
				t.Errorf("then %v", err)
			}
		})
	}
}

// TestBounds: what is too much is not kept, and leaves nothing behind.
func TestBounds(t *testing.T) {
	d := newCrashDisk()
	s := spoolOn(d)
	s.MaxSize = int64(len(text)) - 1
	if _, err := s.Put(to("x@example.org"), newMessage(t)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	s.MaxSize, s.MinFree, d.left = 0, 1000, 1000
	if _, err := s.Put(to("x@example.org"), newMessage(t)); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	for dir, f := range d.folders {
		if len(f.now()) > 0 {
			t.Errorf("%s has %v", dir, f.now())
		}
	}
}
