package conf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Queue is the [queue] table.
type Queue struct {
	Dir       string     `toml:"dir"`
	Retry     []Duration `toml:"retry"`      // the pauses between tries; the last one repeats
	GiveUp    Duration   `toml:"give_up"`    // the age at which a message is given up
	WarnAfter Duration   `toml:"warn_after"` // the age at which its sender is told of the delay
	Parallel  int        `toml:"parallel"`   // connections of an account at a time
	MaxSize   Size       `toml:"max_size"`   // of a message that is kept; zero is no limit
	MinFree   Size       `toml:"min_free"`   // that the file system has to have besides
	Rate      Rate       `toml:"rate"`       // how many messages an account and a user may send; zero is no limit
}

// What an account's queue key can be. Unset is as QueueOff, but for sendmail -odq.
const (
	QueueOff      = "off"      // the exit status tells what the server said
	QueueFallback = "fallback" // tried now, and kept where that fails for now
	QueueAlways   = "always"   // kept first, and delivered in the background
)

// rootQueue is root's, where mail programs look for queues.
const rootQueue = "/var/spool/postern"

// completeQueue fills in what the files leave open of the queue, and judges it.
func (c *Config) completeQueue() error {
	q := &c.Queue
	if q.Dir == "" {
		q.Dir = filepath.Join(StateDir(), "queue")
		if os.Getuid() == 0 && !filepath.IsAbs(os.Getenv("XDG_STATE_HOME")) {
			q.Dir = rootQueue
		}
	}
	if len(q.Retry) == 0 {
		for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour} {
			q.Retry = append(q.Retry, Duration(d))
		}
	}
	for value, usual := range map[*Duration]time.Duration{&q.GiveUp: 5 * 24 * time.Hour, &q.WarnAfter: 4 * time.Hour} {
		if *value == 0 {
			*value = Duration(usual)
		}
	}
	if q.Parallel == 0 {
		q.Parallel = 4
	}
	if q.Parallel < 1 || q.Parallel > 100 {
		return c.errorf("queue.parallel", "%d is not from 1 to 100", q.Parallel)
	}
	if q.MinFree == 0 {
		q.MinFree = 32 << 20
	}
	return nil
}

// MaxUndo bounds undo: a process waits for its end.
const MaxUndo = time.Hour

// checkQueue judges what an account says of the queue.
func (a *Account) checkQueue() error {
	switch a.Queue {
	case "", QueueOff:
		if a.Undo > 0 {
			return a.Errorf("undo", "a message is kept in the queue for that long: set queue to %q or %q", QueueFallback, QueueAlways)
		}
	case QueueFallback, QueueAlways:
	default:
		return a.Errorf("queue", "%q is none of off, fallback, always", a.Queue)
	}
	if time.Duration(a.Undo) > MaxUndo {
		return a.Errorf("undo", "%v is more than %v; sendmail --at is for later", time.Duration(a.Undo), MaxUndo)
	}
	return nil
}

// Size is a number of octets as people write it: "500K", "20M", "2G", by 1024.
type Size int64

// UnmarshalText reads a number, perhaps with a unit.
func (s *Size) UnmarshalText(text []byte) error {
	digits := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(string(text)), "B"), "I")
	shift := 0
	if i := strings.IndexAny(digits, "KMGT"); i >= 0 && i == len(digits)-1 {
		shift, digits = 10*(1+strings.IndexByte("KMGT", digits[i])), digits[:i]
	}
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil || n <= 0 || n > 1<<62>>shift {
		return fmt.Errorf("%q is no size such as \"500K\", \"20M\" or \"2G\"", text)
	}
	*s = Size(n << shift)
	return nil
}

// Rate is a number of messages in a time, as people write it: "100/h".
type Rate struct {
	Messages int
	Per      time.Duration
}

// rateUnits are the lengths of time that a rate can be in.
func rateUnits() map[string]time.Duration {
	return map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
}

// String is the rate as it was written.
func (r Rate) String() string {
	for unit, per := range rateUnits() {
		if per == r.Per {
			return fmt.Sprintf("%d/%s", r.Messages, unit)
		}
	}
	return ""
}

var errRate = errors.New("should be a number of messages in a time, such as \"100/h\", \"10/m\" or \"500/d\"")

// UnmarshalText reads "100/h".
func (r *Rate) UnmarshalText(text []byte) error {
	number, per, _ := strings.Cut(string(text), "/")
	unit := rateUnits()[per]
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || unit == 0 {
		return errRate
	}
	*r = Rate{n, unit}
	return nil
}
