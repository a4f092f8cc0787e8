package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"postern/backend"
	"postern/conf"
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
	return report(std.err, args[0], inv.send(std))
}

const sendmailHelp = `usage: sendmail [-t] [-i] [-f sender] [-F name] [-a account] [-C file] [-v] [-X file] [recipient ...] < message
  -t          take the recipients from To, Cc and Bcc
  -i, -oi     a line with a lone dot does not end the message
  -f sender   the envelope sender; -F name goes into a From: that is missing
  -a account  the account to send by, also --account
  -C file     the configuration to read
  -v          show the dialogue with the server; -X file appends it to a file
The other options of sendmail are taken; see postern-sendmail(1).
`

// mailq lists the queue. No account can have one in this version, so it is empty.
func mailq(_ []string, std streams) int {
	fmt.Fprintln(std.out, "Mail queue is empty")
	return exOK
}

// newaliases has nothing to build: aliases are read at every start.
func newaliases([]string, streams) int { return exOK }

// send takes one message from standard input to its fates: nil errors only where the server took responsibility.
func (inv *invocation) send(std streams) []error {
	config, err := loadConfig(inv.config)
	if err != nil {
		return []error{err}
	}
	dialogue, closeDialogue, err := inv.dialogue(std.err)
	if err != nil {
		return []error{err}
	}
	defer closeDialogue()
	surroundings := backend.Surroundings{Hostname: fqdn(), Dialogue: dialogue}
	transports, err := openAll(config, surroundings)
	if err != nil {
		return []error{err}
	}
	msg, err := message.Read(std.in, message.ReadOptions{DotEnds: inv.dotEnds})
	if err != nil {
		return []error{err}
	}
	defer msg.Close()
	account, why, err := config.Choose(conf.Wanted{
		Account: inv.account, Env: os.Getenv("POSTERN_ACCOUNT"), Sender: inv.senderAddress(), From: msg.From(),
	})
	if err != nil {
		return []error{configError{err}}
	}
	transport, err := transports[account.Name].transport, transports[account.Name].err
	if err == nil {
		err = checkFrom(account)
	}
	if err != nil {
		return []error{err}
	}
	defer transport.Close()
	if dialogue != nil {
		fmt.Fprintf(dialogue, "* account %s, by %s\n", account.Name, why)
	}
	env, errs := inv.envelope(config, account, msg)
	if len(env.To) == 0 {
		return errs
	}
	if err := msg.Complete(message.Defaults{From: inv.author(account), Now: time.Now()}); err != nil {
		return append(errs, err)
	}
	// A signal simply ends the program: the temporary file has no name, and the server never sees the dot.
	statuses, err := transport.Send(context.Background(), env, msg)
	if err != nil {
		return append(errs, withAccount{err, account})
	}
	for _, s := range statuses {
		if s.Err != nil {
			errs = append(errs, withAccount{s.Err, account})
		}
	}
	return errs
}

// loadConfig reads the configuration that option names, or the usual files.
func loadConfig(option string) (*conf.Config, error) {
	files, required := conf.Files(option)
	config, err := conf.Load(files, required)
	var system syscall.Errno
	if errors.As(err, &system) && (system == syscall.EMFILE || system == syscall.ENFILE || system == syscall.ENOMEM || system == syscall.EIO) {
		return nil, err // no fault of the configuration's, and temporary
	}
	if err != nil {
		return nil, configError{err}
	}
	return config, nil
}

// opened is an account's transport, or why it can't be made.
type opened struct {
	transport backend.Transport
	err       error
}

// openAll makes every account's transport, which decodes its keys, so that a misspelt key is found wherever it
// stands. An account that lacks something matters only when it is chosen.
func openAll(config *conf.Config, s backend.Surroundings) (map[string]opened, error) {
	transports := map[string]opened{}
	for _, a := range config.Accounts {
		t, err := backends.Open(a, s)
		if _, ok := backends[a.Backend]; !ok { // nobody can tell what its keys are
			return nil, err
		}
		transports[a.Name] = opened{t, err}
	}
	return transports, config.Check()
}

// checkFrom refuses a from that is not one address alone.
func checkFrom(account *conf.Account) error {
	if account.From == "" {
		return nil
	}
	addrs, errs := message.ParseAddresses(account.From)
	if len(addrs) != 1 || len(errs) > 0 || addrs[0].Spec != account.From {
		return account.Errorf("from", "%q is not an address such as ann@example.org", account.From)
	}
	return nil
}

// dialogue is where -v and -X want the dialogue, or nil.
func (inv *invocation) dialogue(stderr io.Writer) (w io.Writer, done func(), err error) {
	done = func() {}
	if inv.verbose {
		w = stderr
	}
	if inv.transcript != "" {
		f, err := os.OpenFile(inv.transcript, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return nil, done, createError{err}
		}
		done = func() { f.Close() }
		if w == nil {
			return f, done, nil
		}
		w = both{w, f}
	}
	return w, done, nil
}

// both writes to two writers, of which either may fail: a closed standard error must not end the file.
type both struct{ a, b io.Writer }

func (w both) Write(p []byte) (int, error) {
	_, _ = w.a.Write(p)
	_, _ = w.b.Write(p)
	return len(p), nil
}
