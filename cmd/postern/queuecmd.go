package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"postern/backend/queue"
	"postern/conf"
)

// queueCommand is postern queue.
func queueCommand(std streams, status *int) *cobra.Command {
	c := &cobra.Command{Use: "queue", Short: "look at the messages that wait, and decide about them", Example: "  postern queue list\n  postern queue run"}
	verb := func(use, short, example string, args cobra.PositionalArgs, run func(config *conf.Config, s *queue.Spool, args []string) []error) *cobra.Command {
		v := &cobra.Command{Use: use, Short: short, Example: "  postern queue " + example, Args: args, Run: func(_ *cobra.Command, args []string) {
			config, err := loadConfig("")
			errs := []error{err}
			if err == nil {
				errs = run(config, queue.At(config.Queue.Dir), args)
			}
			if errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil }); len(errs) > 0 {
				*status = report(std.err, "postern", errs)
			}
		}}
		c.AddCommand(v)
		return v
	}
	var asJSON bool
	list := verb("list", "list the messages, as mailq does", "list --json", cobra.NoArgs, func(config *conf.Config, _ *queue.Spool, _ []string) []error {
		return []error{listQueue(std.out, config, asJSON, nil)}
	})
	list.Flags().BoolVar(&asJSON, "json", false, "a line of JSON for each message")
	show := verb("show ID", "show what is known of a message, and the message", "show 7f", cobra.ExactArgs(1), func(_ *conf.Config, s *queue.Spool, args []string) []error {
		return []error{showQueued(std.out, s, args[0])}
	})
	show.ValidArgsFunction = completeMessages(1)
	each := func(use, short, long, example string, do func(*queue.Spool, queue.Listed) error) {
		v := verb(use+" ID...", short, use+" "+example, cobra.MinimumNArgs(1), func(_ *conf.Config, s *queue.Spool, args []string) (errs []error) {
			for _, part := range args {
				l, err := s.Find(part)
				if err == nil {
					err = do(s, l)
				}
				errs = append(errs, queueError(part, err))
			}
			return errs
		})
		v.Long, v.ValidArgsFunction = long, completeMessages(0)
	}
	each("hold", "keep messages from being sent until they are released",
		"hold keeps messages from being sent until they are released.", "7f 2c", hold(true))
	each("release", "have messages that were held sent",
		"release has messages that were held sent, now or at the time that they were for.", "7f", hold(false))
	each("remove", "take messages away for good", `remove takes messages away for good, and tells nobody. This is how to take a message back that undo or --at holds.`, "7f", func(s *queue.Spool, l queue.Listed) error { return s.Remove(l.Where, l.ID) })
	each("requeue", "try messages again that were given up, or are not due yet",
		"requeue tries messages again that were given up, and makes those due that wait: for their next try, or for a time.", "7f", requeue)
	verb("freeze-domain DOMAIN", "hold all messages that have recipients left there", "freeze-domain example.org", cobra.ExactArgs(1), func(_ *conf.Config, s *queue.Spool, args []string) []error {
		return freeze(std.out, s, args[0])
	})
	c.AddCommand(queueRunCommand(std, status))
	return c
}

// queueError names the message in an error.
func queueError(part string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, queue.ErrGone):
		return dataError{fmt.Errorf("there is no message %q in the queue", part)}
	case errors.Is(err, queue.ErrBusy):
		return fmt.Errorf("message %s is being sent right now", part)
	}
	return keepError{err}
}

func hold(held bool) func(*queue.Spool, queue.Listed) error {
	return func(s *queue.Spool, l queue.Listed) error {
		if l.Where != queue.Waiting {
			return notWaiting(l)
		}
		due := time.Now()
		if l.Record.NotUntil.After(due) { // it was not to go before
			due = l.Record.NotUntil
		}
		err := s.Change(l.ID, func(st *queue.State) error {
			if st.Held = held; !held {
				st.Due = due
			}
			return nil
		})
		if err == nil && !held {
			s.Sooner(due)
		}
		return err
	}
}

