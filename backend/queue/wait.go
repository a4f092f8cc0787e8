package queue

import (
	"context"
	"time"
)

// Soon tells whether there is something to do within patience, as far as SetNext knows, and nobody waits for that.
func (s *Spool) Soon(patience time.Duration) bool {
	if !s.within(patience) {
		return false
	}
	lock, err := s.only(waitName)
	lock.Close()
	return err == nil && lock != nil
}

// within tells whether there is something to do by then.
func (s *Spool) within(patience time.Duration) bool {
	at, err := s.files.time(nextName)
	return err == nil && patience > 0 && !at.After(s.now().Add(patience))
}

// Await is Background, again and again, as long as there is something to do within patience: a message that is kept for a
// moment goes out though nobody calls. One process waits at a time. pause waits between two looks; its error ends the
// waiting.
func (r *Runner) Await(ctx context.Context, patience time.Duration, pause func() error) error {
	for r.Spool.within(patience) {
		lock, err := r.Spool.only(waitName)
		if err != nil || lock == nil {
			return err
		}
		err = r.await(ctx, patience, pause)
		lock.Close()
		if err != nil {
			return err
		}
		// Who has come meanwhile and found somebody waiting is seen to by one more look.
	}
	return nil
}

func (r *Runner) await(ctx context.Context, patience time.Duration, pause func() error) error {
	for r.Spool.within(patience) {
		// Looking often costs little, and a machine that sleeps or a clock that jumps needs no thought.
		if err := pause(); err != nil {
			return err
		}
		if lock := r.Spool.Due(); lock != nil {
			if err := r.Background(ctx, lock); err != nil {
				return err
			}
		}
	}
	return nil
}
