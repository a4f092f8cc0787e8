package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"syscall"
	"time"

	"postern/backend/queue"
	"postern/conf"
)

// mailq lists the queue.
func mailq(args []string, std streams) int {
	inv, err := parseOptions(args[1:])
	if err == nil && len(inv.recipients) > 0 {
		err = usageError{fmt.Errorf("%s takes no address", args[0])}
	}
	if err != nil {
		return report(std.err, args[0], []error{err})
	}
	if inv.mode == modeVersion || inv.mode == modeHelp {
		inv.about(std)
		return exOK
	}
	return inv.list(args[0], std)
}

// list is -bp and mailq.
func (inv *invocation) list(name string, std streams) int {
	config, err := loadConfig(inv.config)
	if err == nil {
		err = listQueue(std.out, config, inv.json, inv.selection)
	}
	if err != nil {
		return report(std.err, name, []error{err})
	}
	return exOK
}

// listQueue writes what is in the queue in the layout that people know from other mailqs, or as a line of JSON each.
func listQueue(w io.Writer, config *conf.Config, asJSON bool, only selection) (err error) {
	out := bufio.NewWriter(w)
	defer func() {
		if flushed := out.Flush(); err == nil && !errors.Is(flushed, syscall.EPIPE) {
			err = written(flushed)
		}
	}()
	written := func() error { // a reader that has seen enough, such as head, ends the list
		_, err := out.Write(nil)
		return written(err)
	}
	s := queue.At(config.Queue.Dir)
	number, octets := 0, int64(0)
	strangers := map[string]int{}
	err = s.List(func(l queue.Listed) error {
		if !only.fits(l) {
			return nil
		}
		number, octets = number+1, octets+l.Record.Size
		if _, err := config.Named(l.Record.Account); l.Err == nil && err != nil {
			strangers[l.Record.Account]++
		}
		if asJSON {
			return writeJSON(out, shown(l))
		}
		if number == 1 {
			fmt.Fprintln(out, "-Queue ID--------------- --Size-- ----Arrival Time---- -Sender/Recipient-------")
		}
		showMessage(out, l)
		return written()
	})
	if queue.Gone(err) {
		err = nil
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	if err != nil {
		return keepError{err}
	}
	if asJSON {
		return nil
	}
	if number == 0 {
		fmt.Fprintln(out, "Mail queue is empty")
	} else {
		fmt.Fprintf(out, "-- %d Kbytes in %d Request%s.\n", (octets+1023)/1024, number, map[bool]string{true: "s"}[number != 1])
	}
	for _, a := range config.Accounts {
		if d, down := s.Down(a.Name); down {
			fmt.Fprintf(out, "account %s: %s; tried again %s\n", a.Name, oneLine(d.Error), clock(d.Due))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(strangers)) {
		fmt.Fprintf(out, "account %s: there is no such account in the configuration, and its messages wait for it (%d)\n", oneLine(name), strangers[name])
	}
	return nil
}

// showMessage writes one message: what it is, the last error, who has not got it.
func showMessage(out io.Writer, l queue.Listed) {
	mark := " "
	switch {
	case l.Where == queue.Failed:
		mark = "#"
	case l.Where == queue.Corrupt, l.Err != nil:
		mark = "?"
	case l.State.Held:
		mark = "!"
	}
	if l.Err != nil {
		fmt.Fprintf(out, "%s%s (%s)\n", l.ID, mark, oneLine(l.Err.Error()))
		return
	}
	from := l.Record.Envelope.From
	if from == "" {
		from = "MAILER-DAEMON"
	}
	fmt.Fprintf(out, "%s%s %8d %s %s\n", l.ID, mark, l.Record.Size, l.Record.Time.Local().Format("Mon Jan _2 15:04:05"), oneLine(from))
	for _, f := range l.State.Failures {
		fmt.Fprintf(out, "    (%s)\n", oneLine(f.Error))
	}
	if l.State.Error != "" {
		fmt.Fprintf(out, "    (%s)\n", oneLine(l.State.Error))
	}
	if at, waits := l.NotBefore(); waits && at.After(time.Now()) {
		fmt.Fprintf(out, "    (not before %s)\n", clock(at))
	}
	for _, to := range l.Left() {
		fmt.Fprintf(out, "%54s %s\n", "", oneLine(to))
	}
	fmt.Fprintln(out)
}

// queuedMessage is a message as --json has it.
type queuedMessage struct {
	ID         string    `json:"id"`
	State      string    `json:"state"` // queued, deferred, held, failed, corrupt
	Account    string    `json:"account,omitempty"`
	Sender     string    `json:"sender"`
	Recipients []string  `json:"recipients"` // those that are left
	Size       int64     `json:"size"`
	Arrival    time.Time `json:"arrival,omitzero"`
	Tries      int       `json:"tries"`
	Due        time.Time `json:"due,omitzero"`
	Uncertain  bool      `json:"uncertain,omitempty"` // the last try may have delivered it
	Error      string    `json:"error,omitempty"`
}

func shown(l queue.Listed) queuedMessage {
	q := queuedMessage{
		ID: l.ID, Account: l.Record.Account, Sender: l.Record.Envelope.From, Recipients: l.Left(), Size: l.Record.Size,
		Arrival: l.Record.Time, Tries: l.State.Tries, Due: l.State.Due, Uncertain: l.State.Uncertain, Error: l.State.Error,
	}
	switch {
	case l.Err != nil:
		q.State, q.Error = "corrupt", l.Err.Error()
	case l.Where == queue.Corrupt:
		q.State = "corrupt"
	case l.Where == queue.Failed:
		q.State = "failed"
		for _, f := range l.State.Failures {
			q.Error = f.Error
		}
	case l.State.Held:
		q.State = "held"
	case l.State.Tries > 0 || l.State.Error != "":
		q.State = "deferred"
	default:
		q.State = "queued"
	}
	return q
}
