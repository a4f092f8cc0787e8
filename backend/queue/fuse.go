package queue

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"syscall"
	"time"
)

// rateDir has the buckets, a file each. They are no part of the proof: what a crash or a full disk takes from them is
// forgotten, and stops no message.
const rateDir = "rate"

// Rate is so many messages in a time. As many may come at once; behind them each waits for its share of the time.
type Rate struct {
	Messages int
	Per      time.Duration
}

// Each is how long a message takes up a place.
func (r Rate) Each() time.Duration { return r.Per / time.Duration(r.Messages) }

// bucket is what its file holds. Not the time at which it is empty but how full it was when: so a clock that jumps back
// stops nobody.
type bucket struct {
	Used   float64   `json:"used"` // messages, with those that wait for their turn
	At     time.Time `json:"at"`
	Warned bool      `json:"warned"`
}

// wait is how long a message waits that comes now.
func (b *bucket) wait(r Rate) time.Duration {
	return max(0, time.Duration((b.Used+1-float64(r.Messages))*float64(r.Each())).Truncate(time.Millisecond))
}

// drain takes out what has had its time. Once half of it is free the storm is over.
func (b *bucket) drain(now time.Time, r Rate) {
	b.Used = max(0, b.Used-max(0, float64(now.Sub(b.At))/float64(r.Each())))
	b.At = now
	b.Warned = b.Warned && b.Used > float64(r.Messages)/2
}

// Taken is what counting a message has come to.
type Taken struct {
	Until time.Time // when the message may go; zero is now
	Over  string    // the bucket that is full, where there is one
	First bool      // nobody was told of that yet
}

// Take counts a message in each of the buckets. With onlyNow one that has to wait doesn't count, since it isn't kept.
func (s *Spool) Take(rate Rate, onlyNow bool, names ...string) Taken {
	var all []*bucketFile
	now := s.now()
	t, wait := Taken{}, time.Duration(0)
	for _, name := range names {
		f, err := s.openBucket(name)
		if err != nil {
			continue
		}
		defer f.Close()
		f.drain(now, rate)
		all = append(all, f)
		if w := f.wait(rate); w > wait {
			wait = w
			t.Until, t.Over, t.First = now.Add(w), name, !f.Warned
		}
	}
	for _, f := range all {
		if wait == 0 || !onlyNow {
			f.Used++
		}
		f.Warned = f.Warned || f.name == t.Over
		f.write()
	}
	return t
}

// bucketFile is a bucket that nobody else has.
type bucketFile struct {
	*os.File
	bucket
	name string
}

// openBucket opens a bucket. Where it can't be read it is empty.
func (s *Spool) openBucket(name string) (*bucketFile, error) {
	if err := os.Mkdir(disk(s.dir).path(rateDir), 0o700); err != nil && !os.IsExist(err) {
		return nil, err
	}
	file, err := os.OpenFile(disk(s.dir).path(rateDir+"/"+url.PathEscape(name)), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	f := &bucketFile{File: file, name: name}
	if !(diskFile{file, disk(s.dir)}).lockSoon() {
		file.Close()
		return nil, fmt.Errorf("queue: %s: %w", file.Name(), ErrBusy)
	}
	var text [256]byte
	n, _ := file.ReadAt(text[:], 0)
	if json.Unmarshal(text[:n], &f.bucket) != nil || f.Used < 0 {
		f.bucket = bucket{}
	}
	return f, nil
}

// write puts the bucket in place of the old one.
func (f *bucketFile) write() {
	text, err := json.Marshal(f.bucket)
	if err != nil {
		return
	}
	text = append(text, '\n')
	if n, err := f.WriteAt(text, 0); err == nil {
		_ = f.Truncate(int64(n))
	}
}
