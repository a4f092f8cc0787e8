//go:build linux

package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// caller is a program that calls sendmail, run as alice in the callers' world.
type caller struct {
	name, script, stdin string
	asRoot              bool
	uid                 uint32   // instead of alice's
	env                 []string // empty: a login's
	fails               bool     // the program ends with a failure, as it should
	want                []caught
}

// caught is what a caller's message must be when it arrives.
type caught struct {
	from, to string
	params   string   // what MAIL and RCPT say besides
	has      []string // lines of the message
	hasNot   []string // words that are nowhere in it
	body     string   // the whole body, where it is not empty
}

// complete are the beginnings of lines that every message has once.
var complete = []string{"From: ", "Date: ", "Message-ID: <"}

// TestRealCallers runs programs of Debian's that call sendmail, and looks at what the relay gets.
func TestRealCallers(t *testing.T) {
	w := startCallerWorld(t)
	for _, c := range slices.Concat(mailPrograms, machinePrograms, libraryPrograms, machineServices) {
		t.Run(c.name, func(t *testing.T) {
			said, err := w.run(t, c)
			if (err != nil) != c.fails {
				t.Errorf("it ended with %v, and said\n%s", err, said)
			}
			for _, want := range c.want {
				select {
				case got := <-w.sink.received:
					want.check(t, got)
				case <-time.After(5 * time.Second): // some programs send in the background
					t.Fatalf("no message to %s; it said\n%s", want.to, said)
				}
			}
			select {
			case got := <-w.sink.received:
				t.Errorf("a message too many, to %s:\n%s", got.to, got.data)
			default:
			}
		})
	}
}

func (want caught) check(t *testing.T, got *caughtMail) {
	t.Helper()
	header, body, _ := strings.Cut(got.data, "\n\n")
	bad := got.from != want.from || got.to != want.to || want.params != "" && got.params != want.params || want.body != "" && body != want.body
	lines := strings.Split(got.data, "\n")
	for _, line := range want.has {
		bad = bad || !slices.Contains(lines, line)
	}
	for _, begin := range complete {
		n := 0
		for line := range strings.Lines(header) {
			if strings.HasPrefix(strings.ToLower(line), strings.ToLower(begin)) {
				n++
			}
		}
		bad = bad || n != 1
	}
	for _, word := range append(want.hasNot, "\nBcc:", "\nbcc:", "\r", "blind") {
		bad = bad || strings.Contains("\n"+header+"\n", word)
	}
	if bad {
		t.Errorf("got from <%s> to <%s> with %q:\n%s\nwant %+v", got.from, got.to, got.params, got.data, want)
	}
}
