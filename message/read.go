package message

import (
	"bytes"
	"errors"
	"io"
	"slices"

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
	m, err := ReadHeader(r, o)
	if err != nil {
		return nil, err
	}
	if err := m.ReadBody(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// ReadHeader is the first half of Read: it tells who sends the message to whom while the rest is perhaps still being
// written. ReadBody has to follow before anything else is made of the message.
func ReadHeader(r io.Reader, o ReadOptions) (*Message, error) {
	l := newLines(r, o.DotEnds)
	raw, begun, err := readHeader(l)
	if err != nil {
		return nil, err
	}
	m := &Message{raw: append(raw, crlf...), rest: &rest{l, begun}}
	if m.header, err = takeApart(raw); err != nil {
		return nil, err
	}
	m.sending = readSending(&m.header)
	return m, nil
}

// rest is what ReadHeader has left of the input, with the beginning of the body if that has been read already.
type rest struct {
	lines *lines
	begun *piece
}

// ReadBody is the second half of Read. The message is to be closed also where there is an error.
func (m *Message) ReadBody() error {
	r := m.rest
	m.rest = nil
	return m.readBody(r.lines, r.begun)
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
	b := &m.body
	for {
		from := len(b.memory)
		b.appendText(p.text)
		if p.whole {
			b.endLine()
			b.appendLines(l)
		}
		m.eightBit = m.eightBit || hasEightBit(b.memory[from:])
		b.nul = b.nul || bytes.IndexByte(b.memory[from:], 0) >= 0
		b.unfit = b.unfit || b.nul
		if err := b.spill(); err != nil {
			return err
		}
		var err error
		p.text, p.whole, err = l.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// appendText appends a piece of a line; carriage returns that stand alone become line ends.
func (b *body) appendText(text []byte) {
	for len(text) > 0 {
		part, _, stray := bytes.Cut(text, []byte("\r"))
		b.memory = append(b.memory, part...)
		b.column += len(part)
		b.unfit = b.unfit || b.column > maxLine
		if !stray {
			return
		}
		b.endLine()
		text = bytes.TrimLeft(text[len(part):], "\r")
	}
}

func (b *body) endLine() {
	b.memory = append(b.memory, crlf...)
	b.column = 0
}

// appendLines appends the whole lines that have been read already: nearly all lines of a large body, which is why the
// usual ones, without a carriage return inside, are copied here.
func (b *body) appendLines(l *lines) {
	block := l.block()
	hasCR := bytes.IndexByte(block, '\r') >= 0
	b.memory = slices.Grow(b.memory, len(block)+len(block)/8)
	for len(block) > 0 {
		i := bytes.IndexByte(block, '\n')
		line := block[:i]
		block = block[i+1:]
		if hasCR {
			line = bytes.TrimRight(line, "\r")
		}
		if l.dotEnds && len(line) > 0 && line[0] == '.' {
			if line, l.ended = undot(line, true); l.ended {
				return
			}
		}
		if hasCR && bytes.IndexByte(line, '\r') >= 0 {
			b.appendText(line)
			b.endLine()
			continue
		}
		b.memory = append(append(b.memory, line...), '\r', '\n')
		b.unfit = b.unfit || len(line) > maxLine
	}
}
