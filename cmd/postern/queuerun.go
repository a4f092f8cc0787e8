package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"postern/backend/queue"
)

// runQueue is sendmail -q: one run in the foreground, or with -q30m at intervals until a signal comes.
func (m *mailer) runQueue(inv *invocation, std streams) []error {
	ctx, stop := interruptible()
	defer stop()
	if inv.every > 0 {
		err := m.keepRunning(ctx, inv.every, func(o queue.Outcome) {
			for _, err := range outcomeErrors(o) {
				complain(std.err, m.name, err)
			}
		})
		if err != nil {
			return []error{err}
		}
		return nil
	}
	_, errs := m.runOnce(ctx, inv, std)
	return errs
}

// runOnce is one run over what is selected. tries is how many there were.
func (m *mailer) runOnce(ctx context.Context, inv *invocation, std streams) (tries int, errs []error) {
	s, err := m.spool()
	if err != nil {
		return 0, []error{err}
	}
	err = m.drainAll(ctx, inv.selection.wanted(s), func(o queue.Outcome) {
		tries++
		if line := outcomeLine(o); line != "" && inv.verbose {
			fmt.Fprintln(std.out, line)
		}
		errs = append(errs, outcomeErrors(o)...)
	})
	if err != nil {
		errs = append(errs, err)
	}
	return tries, errs
}

// runSome runs the messages that are named, one after the other.
func (m *mailer) runSome(inv *invocation, std streams, ids []string) (errs []error) {
	ctx, stop := interruptible()
	defer stop()
	s := queue.At(m.config.Queue.Dir)
	for _, part := range ids {
		l, err := s.Find(part)
		switch {
		case err != nil:
			errs = append(errs, queueError(part, err))
		case l.Where != queue.Waiting:
			errs = append(errs, notWaiting(l))
		default:
			inv.selection = selection{{'I', l.ID, false}}
			tries, failed := m.runOnce(ctx, inv, std)
			if tries == 0 && len(failed) == 0 {
				failed = append(failed, untried(s, l.ID))
			}
			errs = append(errs, failed...)
		}
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// untried tells why a run has left a message alone.
func untried(s *queue.Spool, id string) error {
	l, err := s.Look(queue.Waiting, id)
	switch at, waits := l.NotBefore(); {
	case err != nil: // another process has sent it
		return nil
	case l.State.Held:
		return fmt.Errorf("message %s is held; release has it sent", id)
	case waits:
		return fmt.Errorf("message %s is not sent before %s; requeue has it sent now", id, clock(at))
	}
	return queueError(id, queue.ErrBusy)
}

// outcomeLine is a try in a line.
func outcomeLine(o queue.Outcome) string {
	if o.ID == "" && o.Due.IsZero() {
		return "" // it is an error alone
	}
	if o.ID == "" {
		return fmt.Sprintf("account %s: %s; tried again %s", o.Account, oneLine(o.Err.Error()), clock(o.Due))
	}
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(len(o.Taken), "sent")
	add(len(o.Failed), "given up")
	add(len(o.Left), "left, tried again "+clock(o.Due))
	if len(parts) == 0 && o.Err != nil {
		parts = []string{oneLine(o.Err.Error())}
	}
	return o.ID + ": " + strings.Join(parts, ", ")
}

// outcomeErrors are the failures of a try, one for each text.
func outcomeErrors(o queue.Outcome) (errs []error) {
	label := "message " + o.ID
	if o.ID == "" {
		label = "account " + o.Account
	}
	if len(o.Failed)+len(o.Left) == 0 && o.Err != nil {
		return []error{fmt.Errorf("%s: %w", label, o.Err)}
	}
	for _, s := range append(o.Failed, o.Left...) {
		errs = append(errs, fmt.Errorf("%s: %w", label, s.Err))
	}
	return errs
}

// runBackground delivers what is due, unless another process does, and waits for what is due soon. lock is that of the
// runner, or nil.
func (m *mailer) runBackground(lock *os.File) []error {
	ctx, stop := interruptible()
	defer stop()
	s, err := m.spool()
	if err == nil {
		r := m.runner(s, nil)
		if err = r.Background(ctx, lock); err == nil {
			err = r.Await(ctx, patience(m.config), func() error { return pause(ctx) })
		}
	}
	if err != nil && ctx.Err() == nil {
		return []error{err}
	}
	return nil
}
