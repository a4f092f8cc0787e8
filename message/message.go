// Package message reads an RFC 5322 message once, mends its header, and gives it out in wire form. It reads
// addresses as real mail has them, and knows nothing of any network.
//
// Wire form is what RFC 5321 section 2.3.8 asks for: every line ends in CRLF, and neither CR nor LF stands anywhere
// else. A carriage return without line feed is a line end in the body (terminals show it so, and nothing is lost)
// and a space in the header, where a line end would begin another field.
package message

import (
	"bytes"
	"io"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// Message is a message that was read whole. Complete changes its header, once.
type Message struct {
	header   textproto.Header
	sending  sending
	raw      []byte // the header in wire form, with the blank line
	body     body
	eightBit bool  // an octet over 127 in the body
	rest     *rest // what is to be read yet, or nil
	borrowed bool  // the body is another message's
}

// ReadError is a failure of the input in the middle of the message, which is not its end.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return "reading the message: " + e.Err.Error() }

func (e *ReadError) Unwrap() error { return e.Err }

// SpoolError is a failure of the temporary file that holds a large body.
type SpoolError struct{ Err error }

func (e *SpoolError) Error() string {
	return "keeping the message in a temporary file: " + e.Err.Error()
}

func (e *SpoolError) Unwrap() error { return e.Err }

// HeaderError is a header that can't be sent.
type HeaderError string

func (e HeaderError) Error() string { return string(e) }

// Open gives the message from its beginning, in wire form; the last octets are always CRLF. It can be called as often
// as needed, until Close.
func (m *Message) Open() io.Reader {
	return io.MultiReader(bytes.NewReader(m.raw), m.body.open())
}

// HeaderLines are the lines of the header as it goes out, without their line ends.
func (m *Message) HeaderLines() []string {
	return strings.Split(strings.TrimRight(string(m.raw), "\r\n"), "\r\n")
}

// Size is the number of octets that Open gives: what SIZE= declares (RFC 1870 section 3).
func (m *Message) Size() int64 {
	return int64(len(m.raw)) + m.body.size()
}

// EightBit tells whether header or body have octets over 127, for which BODY=8BITMIME is declared (RFC 6152).
func (m *Message) EightBit() bool {
	return m.eightBit || m.EightBitHeader()
}

// ID is the Message-ID, with its angle brackets; empty where there is none.
func (m *Message) ID() string { return m.header.Get("Message-Id") }

// Close gives the temporary file back.
func (m *Message) Close() error {
	if m.borrowed {
		return nil
	}
	return m.body.close()
}
