// Command postern is a sendmail for machines that have no mail server. Called as sendmail, mailq or newaliases it is
// the drop-in that other programs call; called as postern it is the companion for people.
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// version is set by the linker, see the Makefile.
var version = "devel"

func main() {
	// A closed standard error must not kill a delivery: with a receiver for SIGPIPE, writing to it is an error that
	// nobody minds. Ignoring the signal instead would be inherited by password commands.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
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
