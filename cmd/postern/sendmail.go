package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"postern/message"
)

// sendmail is the drop-in: it understands the command line, and reads and sends one message.
func sendmail(args []string, std streams) int {
	inv, err := parseOptions(args[1:])
	var un unoffered
	if errors.As(err, &un) {
		complain(std.err, args[0], err)
		return exUnavailable
	}
	if err != nil {
		return report(std.err, args[0], []error{err})
	}
	switch inv.mode {
	case modeVersion:
		fmt.Fprintf(std.out, "postern %s\n", version)
		return exOK
	case modeHelp:
		fmt.Fprint(std.out, sendmailHelp)
		return exOK
	case modeQueueList:
		return mailq(args[:1], std)
	case modeAliases, modeQueueRun: // aliases are read at every start, and nothing waits in a queue
		return exOK
	}
	complaints := std.err
	if inv.quiet {
		complaints = io.Discard
	}
	return report(complaints, args[0], inv.carryOut(args[0], std))
}

// carryOut does what the mode asks with messages or addresses.
func (inv *invocation) carryOut(name string, std streams) []error {
	m, err := inv.mailer(std)
	if err != nil {
		if inv.mode == modeSession {
			refuseSession(std.out, err)
		}
		return []error{err}
	}
	defer m.close()
	switch inv.mode {
	case modeSession:
		return m.session(inv, name, std)
	case modeVerify:
		return m.verify(inv, std.out)
	}
	msg, err := message.ReadHeader(std.in, message.ReadOptions{DotEnds: inv.dotEnds})
	if err != nil {
		return []error{err}
	}
	defer msg.Close()
	p := m.plan(inv, msg)
	stop := func() {}
	if !isTerminal(std.in) { // a person takes longer than a server waits, and needs the terminal for the message
		stop = m.prepare(inv, p)
	}
	err = msg.ReadBody()
	stop()
	if err != nil {
		return []error{err}
	}
	_, errs := m.send(inv, p, msg)
	return errs
}

// isTerminal tells whether somebody types the message.
func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const sendmailHelp = `usage: sendmail [-t] [-i] [-f sender] [-F name] [-a account] [-C file] [-v] [-X file] [recipient ...] < message
  -t          take the recipients from To, Cc and Bcc
  -i, -oi     a line with a lone dot does not end the message
  -f sender   the envelope sender; -F name goes into a From: that is missing
  -a account  the account to send by, also --account
  -C file     the configuration to read
  -v          show the dialogue with the server; -X file appends it to a file
  -bs         take messages by SMTP on standard input
  -bv         show how the addresses given would be handled
  --dry-run   show what would be sent, and by which account
The other options of sendmail are taken; see postern-sendmail(1).
`

// mailq lists the queue. No account can have one in this version, so it is empty.
func mailq(_ []string, std streams) int {
	fmt.Fprintln(std.out, "Mail queue is empty")
	return exOK
}

// newaliases has nothing to build: aliases are read at every start.
func newaliases([]string, streams) int { return exOK }
