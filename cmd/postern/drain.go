package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"postern/backend"
	"postern/backend/queue"
)

// runner delivers what is in the queue, by transports of its own: each connection has one.
func (m *mailer) runner(s *queue.Spool, told func(queue.Outcome)) *queue.Runner {
	r := &queue.Runner{Spool: s, Policy: policy(m.config.Queue), Report: m.report, Copies: copiesOf{m}}
	for _, a := range m.config.Accounts {
		r.Accounts = append(r.Accounts, a.Name)
	}
	var decoding sync.Mutex // it notes in the configuration which keys are read
	r.Open = func(name string) (backend.Transport, error) {
		decoding.Lock()
		defer decoding.Unlock()
		a, err := m.config.Named(name)
		if err != nil {
			return nil, err
		}
		if err := m.usable(a); err != nil {
			return nil, err
		}
		return backends.Open(a, m.surroundings())
	}
	r.Told = func(o queue.Outcome) {
		m.noteTry(o)
		if told != nil {
			m.progress.hide()
			told(o)
		}
	}
	return r
}

// wake starts a process that delivers in the background what is due, or is so soon, if there is anything, nobody does it
// yet, and the messages of this run are not for a later one. What goes wrong is no failure of this run's: the messages are kept, and
// the next start sees them.
func (m *mailer) wake(inv *invocation) {
	if inv.delivery == queueOnly {
		return
	}
	s := queue.At(m.config.Queue.Dir)
	lock := s.Due()
	if lock == nil && !s.Soon(patience(m.config)) {
		return
	}
	defer lock.Close()
	err := startRunner(inv.config, lock)
	if err != nil && m.dialogue != nil {
		fmt.Fprintf(m.dialogue, "* no process to deliver in the background: %v\n", err)
	}
}

// remind tells a person of the messages that could not be delivered, and that nobody could be told of.
func (m *mailer) remind() {
	if m.terminal == nil {
		return
	}
	if n := queue.At(m.config.Queue.Dir).GivenUp(); n > 0 {
		fmt.Fprintf(m.terminal, "%s: undelivered, and nobody could be told: %d; mailq shows them\n", m.name, n)
	}
}

// startRunner starts the process, apart from the caller's session and streams. It goes on with the lock, where there is one,
// as descriptor 3.
func startRunner(config string, lock *os.File) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "queue", "run", "--background")
	cmd.Args[0] = "postern"
	if lock != nil {
		cmd.Args = append(cmd.Args, "--locked")
		cmd.ExtraFiles = []*os.File{lock}
	}
	cmd.Env = os.Environ()
	if config = cmp.Or(config, os.Getenv("POSTERN_CONFIG")); config != "" { // it may be meant from here
		name, err := filepath.Abs(config)
		if err != nil {
			return err
		}
		cmd.Env = append(cmd.Env, "POSTERN_CONFIG="+name)
	}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// What the caller has left open, such as a lock or a pipe, would stay so as long as the process waits.
	_ = unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// drainAll is sendmail -q: everything that is wanted is tried once, and each failure told of.
func (m *mailer) drainAll(ctx context.Context, wanted queue.Wanted, told func(queue.Outcome)) error {
	s, err := m.spool()
	if err != nil {
		return err
	}
	err = m.runner(s, told).Once(ctx, wanted)
	m.progress.hide()
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	if err != nil {
		return keepError{err}
	}
	return nil
}
