package message_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/iotest"

	"postern/message"
)

// TestOpenText has the text of messages as callers write them, read at once, an octet at a time, and in halves.
func TestOpenText(t *testing.T) {
	large := strings.Repeat(strings.Repeat("x", 61)+"\n\n", 200<<10/63) // beyond what stays in memory
	for _, c := range []struct{ story, in, want string }{
		{"line feeds", "A: 1\n\nbody\n", "A: 1\n\nbody\n"},
		{"CRLF", "A: 1\r\n\r\nbody\r\n\r\n\r\n", "A: 1\n\nbody\n\n\n"},
		{"carriage returns alone end lines", "A: 1\n\na\rb\r\rc\n", "A: 1\n\na\nb\nc\n"},
		{"no final newline", "A: 1\n\nbody", "A: 1\n\nbody\n"},
		{"nothing at all", "", "\n"},
		{"a header alone", "A: 1", "A: 1\n\n"},
		{"blank lines alone", "\n\n\n", "\n\n\n"},
		{"a large body", "A: 1\n\n" + large, "A: 1\n\n" + large},
	} {
		m := read(t, c.in, message.ReadOptions{})
		for name, r := range map[string]io.Reader{
			"at once":            m.OpenText(),
			"an octet at a time": iotest.OneByteReader(m.OpenText()),
			"in halves":          iotest.HalfReader(m.OpenText()),
		} {
			var got bytes.Buffer
			if _, err := got.ReadFrom(r); err != nil || got.String() != c.want {
				t.Errorf("%s, %s: %d octets, want %d: %.60q, %v", c.story, name, got.Len(), len(c.want), got.String(), err)
			}
		}
		if err := iotest.TestReader(m.OpenText(), []byte(c.want)); err != nil {
			t.Errorf("%s: %v", c.story, err)
		}
	}
}

// TestOpenTextUnreadable: a body that can't be read back is an error, not the end.
func TestOpenTextUnreadable(t *testing.T) {
	m := read(t, "A: 1\n\n"+strings.Repeat("text\n", 40<<10), message.ReadOptions{})
	m.Close()
	if n, err := io.Copy(io.Discard, m.OpenText()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%d octets, %v", n, err)
	}
}
