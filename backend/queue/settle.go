package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// Retry puts a new state in place of the old one, which says when the message is due again, and gives the message back.
// Where it fails the old state holds.
func (c *Claimed) Retry(st State) error {
	defer c.file.Close()
	if err := c.spool.writeState(queueDir, c.ID, st); err != nil {
		return fmt.Errorf("queue: message %s: %w", c.ID, err)
	}
	return nil
}

func (s *Spool) writeState(dir, id string, st State) error {
	data, err := json.Marshal(st)
	if err != nil {
		return err
	}
	err = s.replace(dir+"/"+id+stateSuffix, append(data, '\n'), func(f file) error {
		if due := st.due(); !due.IsZero() {
			if err := f.setTime(due); err != nil {
				return err
			}
		}
		return f.Sync()
	})
	if err != nil {
		return err
	}
	return s.files.syncDir(dir)
}

// replace puts a file in place of the one that has the name, whole. finish is what its content still needs, or nil.
func (s *Spool) replace(name string, data []byte, finish func(file) error) error {
	tmp := tmpDir + "/" + newID(s.now(), "") + stateSuffix
	f, err := s.files.create(tmp)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && finish != nil {
		err = finish(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = s.files.rename(tmp, name)
	}
	if err != nil {
		_ = s.files.remove(tmp)
	}
	return err
}

// Done takes the message out of the queue: each recipient has a server that took it, or its failure was told.
func (c *Claimed) Done() error { return c.spool.done([]*Claimed{c}) }

// done is Done for several, with one fsync.
func (s *Spool) done(all []*Claimed) error {
	var first error
	note := func(id string, err error) {
		if err != nil && first == nil {
			first = fmt.Errorf("queue: message %s: %w", id, err)
		}
	}
	for _, c := range all {
		defer c.file.Close()
		note(c.ID, s.files.remove(queueDir+"/"+c.ID))
	}
	if note(all[0].ID, s.files.syncDir(queueDir)); first != nil {
		return first
	}
	for _, c := range all {
		if err := s.files.remove(queueDir + "/" + c.ID + stateSuffix); !gone(err) {
			note(c.ID, err)
		}
	}
	return first
}

// Fail moves the message to failed/, where the user finds it, with the state that says why.
func (c *Claimed) Fail(st State) error {
	defer c.file.Close()
	err := c.spool.writeState(queueDir, c.ID, st)
	if err == nil {
		err = c.spool.move(c.ID, queueDir, failedDir)
	}
	if err != nil {
		return fmt.Errorf("queue: message %s: %w", c.ID, err)
	}
	return nil
}

// Damaged moves the message to corrupt/.
func (c *Claimed) Damaged() error {
	defer c.file.Close()
	if err := c.spool.move(c.ID, queueDir, corruptDir); err != nil {
		return fmt.Errorf("queue: message %s: %w", c.ID, err)
	}
	return nil
}

// move moves a message, and its state if there is one. The message counts, and goes first: a state without it is garbage
// where it stands in q/, and Sweep takes it along to where its message is.
func (s *Spool) move(id, from, to string) error {
	if err := s.moveFile(id, from, to); err != nil {
		return err
	}
	if err := s.moveFile(id+stateSuffix, from, to); err != nil && !gone(err) {
		return err
	}
	return nil
}

// moveFile gives a file its new name before it takes the old one away: a rename between folders may come to the disk by
// halves.
func (s *Spool) moveFile(name, from, to string) error {
	err := s.files.link(from+"/"+name, to+"/"+name)
	if errors.Is(err, fs.ErrExist) { // begun before a crash
		if err = s.files.remove(to + "/" + name); err == nil {
			err = s.files.link(from+"/"+name, to+"/"+name)
		}
	}
	if err == nil {
		err = s.files.syncDir(to)
	}
	if err == nil {
		err = s.files.remove(from + "/" + name)
	}
	if err == nil {
		err = s.files.syncDir(from)
	}
	return err
}

// Revive takes a message of failed/ back into the queue, for those who were given up and whoever is left. It is due at once.
// The error is as that of Claim.
func (s *Spool) Revive(id string) error {
	c, err := s.claim(failedDir, id)
	if err != nil {
		return err
	}
	defer c.file.Close()
	st := c.State
	for _, f := range st.Failures {
		st.Left = append(st.Left, f.To)
	}
	st.Failures, st.Due, st.Held = nil, s.now(), false
	// The state goes first: a message without it would go to everybody once more. Until the message follows, Sweep takes
	// the state back.
	if err := s.writeState(queueDir, id, st); err != nil {
		return fmt.Errorf("queue: message %s: %w", id, err)
	}
	err = s.moveFile(id, failedDir, queueDir)
	if err == nil {
		if err = s.files.remove(failedDir + "/" + id + stateSuffix); gone(err) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("queue: message %s: %w", id, err)
	}
	return nil
}
