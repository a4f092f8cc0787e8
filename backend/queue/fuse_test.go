package queue

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestFuse is a storm: the first messages go at once, the others one after the other, at the rate.
func TestFuse(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "queue"))
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	s.now = func() time.Time { return now }
	rate := Rate{Messages: 4, Per: time.Hour}
	take := func(names ...string) (time.Duration, bool) {
		got := s.Take(rate, false, names...)
		if got.Until.IsZero() != (got.Over == "") {
			t.Errorf("%+v", got)
		}
		if got.Until.IsZero() {
			return 0, false
		}
		return got.Until.Sub(now), got.First
	}
	expect := func(what string, wait time.Duration, first bool, names ...string) {
		t.Helper()
		if gotWait, gotFirst := take(names...); gotWait.Round(time.Second) != wait || gotFirst != first {
			t.Errorf("%s: waits %v, first %v; want %v, %v", what, gotWait, gotFirst, wait, first)
		}
	}
	for range 4 {
		expect("within the rate", 0, false, "account a", "uid 1")
	}
	expect("the fifth", 15*time.Minute, true, "account a", "uid 1")
	expect("the sixth", 30*time.Minute, false, "account a", "uid 1")
	expect("another account of the same user", 45*time.Minute, true, "account b", "uid 1")
	expect("another user", 0, false, "account b", "uid 2")
	now = now.Add(-365 * 24 * time.Hour) // a clock that jumps back strands nothing
	expect("the past", 60*time.Minute, false, "account b", "uid 1")
	now = now.Add(time.Hour) // those that wait have gone, and nothing is free yet
	expect("when the others have gone", 15*time.Minute, false, "account c", "uid 1")
	now = now.Add(45 * time.Minute)
	expect("when the storm is over", 0, false, "account c", "uid 1")
	expect("still", 0, false, "account c", "uid 1")
	expect("the next storm", 15*time.Minute, true, "account d", "uid 1")
	if got := s.Take(rate, true, "uid 1"); got.Until.Sub(now).Round(time.Second) != 30*time.Minute || got.First {
		t.Errorf("%+v", got)
	}
	expect("one that was refused has taken nothing", 30*time.Minute, false, "uid 1")
}

// TestFuseLetsPass: what is wrong with a bucket stops no message.
func TestFuseLetsPass(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "queue")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	rate := Rate{Messages: 1, Per: time.Hour}
	if err := os.MkdirAll(filepath.Join(dir, rateDir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"empty": "", "garbage": "\x00\x00\x00{", "below": `{"used":-1e9,"at":"2026-01-01T00:00:00Z"}`} {
		if err := os.WriteFile(filepath.Join(dir, rateDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"empty", "garbage", "below", "folder", "../../up"} {
		if got := s.Take(rate, false, name); !got.Until.IsZero() {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := s.Take(rate, false, "garbage"); got.Until.IsZero() {
		t.Error("it counts again")
	}
	if _, err := os.Stat(filepath.Join(dir, "..", "up")); err == nil {
		t.Error("a name is a path")
	}
}

// TestFuseTogether: those who come at once are counted each.
func TestFuseTogether(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "queue"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	var waits, firsts int
	for range 20 {
		wait.Go(func() {
			for range 10 {
				got := s.Take(Rate{Messages: 50, Per: 1000 * time.Hour}, false, "account a", "uid 1")
				mu.Lock()
				if !got.Until.IsZero() {
					waits++
				}
				if got.First {
					firsts++
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if waits != 150 || firsts != 1 {
		t.Errorf("%d wait, %d warnings", waits, firsts)
	}
}
