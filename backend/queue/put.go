package queue

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"postern/message"
)

// noDigest holds the place of a digest that isn't known yet.
var noDigest = strings.Repeat("0", 2*sha256.Size)

// Put keeps a message: when it returns without an error the message outlasts a power cut. r says whose it is; Put fills
// in the rest of it. A report has no limits, since it takes the place of a message. Where it fails, nothing is left that could be delivered. The error wraps that of the file system.
func (s *Spool) Put(r Record, msg *message.Message) (id string, err error) {
	r.Version, r.Size, r.Traits, r.Digest = formatVersion, msg.Size(), msg.Traits(), noDigest
	if r.Time.IsZero() {
		r.Time = s.now()
	}
	if s.MaxSize > 0 && r.Size > s.MaxSize && !r.Report {
		return "", fmt.Errorf("queue: %w", ErrTooLarge)
	}
	free, err := s.files.free()
	if err != nil {
		return "", fmt.Errorf("queue: %w", err)
	}
	if free < s.MinFree+r.Size && !r.Report {
		return "", fmt.Errorf("queue: %w", ErrFull)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("queue: %w", err)
	}
	id = newID(s.now(), r.Account)
	tmp := tmpDir + "/" + id
	f, err := s.files.create(tmp)
	if err != nil {
		return "", fmt.Errorf("queue: %w", err)
	}
	err = write(f, line, msg)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = s.files.remove(tmp)
		return "", fmt.Errorf("queue: %w", err)
	}
	name := queueDir + "/" + id
	if err = s.files.rename(tmp, name); err != nil {
		_ = s.files.remove(tmp)
		return "", fmt.Errorf("queue: %w", err)
	}
	if err = s.files.syncDir(queueDir); err != nil {
		// Nobody is promised anything, so it must not be delivered either. If that fails, too, the message may be: whole, and
		// perhaps for a second time.
		_ = s.files.remove(name)
		return "", fmt.Errorf("queue: %w", err)
	}
	return id, nil
}

// write writes the record's line and the message, and then the digest into the place that the line has for it.
func write(f file, line []byte, msg *message.Message) error {
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), msg.Open())
	if err == nil && n != msg.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	at := bytes.LastIndex(line, []byte(noDigest))
	_, err = f.WriteAt([]byte(hex.EncodeToString(sum.Sum(nil))), int64(at))
	return err
}
