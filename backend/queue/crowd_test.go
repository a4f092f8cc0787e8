package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// TestCrowd has two runners, ten who put messages, and one who removes some, at work on one queue: each message goes once, or
// was removed.
func TestCrowd(t *testing.T) {
	s, err := Open(t.TempDir() + "/queue")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	r := w.runner(s)
	r.Policy.Parallel, r.Told = 4, nil
	const early, putters, each = 60, 10, 6
	ids := map[string]string{} // by ID
	for i := range early {
		subject := fmt.Sprint("early", i)
		ids[w.put(t, s, "a", subject, "ok@x")] = subject
	}
	var putting, wait sync.WaitGroup
	removed := map[string]bool{}
	wait.Go(func() {
		for id, subject := range ids {
			switch err := s.Remove(Waiting, id); {
			case err == nil:
				removed[subject+" ok@x"] = true
			case !errors.Is(err, ErrGone) && !errors.Is(err, ErrBusy):
				t.Error(err)
			}
		}
	})
	for n := range putters {
		putting.Go(func() {
			for i := range each {
				w.put(t, s, "b", fmt.Sprint("late", n, ".", i), "ok@x")
			}
		})
	}
	over := make(chan struct{})
	for range 2 {
		wait.Go(func() {
			for more := true; more; {
				select {
				case <-over:
					more = false // and once more, for the last
				default:
				}
				if _, err := r.Run(context.Background(), Wanted{All: true}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	putting.Wait()
	close(over)
	wait.Wait()
	for k, n := range w.got {
		if n != 1 || removed[k] {
			t.Errorf("%s came %d times; removed: %v", k, n, removed[k])
		}
	}
	if got := len(w.got) + len(removed); got != early+putters*each || waiting(t, s) != 0 {
		t.Errorf("%d came, %d were removed, %d wait", len(w.got), len(removed), waiting(t, s))
	}
}
