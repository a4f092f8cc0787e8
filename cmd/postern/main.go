//go:build !manpages

// Command postern is a sendmail for machines that have no mail server. Called as sendmail, mailq or newaliases it is
// the drop-in that other programs call; called as postern it is the companion for people.
package main

import (
	"io"
	"os"
)

func main() {
	var in io.Reader = os.Stdin
	if inputClosed() {
		in = closedInput{}
	}
	os.Exit(run(os.Args, in, above(1, os.Stdout), above(2, os.Stderr)))
}
