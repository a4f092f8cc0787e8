package queue

import (
	"time"

	"postern/message"
)

// Record is what is known of a message when it comes, and doesn't change.
type Record struct {
	Version  int              `json:"version"` // of the format: see formatVersion
	Account  string           `json:"account"`
	Envelope message.Envelope `json:"envelope"`
	Time     time.Time        `json:"time"`               // when it came
	UID      int              `json:"uid"`                // who has handed it in
	NotUntil time.Time        `json:"not_until,omitzero"` // the first try, or with Tried the next
	Tried    string           `json:"tried,omitempty"`    // the error of a try before it came
	Report   bool             `json:"report,omitempty"`   // a delivery report of ours, which none is sent about
	Copied   bool             `json:"copied,omitempty"`   // no copy is to be made of it: see Copies
	Size     int64            `json:"size"`               // of the message in wire form
	Traits   message.Traits   `json:"traits"`
	// Digest is the SHA-256 of the message, in hexadecimal. It is the last member: Put writes it when the rest is there.
	Digest string `json:"digest"`
}

// formatVersion is that of the files. One that is higher comes from a later program, and is left alone.
const formatVersion = 1

// State is what has become of a message so far.
type State struct {
	Tries     int       `json:"tries"`
	Due       time.Time `json:"due"` // the next try; zero where Held
	Held      bool      `json:"held,omitempty"`
	Warned    bool      `json:"warned,omitempty"`    // the sender was told of the delay
	Uncertain bool      `json:"uncertain,omitempty"` // the latest try may have delivered it
	Copied    bool      `json:"copied,omitempty"`    // somebody has it, and its copy was made or begun
	Error     string    `json:"error,omitempty"`     // of the latest try
	// Left are the recipients without a fate, as places in Envelope.To. It is in use from the first try on.
	Left []int `json:"left,omitempty"`
	// Failures are those given up, with why: the message is in failed/ for their sake.
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is a recipient that was given up.
type Failure struct {
	To    int    `json:"to"` // a place in Envelope.To
	Error string `json:"error"`
}

// never is when a held message is due: far enough that no clock is wrong by so much.
var never = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// due is the modification time of the state's file.
func (s *State) due() time.Time {
	if s.Held {
		return never
	}
	return s.Due
}
