package catch

import (
	"io"
	"time"
)

// Kinds of events.
const (
	MessageEvent = "message" // a message has come
	FaultEvent   = "fault"   // the server did what a fault asks of it
	ClientEvent  = "client"  // a client came, signed in or left
	ErrorEvent   = "error"   // the server could not do what it should
)

// Event is something that happened.
type Event struct {
	Kind    string
	Client  string // its address
	Fault   string // its name
	Text    string // what happened, in words
	Message *Message
}

// Message is a message that the server got.
type Message struct {
	Number     int64
	Time       time.Time
	Client     string // its address
	Hello      string // the name that it goes by
	TLS        string // version and cipher; "" is none
	User       string // who signed in
	Mechanism  string // and how
	From       string // the reverse path
	Parameters []string
	To         []Recipient
	Size       int64
	File       string   // where it is kept
	Faults     []string // that touched it

	octets io.ReaderAt
}

// Recipient is an address that the message is for.
type Recipient struct {
	Address    string   `json:"address"`
	Parameters []string `json:"parameters,omitempty"`
}

// Open has the message as it came, with CRLF. It can be read while the event is shown.
func (m *Message) Open() io.Reader { return io.NewSectionReader(m.octets, 0, m.Size) }
