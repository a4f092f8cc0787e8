package queue

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// Where a message is.
type Where string

// The places of a message.
const (
	Waiting Where = queueDir
	Failed  Where = failedDir  // given up, and nobody could be told
	Corrupt Where = corruptDir // damaged
)

// Listed is a message as it is now.
type Listed struct {
	ID     string
	Where  Where
	Record Record
	State  State
	Err    error // of a message that can't be read
}

// Left are the recipients that have no fate yet, or whose failure nobody was told of.
func (l *Listed) Left() (to []string) {
	for _, i := range l.State.Left {
		to = append(to, l.Record.Envelope.To[i])
	}
	for _, f := range l.State.Failures {
		to = append(to, l.Record.Envelope.To[f.To])
	}
	return to
}

// List gives all messages, the oldest first within each place. Those that end meanwhile are left out.
func (s *Spool) List(each func(Listed) error) error {
	for _, where := range []Where{Waiting, Failed, Corrupt} {
		var ids []string
		err := s.files.list(string(where), func(name string) error {
			if IsID(name) {
				ids = append(ids, name)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("queue: %w", err)
		}
		slices.Sort(ids)
		for _, id := range ids {
			l, err := s.Look(where, id)
			if errors.Is(err, ErrGone) {
				continue
			}
			if err == nil {
				err = each(l)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// GivenUp is how many messages wait for somebody to look after them: in failed/ and corrupt/.
func (s *Spool) GivenUp() (n int) {
	for _, where := range []Where{Failed, Corrupt} {
		_ = s.files.list(string(where), func(name string) error { // where there is no folder there is no message
			if IsID(name) {
				n++
			}
			return nil
		})
	}
	return n
}

// Look reads what is known of a message, which is left as it is. The error is ErrGone; whatever else is wrong is in
// Listed.Err.
func (s *Spool) Look(where Where, id string) (Listed, error) {
	l := Listed{ID: id, Where: where}
	f, err := s.files.open(string(where) + "/" + id)
	if gone(err) {
		return l, ErrGone
	}
	if err != nil { // one that can't be opened must not hide the others
		l.Err = err
		return l, nil
	}
	defer f.Close()
	if l.Record, _, l.Err = readRecord(f); l.Err == nil {
		l.State, l.Err = s.readState(string(where), id, &l.Record)
	}
	return l, nil
}

// Find is the one message whose ID begins or ends so.
func (s *Spool) Find(part string) (Listed, error) {
	var found []Listed
	for _, where := range []Where{Waiting, Failed, Corrupt} {
		err := s.files.list(string(where), func(name string) error {
			if IsID(name) && part != "" && (name[:min(len(part), idLength)] == part || name[max(0, idLength-len(part)):] == part) {
				found = append(found, Listed{ID: name, Where: where})
			}
			return nil
		})
		if err != nil && !gone(err) { // where nothing was ever kept there is no queue
			return Listed{}, fmt.Errorf("queue: %w", err)
		}
	}
	switch len(found) {
	case 0:
		return Listed{}, fmt.Errorf("queue: message %q: %w", part, ErrGone)
	case 1:
		return s.Look(found[0].Where, found[0].ID)
	}
	return Listed{}, fmt.Errorf("queue: %q stands for %d messages, such as %s and %s", part, len(found), found[0].ID, found[1].ID)
}

// Change replaces the state of a waiting message as change says; its error leaves all as it was. The error is as that of Claim.
func (s *Spool) Change(id string, change func(*State) error) error {
	c, err := s.Claim(id)
	if err != nil {
		return err
	}
	st := c.State
	if err := change(&st); err != nil {
		c.Release()
		return err
	}
	return c.Retry(st)
}

// Remove takes a message away for good, from wherever it is. The error is as that of Claim.
func (s *Spool) Remove(where Where, id string) error {
	name := string(where) + "/" + id
	f, err := s.files.open(name)
	if gone(err) {
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	defer f.Close()
	c := &Claimed{ID: id, spool: s, file: f}
	if err = c.lock(name); err == nil {
		err = s.files.remove(name)
	}
	if err == nil {
		err = s.files.syncDir(string(where))
	}
	if err == nil {
		if err = s.files.remove(name + stateSuffix); gone(err) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrGone) {
		return fmt.Errorf("queue: message %s: %w", id, err)
	}
	return err
}

// Text is a message as it would be sent; of one whose record can't be read, all that is in its file. The error is ErrGone, or
// that of the file system.
func (s *Spool) Text(l Listed) (io.ReadCloser, error) {
	f, err := s.files.open(string(l.Where) + "/" + l.ID)
	if gone(err) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	begin := int64(0)
	if l.Err == nil {
		_, begin, err = readRecord(f)
	}
	total, failed := f.size()
	if err = errors.Join(err, failed); err != nil {
		f.Close()
		return nil, fmt.Errorf("queue: message %s: %w", l.ID, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, begin, total-begin), f}, nil
}
