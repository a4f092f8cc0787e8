package receipt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"postern/conf"
)

const (
	// patience is how long a log may take nothing: a program that hangs must not hold up mail.
	patience = time.Second
	// pause is how long one that has used it up is left alone.
	pause = 10 * time.Second
)

// Log is where receipts go. It opens what it writes to for each of them, so that a log may be moved away at any time. It
// is for any number of goroutines.
type Log struct {
	to       conf.Log
	stderr   io.Writer
	complain func(error)

	mu    sync.Mutex
	told  bool      // that it can't be written
	since time.Time // when it last used up the patience
}

// New is the log that the configuration asks for, or nil. complain is told, once, why it can't be written.
func New(to conf.Log, stderr io.Writer, complain func(error)) *Log {
	if !to.On() {
		return nil
	}
	return &Log{to: to, stderr: stderr, complain: complain}
}

// Write adds a receipt.
func (l *Log) Write(r Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !l.since.IsZero() && now.Sub(l.since) < pause {
		return
	}
	r.Time, r.PID = now.UTC().Format("2006-01-02T15:04:05.000Z"), os.Getpid()
	err := l.write(&r, now)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.since = now
	}
	if err != nil && !l.told {
		l.told = true
		l.complain(fmt.Errorf("log: %w", err))
	}
}

func (l *Log) write(r *Receipt, now time.Time) error {
	switch l.to.To {
	case "file":
		return toFile(l.to.Path, r)
	case "syslog":
		return toSyslog(l.to.Path, r, now)
	case "journal":
		return toJournal(l.to.Path, r)
	}
	_, err := io.WriteString(l.stderr, r.String()+"\n")
	return err
}
