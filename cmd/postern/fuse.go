package main

import (
	"fmt"
	"os"
	"time"

	"postern/backend/queue"
	"postern/conf"
	"postern/message"
)

// count counts a message that comes, for its account and for this user, and gives the time when it may go, which is zero
// where that is now. What is wrong with the counting stops no message.
func (m *mailer) count(r *route, msg *message.Message) (time.Time, error) {
	s, err := m.spool()
	if err != nil {
		m.warn(fmt.Errorf("messages are not counted: %w", err))
		return time.Time{}, nil
	}
	off := r.account.Queue == conf.QueueOff
	taken := s.Take(queue.Rate(m.config.Queue.Rate), off, "account "+r.account.Name, fmt.Sprintf("user %d", os.Getuid()))
	if taken.Until.IsZero() {
		return time.Time{}, nil
	}
	over := overRate{m.config.Queue.Rate, taken.Over, taken.Until, off}
	if off {
		return time.Time{}, over
	}
	if taken.First {
		m.warn(over)
		m.note("", r.account.Name, r.env, msg, time.Now(), nil, over)
	}
	return taken.Until, nil
}

// overRate tells that there are too many messages. It is a failure, for now, where the account's queue is off.
type overRate struct {
	rate  conf.Rate
	over  string
	until time.Time
	off   bool
}

func (o overRate) Error() string {
	text := fmt.Sprintf("%s has more messages than queue.rate allows (%s)", o.over, o.rate)
	if o.off {
		return text + ", and the account's queue is off: nothing keeps this one, which could go at " + clock(o.until)
	}
	return text + ": they are kept in the queue and go out at that rate, this one at " + clock(o.until)
}
