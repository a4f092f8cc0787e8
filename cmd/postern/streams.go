package main

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"
)

// streams are the standard streams of a form.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// above is a standard stream on a descriptor above 2, where writing to a closed pipe is an error that the writer can
// see: on 1 and 2 Go ends the program with SIGPIPE, and a caller that closes standard error must not lose a mail.
func above(fd int, f *os.File) io.Writer {
	copied, err := syscall.Dup(fd)
	if err != nil {
		return f
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), f.Name())
}

// closedInput is a standard input that isn't there.
type closedInput struct{}

var errInputClosed = errors.New("standard input is closed, or /dev/null for reading and writing")

func (closedInput) Read([]byte) (int, error) { return 0, errInputClosed }

// inputClosed tells whether standard input was closed when the program started. Go puts /dev/null in its place, open
// for reading and writing; some programs do so themselves, and have no message to send either.
func inputClosed() bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, 0, syscall.F_GETFL, 0)
	if errno != 0 || flags&syscall.O_ACCMODE != syscall.O_RDWR {
		return false
	}
	var stdin, null syscall.Stat_t
	return syscall.Fstat(0, &stdin) == nil && syscall.Stat(os.DevNull, &null) == nil && stdin.Rdev == null.Rdev
}

// isTerminal tells whether a person is at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
