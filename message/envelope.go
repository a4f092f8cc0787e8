package message

import (
	"slices"
	"strings"
)

// Envelope is what the server is told apart from the message (RFC 5321 section 2.3.1).
type Envelope struct {
	From     string   // reverse-path, without the angle brackets; empty is the null reverse-path
	To       []string // forward-paths, without the angle brackets
	EightBit bool     // BODY=8BITMIME whatever the message has (RFC 6152)
	DSN      DSN
	Terms    Terms
}

// DSN is what the sender asks to be told about a message's way (RFC 3461). A server that can't isn't asked.
type DSN struct {
	Return string // RET: "FULL", "HDRS" or empty
	ID     string // ENVID as it is meant, without xtext
	For    []Wish // one for each recipient of To, in order; or none at all
}

// Wish is the part of a DSN that is one recipient's.
type Wish struct {
	Notify   string // NOTIFY: "NEVER", or some of "SUCCESS,FAILURE,DELAY"; or empty
	Original string // ORCPT's address as it is meant, without its type and xtext; or empty
}

// Wish is that of a recipient of To, by its place.
func (d DSN) Wish(i int) Wish {
	if i >= len(d.For) {
		return Wish{}
	}
	return d.For[i]
}

// Wants tells whether the sender wants a report of what has become of the recipient (RFC 3461 section 4.1). Who has not
// said so is told of failures and delays (section 5.2.3 leaves delays open), and not of success. Relayed is to be told
// only where the server doesn't offer DSN: one that does sees to NOTIFY itself (section 5.2.1).
func (w Wish) Wants(a Action) bool {
	if w.Notify == "" {
		return a.failed() || a == Delayed
	}
	word := "SUCCESS"
	switch {
	case a.failed():
		word = "FAILURE"
	case a == Delayed:
		word = "DELAY"
	}
	return slices.Contains(strings.Split(w.Notify, ","), word)
}
