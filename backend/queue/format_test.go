package queue

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"postern/message"
)

var update = flag.Bool("update", false, "write the files of testdata anew: only with a new formatVersion")

// TestFormat reads a queue as version 1 has written it, and would write it the same: who installs a later version has
// mail in it.
func TestFormat(t *testing.T) {
	submitter := "ann@example.org"
	want := Record{
		Version: 1, Account: "work", Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), UID: 1000, NotUntil: noon.Add(time.Hour),
		Tried: "450 later", Size: int64(len(text)), Traits: message.Traits{EightBit: true},
		Envelope: message.Envelope{
			From: "ann@example.org", To: []string{"bob@example.org", "carol@example.org"}, EightBit: true,
			DSN: message.DSN{Return: "HDRS", ID: "env", For: []message.Wish{{Notify: "NEVER"}, {Original: "c@x"}}},
			Terms: message.Terms{
				RequireTLS: true, HoldFor: time.Minute, DeliverBy: message.DeliverBy{Within: time.Hour, Return: true}, Priority: 3, Submitter: &submitter,
			},
		},
	}
	state := State{Tries: 2, Due: noon.Add(2 * time.Hour), Warned: true, Uncertain: true, Error: "451 still later", Left: []int{1}}
	const id = "0s5zaddf2000sabr000000"
	stored := filepath.Join("testdata", "v1", id)
	if *update {
		dir := t.TempDir() + "/queue"
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		m := newMessage(t)
		made, err := s.Put(want, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.writeState(queueDir, made, state); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", stateSuffix} {
			data, err := os.ReadFile(filepath.Join(dir, queueDir, made+suffix))
			if err == nil {
				err = os.WriteFile(stored+suffix, data, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := t.TempDir() + "/queue"
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", stateSuffix} {
		data, err := os.ReadFile(stored + suffix)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, queueDir, id+suffix), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Claim(id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	want.Digest = c.Record.Digest
	want.Traits = c.Record.Traits
	if !reflect.DeepEqual(c.Record, want) {
		t.Errorf("read  %+v\nwanted %+v", c.Record, want)
	}
	if !reflect.DeepEqual(c.State, state) {
		t.Errorf("read  %+v\nwanted %+v", c.State, state)
	}
	m, err := c.Message()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(m.Open()); err != nil || string(got) != text {
		t.Errorf("%q %v", got, err)
	}
}
