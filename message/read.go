package message

import (
	"bytes"
	"errors"
	"io"

	"github.com/emersion/go-message/textproto"
)

// MaxHeader bounds the header, which is kept in memory. Servers stop far below: Postfix at 100 KiB.
const MaxHeader = 1 << 20

// maxFields bounds the number of fields, each of which costs some memory besides its octets.
const maxFields = 10000

const (
	errHeaderSize   = HeaderError("the header is over 1048576 octets")
	errHeaderCR     = HeaderError("a carriage return in the header that ends no line, with a field behind it")
	errHeaderFields = HeaderError("the header has over 10000 fields")
)

// ReadOptions say how the input is meant.
type ReadOptions struct {
	// DotEnds has a line with a lone dot end the message and a doubled leading dot undone, as sendmail does without
	// -i. What follows the dot is not read.
	DotEnds bool
}

var crlf = []byte("\r\n")

// Read reads a message to its end. A line of a mailbox file ("From sender date") before or in the header is dropped,
// and so is a byte order mark before it. The header ends at a blank line, or at the first line that can't be a field:
// then that line begins the body. The error is a *ReadError, a *SpoolError or a HeaderError.
func Read(r io.Reader, o ReadOptions) (*Message, error) {
	l := newLines(r, o.DotEnds)
	raw, rest, err := readHeader(l)
	if err != nil {
		return nil, err
	}
	m := &Message{raw: append(raw, crlf...)}
	if m.header, err = takeApart(raw); err != nil {
		return nil, err
	}
	m.sending = readSending(&m.header)
	if err := m.readBody(l, rest); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// takeApart makes the fields of a header in wire form, which share its memory.
func takeApart(raw []byte) (h textproto.Header, err error) {
	end, fields := len(raw), 0
	for end > 0 {
		start := end
		for start == end || isFolded(raw[start:]) { // a field's first line, and those that go on with it
			start = bytes.LastIndexByte(raw[:start-1], '\n') + 1
		}
		if fields++; fields > maxFields {
			return h, errHeaderFields
		}
		h.AddRaw(raw[start:end:end]) // each goes before those that are there
		end = start
	}
	return h, nil
}

// piece is a piece of a line, see lines.next.
type piece struct {
	text  []byte
	whole bool
}

// readHeader reads up to the end of the header: raw is its lines in wire form, rest the first piece of the body if
// that has been read already.
func readHeader(l *lines) (raw []byte, rest *piece, err error) {
	for {
		line, whole, err := readLine(l)
		if errors.Is(err, io.EOF) || err == nil && len(line) == 0 {
			return raw, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		// A byte order mark is no part of a header.
		if marked, ok := bytes.CutPrefix(line, []byte("\xef\xbb\xbf")); ok && len(raw) == 0 && (isField(marked) || isMailboxLine(marked)) {
			line = marked
		}
		ofHeader := isField(line) || isFolded(line) && len(raw) > 0
		switch {
		case (ofHeader || line[0] == '\r' || isMailboxLine(line)) && hidesField(line):
			return nil, nil, errHeaderCR
		case !ofHeader && isMailboxLine(line) && bytes.IndexByte(line, '\r') < 0:
			continue
		case !ofHeader:
			return raw, &piece{line, whole}, nil
		case !whole || len(raw)+len(line) > MaxHeader:
			return nil, nil, errHeaderSize
		}
		raw = append(raw, bytes.Join(bytes.FieldsFunc(line, isCR), []byte(" "))...)
		raw = append(raw, crlf...)
	}
}

// readLine reads a line, up to MaxHeader of it.
func readLine(l *lines) (line []byte, whole bool, err error) {
	for !whole && len(line) <= MaxHeader {
		var text []byte
		text, whole, err = l.next()
		if err != nil {
			return nil, false, err
		}
		line = append(line, text...)
	}
	return line, whole, nil
}

// hidesField tells whether a carriage return inside a line has a field behind it: it is meant as a line end there, by a
// program of another age or by somebody who wants to add a field unseen.
func hidesField(line []byte) bool {
	for {
		_, rest, ok := bytes.Cut(line, []byte("\r"))
		if !ok {
			return false
		}
		if line = bytes.TrimLeft(rest, "\r"); isField(line) {
			return true
		}
	}
}

func isCR(r rune) bool { return r == '\r' }

// isField tells whether a line begins a field: a name of printable US-ASCII, perhaps white space, and a colon (RFC
// 5322 sections 2.2 and 4.5).
func isField(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// isMailboxLine tells whether a line parts the messages of a mailbox file: "From ann@example.org Thu Jan  1 00:00:00
// 1970", perhaps quoted once more. The month and the time of day tell it from text that begins with the word.
func isMailboxLine(line []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimPrefix(line, []byte(">")), []byte("From "))
	if !ok {
		return false
	}
	month, clock := false, false
	for _, word := range bytes.Fields(rest) {
		month = month || len(word) == 3 && bytes.Contains([]byte("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"), word)
		hour, minute, ok := bytes.Cut(word, []byte(":"))
		clock = clock || ok && isDigits(hour) && isDigits(minute[:min(len(minute), 2)])
	}
	return month && clock
}

func isDigits(b []byte) bool {
	return len(b) == 2 && '0' <= b[0] && b[0] <= '9' && '0' <= b[1] && b[1] <= '9'
}

// isFolded tells whether a line goes on with a field.
func isFolded(line []byte) bool {
	return line[0] == ' ' || line[0] == '\t'
}

// readBody reads the rest of the message into m in wire form.
func (m *Message) readBody(l *lines, p *piece) error {
	if p == nil {
		p = &piece{}
		var err error
		if p.text, p.whole, err = l.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	for {
		m.eightBit = m.eightBit || hasEightBit(p.text)
		if err := m.body.writeText(p.text); err != nil {
			return err
		}
		if p.whole {
			if _, err := m.body.Write(crlf); err != nil {
				return err
			}
			m.body.column = 0
		}
		var err error
		p.text, p.whole, err = l.next()
		switch {
		case errors.Is(err, io.EOF):
			return m.body.finish()
		case err != nil:
			return err
		}
	}
}

// writeText writes a piece of a line; carriage returns that stand alone become line ends.
func (b *body) writeText(text []byte) error {
	for len(text) > 0 {
		part := text
		i := bytes.IndexByte(text, '\r')
		if i >= 0 {
			part = text[:i]
		}
		if _, err := b.Write(part); err != nil {
			return err
		}
		b.column += len(part)
		b.unfit = b.unfit || b.column > maxLine || bytes.IndexByte(part, 0) >= 0
		if i < 0 {
			return nil
		}
		if _, err := b.Write(crlf); err != nil {
			return err
		}
		b.column = 0
		text = bytes.TrimLeft(text[i:], "\r")
	}
	return nil
}
