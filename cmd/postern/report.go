package main

import (
	"fmt"
	"io"
	"strings"

	"postern/cmd/catch"
	"postern/conf"
)

// withAccount is an error of sending, with the account it was sent by, for the hint.
type withAccount struct {
	error
	account *conf.Account
}

func (e withAccount) Unwrap() error { return e.error }

// report prints each error on a line of its own, one hint where it helps, and gives the exit status. A fate that
// several recipients share is told once.
func report(stderr io.Writer, name string, errs []error) int {
	told := map[string]bool{}
	advice := ""
	for _, err := range errs {
		line := err.Error()
		if told[line] {
			continue
		}
		told[line] = true
		complain(stderr, name, err)
		if advice == "" {
			advice = hint(err)
		}
	}
	if advice != "" {
		fmt.Fprintf(stderr, "%s: hint: %s\n", name, advice)
	}
	return worst(errs)
}

// complain prints one error as one line, without control characters, which a terminal would obey.
func complain(stderr io.Writer, name string, err error) {
	fmt.Fprintf(stderr, "%s: %s\n", name, oneLine(err.Error()))
}

// oneLine is text without spare spaces and what a terminal could obey: control characters, also as single octets, and those
// that turn the direction of writing or part lines.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return r == ' ' || catch.Obeyed(r) }), " ")
}
