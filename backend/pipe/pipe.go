// Package pipe hands messages to a program of this machine, such as procmail, maildrop or another sendmail.
//
// The program is run once for a message, without a shell, in a process group of its own, with this program's
// environment and working folder. It reads the message from standard input, with LF line ends, and its exit status is
// the fate of all recipients that it was run for, as sysexits(3) has it:
//
//	0      taken
//	65     the message can't be delivered as it is
//	67     there is no such recipient
//	68     there is no such host
//	69     refused
//	77     denied
//	64, 78 the command is wrong
//	others, and a signal: try again later
//
// The last line of its standard error says why; standard output goes nowhere. A program that exits 0 without having read
// everything has taken the message.
//
// The way of a message:
//
//	addresses judged ──► message in a file without a name ──► program started ──► its exit ──► fate
//	                                                               │
//	                                                               └► time limit, or interrupted: the group is killed
//
// Standard input is that file, not a pipe: a program that is started has the whole message, also when this one is
// killed or can't read its own copy back. Half a message is never delivered as if it were one.
//
// Where a word of the command is an option's letter with the sender behind it, as -f{sender}, the null reverse-path is
// <>: the letter alone would take the next word for the sender.
//
// The limits: all recipients of a run share one fate. A program that leaves the process group isn't killed with it. One
// that is killed may have delivered the message.
package pipe

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"postern/backend"
	"postern/conf"
	"postern/message"
)

// transport is one account's program.
type transport struct {
	keys
	name     string // the program's, for people
	dialogue io.Writer
}

// Open makes the transport of an account.
func Open(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	t := &transport{dialogue: s.Dialogue}
	if err := a.Decode(&t.keys); err != nil {
		return nil, err
	}
	if err := t.judge(a); err != nil {
		return nil, err
	}
	t.name = filepath.Base(t.Command[0])
	return t, nil
}

// Send runs the program once, for all recipients that it can be given.
func (t *transport) Send(ctx context.Context, env *message.Envelope, msg *message.Message) ([]backend.Status, error) {
	if err := t.checkAddress(env.From, t.leadsWithSender()); err != nil {
		return nil, &backend.Error{Kind: backend.Data, Stage: "envelope sender", Err: err}
	}
	if err := backend.Unkept(env.Terms, t.name, false); err != nil {
		return nil, err
	}
	statuses := make([]backend.Status, len(env.To))
	var offered []string
	for i, to := range env.To {
		statuses[i].Rcpt = to
		if err := t.checkAddress(to, t.listsRecipients()); err != nil {
			statuses[i].Err = &backend.Error{Kind: backend.Data, Stage: "recipient", Err: err}
			continue
		}
		offered = append(offered, to)
	}
	if len(offered) == 0 {
		return statuses, nil
	}
	reply, failed := t.run(ctx, t.words(env.From, offered), msg)
	backend.Settle(statuses, t.name, reply, failed)
	return statuses, nil
}

// Close has nothing to do: no program outlives Send.
func (t *transport) Close() error { return nil }

// checkAddress refuses an address that can't be a part of the command, or that the program would take for an option
// where it leads a word.
func (t *transport) checkAddress(address string, leads bool) error {
	switch {
	case strings.ContainsFunc(address, unicode.IsControl):
		return fmt.Errorf("%q has a control character", address)
	case leads && strings.HasPrefix(address, "-"):
		return fmt.Errorf("%q begins with a hyphen, and %s would take it for an option", address, t.name)
	}
	return nil
}

// note shows a line in the dialogue. A failure to write it is of no consequence.
func (t *transport) note(format string, args ...any) {
	if t.dialogue != nil {
		_, _ = fmt.Fprintf(t.dialogue, format+"\n", args...)
	}
}

// shown is a command for people: words that would not stand alone are quoted.
func shown(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsFunc(w, func(r rune) bool { return r == ' ' || r == '"' || !unicode.IsPrint(r) }) {
			quoted[i] = strconv.Quote(w)
		}
	}
	return strings.Join(quoted, " ")
}
