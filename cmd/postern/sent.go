package main

import (
	"context"

	"postern/backend/queue"
	"postern/conf"
	"postern/message"
)

// copies tells whether what goes by a route is to be copied to where its account keeps what it sends. What has no sender is
// a program's answer, and not what anybody has sent.
func (m *mailer) copies(r *route) bool {
	return r.env.From != "" && m.transports[r.account.Name].sent != nil
}

// copy makes the copy of a message that somebody has. That it can't be made is told, and changes no fate.
func (m *mailer) copy(a *conf.Account, msg *message.Message) {
	if m.interrupted {
		return
	}
	ctx, stop := interruptible()
	defer stop()
	if err := m.transports[a.Name].sent.Keep(ctx, msg); err != nil {
		m.warn(err)
	}
	m.interrupted = ctx.Err() != nil
}

// copiesOf keeps the copies of what the queue has sent.
type copiesOf struct{ *mailer }

var _ queue.Copies = copiesOf{}

func (c copiesOf) Wanted(account string) bool { return c.transports[account].sent != nil }

func (c copiesOf) Keep(ctx context.Context, account string, msg *message.Message) {
	if err := c.transports[account].sent.Keep(ctx, msg); err != nil {
		c.warn(err)
	}
}

func (c copiesOf) Close() {
	for _, t := range c.transports {
		if t.sent != nil {
			t.sent.Close()
		}
	}
}
