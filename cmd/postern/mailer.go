package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"postern/backend"
	"postern/backend/queue"
	"postern/backend/receipt"
	"postern/backend/sent"
	"postern/conf"
	"postern/message"
)

// mailer is what all messages of one run share.
type mailer struct {
	config     *conf.Config
	transports map[string]opened
	dialogue   io.Writer    // or nil
	shown      io.Writer    // where --dry-run shows the message
	log        *receipt.Log // or nil
	done       func()       // closes the dialogue
	name       string       // of the program, for people
	warn       func(error)  // tells of what is no failure
	terminal   io.Writer    // where a person looks on, or nil
	progress   *progress    // on the terminal, or nil

	queue *queue.Spool // once something was kept

	interrupted bool // a signal has ended a send, and is to end the run
}

// mailer reads the configuration and makes the transports, as the command line says. name is the program's, for
// complaints.
func (inv *invocation) mailer(name string, std streams) (*mailer, error) {
	config, err := loadConfig(inv.config)
	if err != nil {
		return nil, err
	}
	m := &mailer{config: config, shown: std.out, name: name}
	m.warn = func(err error) {
		if !inv.quiet {
			m.progress.hide()
			complain(std.err, name, err)
		}
	}
	if isTerminal(std.err) && !inv.quiet {
		m.terminal = std.err
	}
	if m.dialogue, m.done, err = inv.dialogue(std.err); err != nil {
		return nil, err
	}
	if m.terminal != nil && !inv.verbose { // the dialogue shows it too
		m.progress = &progress{out: m.terminal, now: time.Now}
	}
	around := m.surroundings()
	if inv.learns {
		around.Limit = rememberLimit
	}
	if m.transports, err = openAll(config, around); err != nil {
		m.done()
		return nil, err
	}
	m.log = receipt.New(config.Log, std.err, m.warn)
	return m, nil
}

func (m *mailer) close() {
	for _, t := range m.transports {
		if t.transport != nil {
			t.transport.Close()
		}
		if t.sent != nil {
			t.sent.Close()
		}
	}
	m.done()
}

// surroundings are what transports are given.
func (m *mailer) surroundings() backend.Surroundings {
	s := backend.Surroundings{Hostname: fqdn(), Dialogue: m.dialogue}
	if m.progress != nil {
		s.Progress = m.progress.message
	}
	return s
}

// choose picks the account of a message, and tells in the dialogue why.
func (m *mailer) choose(inv *invocation, from []string) (*conf.Account, string, error) {
	account, why, err := m.config.Choose(conf.Wanted{
		Account: inv.account, Env: os.Getenv("POSTERN_ACCOUNT"), Sender: inv.senderAddress(), From: from,
	})
	if err != nil {
		return nil, "", configError{err}
	}
	if m.dialogue != nil {
		fmt.Fprintf(m.dialogue, "* account %s, by %s\n", account.Name, why)
	}
	return account, why, m.usable(account)
}

// usable tells why an account can't be sent by, if it can't.
func (m *mailer) usable(account *conf.Account) error {
	if err := m.transports[account.Name].err; err != nil {
		return err
	}
	return checkFrom(account)
}

// faults are what is wrong with a name in the configuration, or with the file's mode; other errors of the system, such as
// too many open files, go by.
var faults = []syscall.Errno{syscall.ENOENT, syscall.EACCES, syscall.EPERM, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL}

// loadConfig reads the configuration that option names, or the usual files.
func loadConfig(option string) (*conf.Config, error) {
	files, required := conf.Files(option)
	config, err := conf.Load(files, required)
	var system syscall.Errno
	if errors.As(err, &system) && !slices.Contains(faults, system) {
		return nil, err // no fault of the configuration's, and temporary
	}
	if err != nil {
		return nil, configError{err}
	}
	return config, nil
}

// opened is an account's transport and where copies of its messages go, or why they can't be made.
type opened struct {
	transport backend.Transport
	sent      *sent.Folder // nil where there are no copies
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
		folder, failed := sent.Open(a, s)
		transports[a.Name] = opened{t, folder, cmp.Or(err, failed)}
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
