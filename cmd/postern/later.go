package main

import (
	"context"
	"time"

	"postern/backend/queue"
	"postern/conf"
	"postern/message"
)

// wanted is when a message by an account is to go by the user's word: --at, or the account's undo, which -odi overrules.
// Zero is now.
func (inv *invocation) wanted(a *conf.Account) time.Time {
	switch {
	case !inv.at.IsZero():
		return inv.at
	case a.Undo > 0 && inv.delivery != deliverNow:
		return time.Now().Add(time.Duration(a.Undo))
	}
	return time.Time{}
}

// wantedBy is wanted, or why the account can't do that.
func (inv *invocation) wantedBy(a *conf.Account) (time.Time, error) {
	if !inv.at.IsZero() && a.Queue == conf.QueueOff {
		return inv.at, a.Errorf("queue", "--at needs the queue, which is %q for this account", conf.QueueOff)
	}
	return inv.wanted(a), nil
}

// due is when a route's message may go: as the user wants it, and not over the rate. Zero is now. The error is that of an
// account that keeps nothing.
func (m *mailer) due(inv *invocation, r *route, msg *message.Message) (time.Time, error) {
	due, err := inv.wantedBy(r.account)
	if err != nil || m.config.Queue.Rate.Messages == 0 {
		return due, err
	}
	free, err := m.count(r, msg)
	if free.After(due) {
		due = free
	}
	return due, err
}

// patience is how long a process in the background waits for what is not due yet: the time that messages are kept for undo,
// or to keep to the rate.
func patience(config *conf.Config) time.Duration {
	longest := time.Duration(0)
	for _, a := range config.Accounts {
		longest = max(longest, time.Duration(a.Undo))
	}
	if rate := queue.Rate(config.Queue.Rate); rate.Messages > 0 {
		longest = max(longest, min(rate.Each(), conf.MaxUndo))
	}
	if longest > 0 {
		longest += time.Second // a file's time may be coarser
	}
	return longest
}

// pause is between two looks at what is due soon.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
		return nil
	}
}
