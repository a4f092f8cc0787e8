package message

import (
	"bytes"
	"fmt"
	"io"
)

// Traits are what reading a message has found out about its body, for a store that keeps the message and has to know
// them again.
type Traits struct {
	EightBit bool `json:"eight_bit,omitempty"` // an octet over 127 in the body
	Unfit    bool `json:"unfit,omitempty"`     // see Message.Unfit
	NUL      bool `json:"nul,omitempty"`       // see Message.HasNUL
}

// Traits are those of the message's body.
func (m *Message) Traits() Traits { return Traits{m.eightBit, m.body.unfit, m.body.nul} }

// Store is where a message is kept in wire form: a file, mostly.
type Store interface {
	io.ReaderAt
	io.Closer
}

// Stored is a message that was complete, and whose octets, as Open gave them, are in store from offset at on. The store
// is closed with the message. The error is a *ReadError, or a HeaderError where what is there is no message in wire form.
func Stored(store Store, at, size int64, traits Traits) (*Message, error) {
	begin := make([]byte, min(size, 4<<10))
	for {
		if _, err := store.ReadAt(begin, at); err != nil {
			return nil, &ReadError{fmt.Errorf("its header: %w", err)}
		}
		end := headerEnd(begin)
		switch {
		case end < 0 && int64(len(begin)) < min(size, MaxHeader+2):
			begin = make([]byte, min(size, 8*int64(len(begin)), MaxHeader+2))
			continue
		case end < 0:
			return nil, HeaderError("no end of the header")
		}
		raw := begin[:end:end]
		header, err := takeApart(raw[:end-len(crlf)])
		if err != nil {
			return nil, err
		}
		m := &Message{header: header, raw: raw, eightBit: traits.EightBit}
		m.sending = readSending(&m.header)
		m.body = body{unfit: traits.Unfit, nul: traits.NUL, stored: io.NewSectionReader(store, at+int64(end), size-int64(end)), store: store}
		return m, nil
	}
}

// headerEnd is the length of a header with its blank line, or -1.
func headerEnd(text []byte) int {
	if bytes.HasPrefix(text, crlf) {
		return len(crlf)
	}
	if i := bytes.Index(text, []byte("\r\n\r\n")); i >= 0 {
		return i + 4
	}
	return -1
}
