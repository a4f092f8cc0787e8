package main

import (
	"fmt"
	"io"
	"path/filepath"
)

// version is set by the linker, see the Makefile.
var version = "devel"

// form is what the program does under a name; args[0] is the name.
type form func(args []string, std streams) int

// forms are the names of sendmail's family, and mail. Each works as a link to the program, and as "postern NAME".
var forms = map[string]form{
	"sendmail":   sendmail,
	"send-mail":  sendmail,
	"mailq":      mailq,
	"newaliases": newaliases,
	"mail":       mail,
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
