package queue

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOnDisk is the life of a message on a real disk: what is in the files, their modes, the locks.
func TestOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "queue")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Put(to("x@example.org", "y@example.org"), newMessage(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "q": 0o700, "q/" + id: 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	c, err := s.Claim(id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(id); !errors.Is(err, ErrBusy) {
		t.Errorf("claimed twice: %v", err)
	}
	due := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	if err := c.Retry(State{Tries: 1, Due: due, Left: []int{1}, Error: "450 later"}); err != nil {
		t.Fatal(err)
	}
	var entries []Entry
	if err := s.Entries(func(e Entry) error { entries = append(entries, e); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].ID != id || !entries[0].Due.Equal(due) {
		t.Errorf("%+v, want %v", entries, due)
	}
	if d := time.Since(cameAt(id)); d < 0 || d > time.Minute {
		t.Errorf("came %v ago", d)
	}
	if c, err = s.Claim(id); err != nil || len(c.State.Left) != 1 || c.State.Error != "450 later" {
		t.Fatalf("%+v %v", c, err)
	}
	m, err := c.Message()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(m.Open()); err != nil || string(got) != text {
		t.Errorf("%q %v", got, err)
	}
	if err := c.Fail(State{Failures: []Failure{{1, "no"}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Revive(id); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Claim(id); err != nil || len(c.State.Left) != 1 {
		t.Fatalf("%+v %v", c, err)
	}
	if err := c.Done(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(id); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"tmp", "q", "failed", "corrupt"} {
		if left, _ := os.ReadDir(filepath.Join(dir, folder)); len(left) > 0 {
			t.Errorf("%s has %v", folder, left)
		}
	}
}

// TestOpenRefuses has folders that are none for a queue.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "chmod 700 "+dir) {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkPut has a message of 2 KB kept: a file and a folder are synced.
func BenchmarkPut(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	m := newMessage(b)
	for b.Loop() {
		if _, err := s.Put(to("x@example.org"), m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEntries looks at 100,000 messages.
func BenchmarkEntries(b *testing.B) {
	dir := b.TempDir()
	s, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	for range 100_000 {
		if err := os.WriteFile(filepath.Join(dir, "q", newID(time.Now(), "a")), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	r := &run{Runner: &Runner{Spool: s}, ctx: context.Background(), started: time.Now()}
	for b.Loop() {
		if lists, more, err := r.due(map[string]string{}); err != nil || !more || len(lists) != 1 {
			b.Fatal(err)
		}
	}
}
