package main

import (
	"fmt"
	"io"

	"postern/message"
)

// sendmail is the drop-in: it understands the command line, and reads and sends one message.
func sendmail(args []string, std streams) int {
	inv, err := parseOptions(args[1:])
	return inv.perform(args[0], err, std)
}

// perform does what the command line asks for, or tells why it can't be understood.
func (inv *invocation) perform(name string, err error, std streams) int {
	if err != nil {
		return report(std.err, name, []error{err})
	}
	switch inv.mode {
	case modeVersion, modeHelp:
		inv.about(std)
		return exOK
	case modeQueueList:
		return inv.list(name, std)
	case modeAliases: // they are read at every start
		return exOK
	}
	complaints := std.err
	if inv.quiet {
		complaints = io.Discard
	}
	return report(complaints, name, inv.carryOut(name, std))
}

// about is --version or --help.
func (inv *invocation) about(std streams) {
	if inv.mode == modeVersion {
		fmt.Fprintf(std.out, "postern %s\n", version)
	} else {
		fmt.Fprint(std.out, sendmailHelp)
	}
}

// carryOut does what the mode asks with messages or addresses.
func (inv *invocation) carryOut(name string, std streams) []error {
	m, err := inv.mailer(name, std)
	if err != nil {
		if inv.mode == modeSession {
			refuseSession(std.out, err)
		}
		return []error{err}
	}
	defer m.close()
	switch inv.mode {
	case modeQueueRun:
		return m.runQueue(inv, std)
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
	m.wake(inv)
	m.remind()
	return errs
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
  --at time   keep the message in the queue until then: "08:00", "tomorrow 8:00", "+2h"
  --dry-run   show what would be sent, and by which account
The other options of sendmail are taken; see postern-sendmail(1).
Examples:
  sendmail -t < message
  sendmail -i -f ann@example.org bob@example.org < message
`

// newaliases has nothing to build: aliases are read at every start.
func newaliases([]string, streams) int { return exOK }