// notWaiting tells why nothing can be done with a message that is not in q/.
func notWaiting(l queue.Listed) error {
	if l.Where == queue.Corrupt {
		return fmt.Errorf("message %s is damaged; show has what is left of it", l.ID)
	}
	return fmt.Errorf("message %s was given up; requeue tries it again", l.ID)
}

func requeue(s *queue.Spool, l queue.Listed) error {
	err := error(nil)
	switch l.Where {
	case queue.Failed:
		err = s.Revive(l.ID)
	case queue.Corrupt:
		return notWaiting(l)
	default:
		err = s.Change(l.ID, func(st *queue.State) error { st.Due = time.Now(); return nil })
	}
	if err == nil {
		s.Sooner(time.Now())
	}
	return err
}

// freeze holds what is for a domain.
func freeze(out io.Writer, s *queue.Spool, domain string) (errs []error) {
	at := "@" + strings.ToLower(strings.TrimPrefix(domain, "@"))
	number := 0
	err := s.List(func(l queue.Listed) error {
		there := l.Where == queue.Waiting && l.Err == nil && !l.State.Held && slices.ContainsFunc(l.Left(), func(to string) bool {
			return strings.HasSuffix(strings.ToLower(to), at)
		})
		if there {
			number++
			errs = append(errs, queueError(l.ID, hold(true)(s, l)))
		}
		return nil
	})
	if err != nil && !queue.Gone(err) {
		errs = append(errs, keepError{err})
	}
	fmt.Fprintf(out, "%d held\n", number)
	return errs
}

// showQueued writes what is known of a message, and the message.
func showQueued(out io.Writer, s *queue.Spool, part string) error {
	l, err := s.Find(part)
	if err != nil {
		return queueError(part, err)
	}
	showMessage(out, l)
	text, err := s.Text(l)
	if err != nil {
		return keepError{err}
	}
	defer text.Close()
	_, err = io.Copy(out, text)
	return err
}

// queueRunCommand is postern queue run.
func queueRunCommand(std streams, status *int) *cobra.Command {
	var background, locked bool
	var every string
	c := &cobra.Command{
		Use: "run [ID...]", Short: "deliver what is in the queue now, or these messages",
		Long: `run tries every message that is not held, whatever its time, and says what has become of each. With --every it stays,
delivers what is due, at least that often, and new messages at once, until a signal comes: for a supervisor such as
systemd. With --background it delivers what is due, or is soon by undo or queue.rate, unless another process does, and
says nothing: what sendmail starts by itself.`,
		Example: `  postern queue run
  postern queue run 7f
  postern queue run --every 30m`,
		ValidArgsFunction: completeMessages(0),
		Run: func(_ *cobra.Command, args []string) {
			inv := &invocation{verbose: true}
			*status = report(std.err, "postern", runQueueCommand(inv, std, args, background, locked, every))
		},
	}
	c.Flags().BoolVar(&background, "background", false, "deliver only what is due, unless another process does, and say nothing")
	c.Flags().BoolVar(&locked, "locked", false, "with --background: the lock of the runner is descriptor 3")
	_ = c.Flags().MarkHidden("locked")
	c.Flags().StringVar(&every, "every", "", "stay, and deliver at intervals of this `time`, such as 30m")
	return c
}

func runQueueCommand(inv *invocation, std streams, ids []string, background, locked bool, every string) []error {
	if every != "" {
		if err := setQueueRun(inv, every); err != nil || inv.every == 0 {
			return []error{usageError{fmt.Errorf("--every %s: should be a length of time such as 30m", every)}}
		}
	}
	verbose := inv.verbose
	inv.verbose = false // no dialogue
	m, err := inv.mailer("postern", std)
	if err != nil {
		return []error{err}
	}
	defer m.close()
	if background {
		var lock *os.File
		if locked {
			syscall.CloseOnExec(3) // a program that stays, such as an agent for keys, must not keep it
			lock = os.NewFile(3, "lock")
		}
		return m.runBackground(lock)
	}
	inv.verbose = verbose
	if len(ids) > 0 {
		return m.runSome(inv, std, ids)
	}
	return m.runQueue(inv, std)
}
