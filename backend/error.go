package backend

import (
	"errors"
	"strconv"
	"strings"
)

// Kind is the cause of a failure, as far as what to do next depends on it. Each has its exit status, see sysexits(3).
type Kind int

const (
	// Unknown is a failure of no known cause. It counts as temporary.
	Unknown Kind = iota
	// Again is a failure that goes away by itself: a 4yz reply, a lost connection, a time limit.
	Again
	// Uncertain is a connection lost after the whole message was sent and before the reply: it may have been
	// delivered. It counts as temporary, since a duplicate is better than a loss (RFC 5321 section 4.2.5).
	Uncertain
	// NoRecipient is a recipient that the server refuses for good.
	NoRecipient
	// NoHost is a host name that does not exist.
	NoHost
	// Refused is a refusal for good of anything but a recipient, or a feature that the server lacks.
	Refused
	// Protocol is a server that doesn't keep to the protocol.
	Protocol
	// Denied is a sign-in or a certificate that failed.
	Denied
	// Data is a message or an address that can't be sent as it is.
	Data
	// Local is a failure of this machine: a file that can't be read or written.
	Local
	// Config is an account that lacks something.
	Config
)

// Error is a failure of a transport: who said it, at which stage, and what.
type Error struct {
	Kind   Kind
	Server string // "smtp.example.org"; empty before any server is involved
	TLS    string // of the connection: version and cipher; empty where there was none
	Stage  string // "connect", "STARTTLS", "RCPT TO:<ann@example.org>"; see backend/smtp
	Code   int    // the reply's code, or 0
	Status string // its enhanced status code (RFC 3463) such as "5.7.8", or empty
	Text   string // its text, cleaned of control characters, or our own words
	Err    error  // the cause below, or nil; its text is added
}

// Error is one line: server: stage: code status text.
func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.Server, e.Stage} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	var said []string
	if e.Code != 0 {
		said = append(said, strconv.Itoa(e.Code))
	}
	for _, p := range []string{e.Status, e.Text} {
		if p != "" {
			said = append(said, p)
		}
	}
	if len(said) > 0 {
		parts = append(parts, strings.Join(said, " "))
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

func (e *Error) Unwrap() error { return e.Err }

// Temporary tells whether trying again later may help. What is not known to be for good is temporary.
func Temporary(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return true
	}
	switch e.Kind {
	case NoRecipient, Refused, Denied, Data, Config:
		return false
	}
	return true
}
