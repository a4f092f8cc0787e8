package queue

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"postern/message"
)

// maxRecord bounds a record: it has all recipients.
const maxRecord = 64 << 20

// Claimed is a message that no other process works on, until one of Retry, Done, Fail, Damaged or Release.
type Claimed struct {
	ID     string
	Record Record
	State  State
	spool  *Spool
	file   file
	begin  int64 // of the message within the file
	begun  time.Time

	hopeless bool // it is given up without another try
}

// DamagedError is a message whose files can't be what Put has written. It has been set aside.
type DamagedError struct {
	ID, Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("queue: message %s is damaged (%s), and set aside in %s/", e.ID, e.Reason, corruptDir)
}

// errDamaged is the reason of a DamagedError that is still to be made.
type errDamaged string

func (e errDamaged) Error() string { return string(e) }

// errLater is a file of a later version, which only a later program can judge.
var errLater = errors.New("it comes from a later version of postern")

// Claim takes a message of q/. The error is ErrGone, ErrBusy, a *DamagedError, or that of the file system.
func (s *Spool) Claim(id string) (*Claimed, error) { return s.claim(queueDir, id) }

func (s *Spool) claim(dir, id string) (*Claimed, error) {
	name := dir + "/" + id
	f, err := s.files.open(name)
	if gone(err) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	c := &Claimed{ID: id, spool: s, file: f, begun: s.now()}
	if err = c.lock(name); err == nil {
		err = c.read(dir)
	}
	var bad errDamaged
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &bad) && dir == queueDir:
		if err := c.Damaged(); err != nil {
			return nil, err
		}
		return nil, &DamagedError{id, string(bad)}
	case errors.Is(err, ErrBusy), errors.Is(err, ErrGone):
	default:
		err = fmt.Errorf("queue: message %s: %w", id, err)
	}
	f.Close()
	return nil, err
}

func (c *Claimed) lock(name string) error {
	got, err := c.file.lock()
	if err != nil {
		return err
	}
	if !got {
		return ErrBusy
	}
	here, err := c.file.named(name)
	if err == nil && !here { // whoever had the lock has settled it
		return ErrGone
	}
	return err
}

// read reads record and state, and judges whether the message is what was put there.
func (c *Claimed) read(dir string) (err error) {
	if c.Record, c.begin, err = readRecord(c.file); err != nil {
		return err
	}
	total, err := c.file.size()
	if err != nil {
		return err
	}
	if total != c.begin+c.Record.Size {
		return errDamaged(fmt.Sprintf("%d octets in place of %d", total, c.begin+c.Record.Size))
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(c.file, c.begin, c.Record.Size)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != c.Record.Digest {
		return errDamaged("its digest is another")
	}
	c.State, err = c.spool.readState(dir, c.ID, &c.Record)
	return err
}

// readRecord reads the first line of a message's file, and tells where the message begins.
func readRecord(f file) (r Record, begin int64, err error) {
	total, err := f.size()
	if err != nil {
		return r, 0, err
	}
	in := bufio.NewReader(io.NewSectionReader(f, 0, min(total, maxRecord)))
	line, err := in.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return r, 0, errDamaged("no record")
	}
	if err != nil {
		return r, 0, err
	}
	var only struct{ Version int }
	if err := json.Unmarshal(line, &only); err != nil {
		return r, 0, errDamaged("no record")
	}
	if only.Version > formatVersion {
		return r, 0, errLater
	}
	if err := json.Unmarshal(line, &r); err != nil || r.Size < 0 || len(r.Envelope.To) == 0 {
		return r, 0, errDamaged("no record")
	}
	return r, int64(len(line)), nil
}

// readState is the state of a message. One that was never tried has all recipients left, and so has one whose state can't be
// read: sent twice is better than lost.
func (s *Spool) readState(dir, id string, r *Record) (State, error) {
	st := State{Due: r.NotUntil, Error: r.Tried}
	for i := range r.Envelope.To {
		st.Left = append(st.Left, i)
	}
	f, err := s.files.open(dir + "/" + id + stateSuffix)
	if gone(err) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	defer f.Close()
	total, err := f.size()
	if err != nil {
		return st, err
	}
	var read State
	data := make([]byte, min(total, maxRecord))
	if _, err := f.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return st, err
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return st, nil
	}
	places := read.Left
	for _, f := range read.Failures {
		places = append(places, f.To)
	}
	for _, i := range places {
		if i < 0 || i >= len(r.Envelope.To) {
			return st, nil
		}
	}
	if len(places) == 0 { // it was never written so, and would have the message taken away
		return st, nil
	}
	return read, nil
}

// Message is the message as it was put. It is to be closed, and the claim to be settled after that.
func (c *Claimed) Message() (*message.Message, error) {
	return message.Stored(open{c.file}, c.begin, c.Record.Size, c.Record.Traits)
}

// open is a file that stays open, since its lock is the claim.
type open struct{ file }

func (open) Close() error { return nil }

// Release gives the message back as it is.
func (c *Claimed) Release() { c.file.Close() }
