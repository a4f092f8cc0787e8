package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"postern/backend"
	"postern/backend/queue"
	"postern/conf"
	"postern/message"
)

// keepError is a message that can't be kept: the caller has it still.
type keepError struct{ error }

func (e keepError) Unwrap() error { return e.error }

// status is the exit status: what the disk may take later is temporary.
func (e keepError) status() int {
	for status, causes := range map[int][]error{
		exDataErr:   {queue.ErrTooLarge},
		exCantCreat: {syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.ENOENT, syscall.ENOTDIR, syscall.EEXIST, syscall.ELOOP},
		exIOErr:     {syscall.EIO},
	} {
		for _, cause := range causes {
			if errors.Is(e, cause) {
				return status
			}
		}
	}
	return exTempFail
}

// queueing is what becomes of a message by an account: one of conf.QueueOff, QueueFallback and QueueAlways. -odi, -odb
// and -odq overrule the account, but for one whose queue is off; where nothing is said of a queue, only -odq has one.
func (inv *invocation) queueing(a *conf.Account) string {
	mode := cmp.Or(a.Queue, conf.QueueOff)
	switch inv.delivery {
	case deliverNow:
		if mode == conf.QueueAlways {
			mode = conf.QueueFallback
		}
	case deliverLater:
		if mode != conf.QueueOff {
			mode = conf.QueueAlways
		}
	case queueOnly:
		if a.Queue != conf.QueueOff {
			return conf.QueueAlways
		}
	}
	return mode
}

// spool opens the queue.
func (m *mailer) spool() (*queue.Spool, error) {
	if m.queue == nil {
		s, err := queue.Open(m.config.Queue.Dir)
		if err != nil {
			return nil, keepError{err}
		}
		s.MaxSize, s.MinFree = int64(m.config.Queue.MaxSize), int64(m.config.Queue.MinFree)
		m.queue = s
	}
	return m.queue, nil
}

// keep puts a message into the queue, for the recipients of env, which are some of the route's. It is due then, or at once
// where that is zero. tried is the failure of a first try, or nil. The queue makes the copy in Sent, unless another does.
func (m *mailer) keep(route *route, env *message.Envelope, msg *message.Message, due time.Time, tried error) (id string, err error) {
	a := route.account
	s, err := m.spool()
	if err != nil {
		return "", err
	}
	r := queue.Record{Account: a.Name, Envelope: *env, Time: time.Now(), UID: os.Getuid(), NotUntil: due, Copied: route.copied}
	if tried != nil {
		r.Tried = tried.Error()
	}
	if id, err = s.Put(r, msg); err != nil {
		return "", keepError{err}
	}
	route.copied = route.copied || m.copies(route)
	if tried == nil {
		s.Nudge(a.Name, time.Duration(m.config.Queue.Retry[0]))
	}
	s.Sooner(r.Since())
	if tried == nil && !due.IsZero() && m.terminal != nil {
		fmt.Fprintf(m.terminal, "%s: kept until %s; postern queue remove %s takes it back\n", m.name, clock(due), id)
	}
	if m.dialogue != nil {
		fmt.Fprintf(m.dialogue, "* kept in the queue as %s\n", id)
	}
	return id, nil
}

// notKept is the failure of a try that the queue could not make good: what the first was decides.
func notKept(tried, why error) error { return fmt.Errorf("%w; nor can it be kept: %v", tried, why) }

// kept is the fate of who is in the queue.
func kept(to, id string) backend.Status {
	return backend.Status{Rcpt: to, Reply: keptAs + id}
}

// keptAs begins the reply of the queue.
const keptAs = "kept in the queue as "

// policy is the configuration's.
func policy(q conf.Queue) queue.Policy {
	p := queue.Policy{GiveUp: time.Duration(q.GiveUp), WarnAfter: time.Duration(q.WarnAfter), Parallel: q.Parallel}
	for _, d := range q.Retry {
		p.Retry = append(p.Retry, time.Duration(d))
	}
	return p
}

// keepRest keeps a message for those who can't have it now. Their fates become those of the queue; id is empty where
// there are none.
func (m *mailer) keepRest(r *route, msg *message.Message, tried []backend.Status, failed error) (statuses []backend.Status, id string, err error) {
	rest := *r.env
	rest.To, rest.DSN.For = nil, nil
	var cause error
	for i, to := range r.env.To {
		s := backend.Status{Rcpt: to, Err: failed}
		if failed == nil {
			s = tried[i]
		}
		statuses = append(statuses, s)
		if s.Err == nil || !backend.Temporary(s.Err) {
			continue
		}
		cause = cmp.Or(cause, s.Err)
		rest.To = append(rest.To, to)
		if i < len(r.env.DSN.For) {
			rest.DSN.For = append(rest.DSN.For, r.env.DSN.For[i])
		}
	}
	if len(rest.To) == 0 {
		return tried, "", failed
	}
	id, err = m.keep(r, &rest, msg, time.Now().Add(policy(m.config.Queue).Pause(1)), cause)
	if err != nil && failed != nil {
		return nil, "", notKept(failed, err)
	}
	for i, s := range statuses {
		switch {
		case s.Err == nil || !backend.Temporary(s.Err):
		case err != nil:
			statuses[i].Err = notKept(s.Err, err)
		default:
			statuses[i] = kept(s.Rcpt, id)
		}
	}
	return statuses, id, nil
}
