package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func (s Source) fromTerminal(ctx context.Context) (string, error) {
	secret, err := Ask(ctx, fmt.Sprintf("Password of %s at %s: ", s.User, s.Host))
	return string(secret), err
}

// IsTerminal tells whether f is a terminal.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Ask asks a person on the terminal, without echo. Standard input and output are left alone: they may be a message and
// its answer. Without a terminal, or in the background, where asking would stop the program, the error is
// ErrNoPassword. The signals that end the program have to end ctx instead, or they leave the terminal without echo.
func Ask(ctx context.Context, prompt string) (Secret, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", ErrNoPassword
	}
	fd := int(tty.Fd())
	front, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil || front != unix.Getpgrp() {
		tty.Close()
		return "", ErrNoPassword
	}
	before, err := term.GetState(fd)
	if err != nil {
		tty.Close()
		return "", later{err}
	}
	ctx, cancel := patience(ctx, 0)
	defer cancel()
	fmt.Fprint(tty, prompt)
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() { // nothing ends a read from a terminal: it is left behind where nobody answers
		text, err := term.ReadPassword(fd)
		runtime.KeepAlive(tty)
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		fmt.Fprintln(tty)
		tty.Close()
		if errors.Is(a.err, io.EOF) { // control-D
			a.err = nil
		}
		if a.err != nil {
			return "", later{a.err}
		}
		return Secret(a.text), nil
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		fmt.Fprintln(tty)
		return "", context.Cause(ctx)
	}
}
