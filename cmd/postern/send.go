package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"postern/backend"
	"postern/backend/queue"
	"postern/conf"
	"postern/message"
)

// plan is who gets a message, and by which accounts.
type plan struct {
	account *conf.Account // the message's
	why     string        // how it was chosen
	routes  []*route
	errs    []error // recipients that can't be read or expanded, or why there are no routes
}

// plan finds out from the header and the command line who gets a message.
func (m *mailer) plan(inv *invocation, msg *message.Message) *plan {
	p := &plan{}
	var err error
	if p.account, p.why, err = m.choose(inv, msg.From()); err != nil {
		p.errs = []error{err}
		return p
	}
	p.routes, p.errs = inv.envelopes(m.config, p.account, msg)
	return p
}

// soon is how long the rest of a message may take before the server is called meanwhile. Most messages are there at
// once, and sent with less ado without it.
const soon = time.Millisecond

// prepare has the transport of a plan's first route get ready while the rest of the message comes in, until stop is
// called. The other routes would wait too long for their turn.
func (m *mailer) prepare(inv *invocation, p *plan) (stop func()) {
	if len(p.routes) == 0 || inv.dryRun {
		return func() {}
	}
	first := p.routes[0].account
	if inv.queueing(first) == conf.QueueAlways || !inv.wanted(first).IsZero() {
		return func() {}
	}
	ready, ok := m.transports[first.Name].transport.(backend.Preparer)
	if !ok || m.usable(first) != nil || inv.queueing(first) == conf.QueueAlways {
		return func() {}
	}
	begun := make(chan struct{})
	timer := time.AfterFunc(soon, func() {
		ready.Prepare()
		close(begun)
	})
	return func() {
		if !timer.Stop() {
			<-begun
		}
	}
}

// send takes a message to its fates: no errors only where every recipient has one who took responsibility. statuses
// are the fates of those who were offered the message.
func (m *mailer) send(inv *invocation, p *plan, msg *message.Message) (statuses []backend.Status, errs []error) {
	errs = p.errs
	if len(p.routes) == 0 {
		return nil, errs
	}
	sender := p.routes[0].env.From
	err := looped(msg)
	if err == nil {
		err = msg.Complete(inv.defaults(p.account, sender, msg))
	}
	if err != nil {
		if !inv.dryRun {
			for _, r := range p.routes {
				m.note("", r.account.Name, r.env, msg, time.Now(), nil, err)
			}
		}
		return nil, append(errs, err)
	}
	if inv.dryRun {
		if err := m.show(inv, p, msg); err != nil {
			errs = append(errs, createError{err})
		}
		for _, r := range p.routes {
			if err := m.usable(r.account); err != nil {
				errs = append(errs, err)
			}
		}
		return nil, errs
	}
	var copying *route
	copied := false // or left to the queue
	for _, r := range p.routes {
		r.copied = copied
		got, failed := m.carry(inv, r, msg)
		statuses, errs = append(statuses, got...), append(errs, failed...)
		if copied = r.copied; r.copying {
			copying = r
		}
	}
	if copying != nil {
		m.copy(copying.account, msg)
	}
	return statuses, errs
}

// carry has the recipients of one route get the message, or keeps it for them.
func (m *mailer) carry(inv *invocation, r *route, msg *message.Message) (statuses []backend.Status, errs []error) {
	if m.interrupted {
		m.note("", r.account.Name, r.env, msg, time.Now(), nil, errInterrupted)
		return nil, []error{withAccount{errInterrupted, r.account}}
	}
	if err := m.usable(r.account); err != nil {
		m.note("", r.account.Name, r.env, msg, time.Now(), nil, err)
		return nil, []error{err}
	}
	mode := inv.queueing(r.account)
	due, err := m.due(inv, r, msg)
	switch {
	case err != nil:
	case mode == conf.QueueAlways, !due.IsZero():
		var id string
		if id, err = m.keep(r, r.env, msg, due, nil); err == nil {
			for _, to := range r.env.To {
				statuses = append(statuses, kept(to, id))
			}
		}
	default:
		statuses, err = m.offer(r, msg, mode == conf.QueueFallback)
	}
	if err != nil {
		return nil, []error{withAccount{err, r.account}}
	}
	for _, s := range statuses {
		if s.Err != nil {
			errs = append(errs, withAccount{s.Err, r.account})
		}
	}
	return statuses, errs
}

// offer has the route's transport send the message, and writes the receipt. Where keeps is set the queue has those who
// can't get it now. An error is the fate of all its recipients.
func (m *mailer) offer(r *route, msg *message.Message, keeps bool) (statuses []backend.Status, err error) {
	begun := time.Now()
	// Outside of this a signal simply ends the program: the temporary file has no name, and no server has heard of the
	// message. Here it breaks the connection off before the dot, and ends the program that a pipe has started.
	ctx, stop := interruptible()
	defer stop()
	tried, failed := m.transports[r.account.Name].transport.Send(ctx, r.env, msg)
	m.progress.hide()
	m.interrupted = ctx.Err() != nil
	statuses, err = tried, failed
	id := ""
	taken := failed == nil && slices.ContainsFunc(tried, func(s backend.Status) bool { return s.Err == nil })
	if keeps && taken {
		queue.At(m.config.Queue.Dir).Up(r.account.Name) // what waits for that need wait no longer
	}
	if taken && !r.copied && m.copies(r) {
		r.copied, r.copying = true, true
	}
	if keeps && !m.interrupted {
		statuses, id, err = m.keepRest(r, msg, tried, failed)
	}
	m.note(id, r.account.Name, r.env, msg, begun, tried, failed)
	return statuses, err
}

// interruptible is a context that a signal to end cancels, but for the signals that whoever started the program wants
// ignored.
func interruptible() (context.Context, context.CancelFunc) {
	asking := slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
	if len(asking) == 0 { // none would mean all
		return context.WithCancel(context.Background())
	}
	return signal.NotifyContext(context.Background(), asking...)
}

// errInterrupted is the fate of what was not begun when a signal came.
var errInterrupted = errors.New("interrupted")

// show is --dry-run: what would go out, to whom, by which account.
func (m *mailer) show(inv *invocation, p *plan, msg *message.Message) error {
	out := bufio.NewWriter(m.shown)
	for _, r := range p.routes {
		by := "match_recipient"
		if r.account == p.account {
			by = p.why
		}
		fmt.Fprintf(out, "account %s, by %s\nfrom <%s>\n", r.account.Name, by, r.env.From)
		for _, to := range r.env.To {
			fmt.Fprintf(out, "to <%s>\n", to)
		}
		if at := inv.wanted(r.account); !at.IsZero() {
			fmt.Fprintf(out, "not before %s\n", clock(at))
		}
		if m.copies(r) {
			fmt.Fprintf(out, "copy in %s\n", m.transports[r.account.Name].sent)
		}
		for _, line := range shownTerms(r.env.Terms) {
			fmt.Fprintf(out, "%s\n", line)
		}
	}
	kind := "7-bit"
	if msg.EightBit() {
		kind = "8-bit"
	}
	fmt.Fprintf(out, "message of %d octets, %s; its header:\n\n", msg.Size(), kind)
	for _, line := range msg.HeaderLines() {
		fmt.Fprintf(out, "%s\n", line)
	}
	return out.Flush()
}
