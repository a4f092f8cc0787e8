// Command postern is a sendmail for machines that have no mail server. Called as sendmail, mailq or newaliases it is
// the drop-in that other programs call; called as postern it is the companion for people.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// version is set by the linker, see the Makefile.
var version = "devel"

func main() {
	var in io.Reader = os.Stdin
	if inputClosed() {
		in = closedInput{}
	}
	os.Exit(run(os.Args, in, above(1, os.Stdout), above(2, os.Stderr)))
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

// streams are the standard streams of a form.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// form is what the program does under a name; args[0] is the name.
type form func(args []string, std streams) int

// forms are the names of sendmail's family. Each works as a link to the program, and as "postern NAME".
var forms = map[string]form{
	"sendmail":   sendmail,
	"send-mail":  sendmail,
	"mailq":      mailq,
	"newaliases": newaliases,
}

// run is the program: the form is chosen by the name it is called by, before anything of the companion is set up, so
// that a sendmail starts fast.
func run(args []string, in io.Reader, out, err io.Writer) (status int) {
	std := streams{in, out, err}
	name := filepath.Base(args[0])
	defer func() {
		if fault := recover(); fault != nil {
			fmt.Fprintf(err, "%s: internal error: %v\n", name, fault)
			status = exSoftware
		}
	}()
	if f, ok := forms[name]; ok {
		return f(append([]string{name}, args[1:]...), std)
	}
	if len(args) > 1 {
		if f, ok := forms[args[1]]; ok {
			return f(args[1:], std)
		}
	}
	return companion(args[1:], std)
}
