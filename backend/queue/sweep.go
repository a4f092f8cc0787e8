package queue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// garbageAge is how old a file in tmp/ is that nobody writes any more.
const garbageAge = 36 * time.Hour

// Entry is a message of q/ as far as the names in it tell.
type Entry struct {
	ID  string
	Due time.Time // zero where it was never tried
}

// Held tells whether the message waits for the user.
func (e Entry) Held() bool { return e.Due.Equal(never) }

// Entries gives the messages of q/, in the order in which they came. Only names are read, and the times of those that were
// tried.
func (s *Spool) Entries(each func(Entry) error) error {
	var ids []string
	tried := map[string]bool{}
	err := s.files.list(queueDir, func(name string) error {
		if id, isState := strings.CutSuffix(name, stateSuffix); isState {
			tried[id] = true
		} else if IsID(name) {
			ids = append(ids, name)
		}
		return nil
	})
	slices.Sort(ids)
	for _, id := range ids {
		e := Entry{ID: id}
		if err == nil && tried[id] {
			e.Due, err = s.files.time(queueDir + "/" + id + stateSuffix)
			if gone(err) {
				err = nil
			}
		}
		if err == nil {
			err = each(e)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// Sweep ends what a crash has left half done: it removes what nobody writes any more, and states without their message.
// The error is the first of several: what can't be removed is in nobody's way.
func (s *Spool) Sweep() error {
	var first error
	note := func(err error) error {
		if first == nil && err != nil && !gone(err) {
			first = err
		}
		return nil
	}
	_ = note(s.files.list(tmpDir, func(name string) error {
		at, err := s.files.time(tmpDir + "/" + name)
		// A state's time is when its message is due, so the age of one is unknown; it is garbage once that is long past.
		if err == nil && s.now().Sub(at) > garbageAge {
			err = s.files.remove(tmpDir + "/" + name)
		}
		return note(err)
	}))
	_ = note(s.files.list(queueDir, func(name string) error {
		id, isState := strings.CutSuffix(name, stateSuffix)
		if !isState || !IsID(id) {
			return nil
		}
		return note(s.sweepState(id))
	}))
	if first != nil {
		return fmt.Errorf("queue: %w", first)
	}
	return nil
}

// sweepState removes a state of q/ whose message is not there, or takes it to where the message is.
func (s *Spool) sweepState(id string) error {
	if s.waits(id) {
		return nil
	}
	name := queueDir + "/" + id + stateSuffix
	for _, dir := range []string{failedDir, corruptDir} {
		f, err := s.files.open(dir + "/" + id)
		if gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		defer f.Close()
		c := &Claimed{ID: id, spool: s, file: f}
		if err = c.lock(dir + "/" + id); err == nil && !s.waits(id) {
			err = s.moveFile(id+stateSuffix, queueDir, dir)
		}
		if gone(err) || errors.Is(err, ErrBusy) || errors.Is(err, ErrGone) { // whoever moves the message moves the state
			return nil
		}
		return err
	}
	if s.waits(id) { // it was moved here since the first look
		return nil
	}
	if err := s.files.remove(name); err != nil && !gone(err) {
		return err
	}
	return nil
}

// waits tells whether a message may be in q/.
func (s *Spool) waits(id string) bool {
	_, err := s.files.time(queueDir + "/" + id)
	return !gone(err)
}
