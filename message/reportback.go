package message

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxReturn is how large a message comes back whole in a report of its failure. Of a larger one only the header comes
// back, as of every message that has not failed (RFC 3461 section 4.3); of a header that is larger as many fields as fit.
const MaxReturn = 50 << 10

// returned is what comes back of a message.
type returned struct {
	whole  *Message // or nil: then it is the header
	mine   bool     // whole is to be closed
	header []byte
	quoted bool // the header is quoted-printable
	large  bool // the message has been too large
}

// giveBack decides what comes back.
func (r *Report) giveBack(about *Message) (*returned, error) {
	back := &returned{large: about.Size() > MaxReturn}
	if r.worst().failed() && r.Return != "HDRS" && !back.large {
		whole, err := about.enclosed()
		if err != nil {
			return nil, err
		}
		if whole != nil {
			back.whole, back.mine = whole, whole != about
			return back, nil
		}
	}
	header := cutHeader(about.raw[:len(about.raw)-len(crlf)])
	if back.quoted = needsMending(header); back.quoted { // RFC 6522 section 4
		header = quoteLines(header)
	}
	back.header = header
	return back, nil
}

// enclosed gives the message so that it can be a part of another: its header is US-ASCII (RFC 2046 section 5.2.1), its
// lines are not too long, and it can be made 7-bit where a server wants that. It is the receiver where that is so, or
// else its 7-bit form, or nil where there is none: then a report that has it might be refused for the reason that it is
// about.
func (m *Message) enclosed() (*Message, error) {
	mends := m.Unfit() || needsMending(m.raw)
	if !m.eightBit && !mends {
		return m, nil
	}
	seven, err := m.SevenBit()
	var cannot ConversionError
	var header HeaderError
	switch {
	case errors.As(err, &cannot), errors.As(err, &header):
		return nil, nil
	case err != nil:
		return nil, err
	case !mends:
		return m, seven.Close()
	}
	defer seven.Close()
	whole, err := Read(seven.Open(), ReadOptions{}) // the header of a part may have kept a line that is too long
	if err == nil && (whole.Unfit() || hasLongLine(whole.raw)) {
		return nil, whole.Close()
	}
	return whole, err
}

// cutHeader is as much of a header as comes back: whole fields.
func cutHeader(header []byte) []byte {
	end := 0
	for rest := header; len(rest) > 0; {
		var field []byte
		field, rest = cutField(rest)
		if end+len(field) > MaxReturn {
			break
		}
		end += len(field)
	}
	return header[:end]
}

// quoteLines writes text in wire form as quoted-printable.
func quoteLines(text []byte) []byte {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	q := &quotedPrintable{w: w}
	for line := range bytes.Lines(text) {
		q.text(bytes.TrimSuffix(line, crlf))
		q.lineEnd()
	}
	w.Flush()
	return out.Bytes()
}

// fields are the header of the part.
func (b *returned) fields() string {
	switch {
	case b.whole != nil:
		return "Content-Type: message/rfc822\r\n" + encodingField(b.whole.eightBit)
	case b.quoted:
		return "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n"
	}
	return "Content-Type: text/rfc822-headers\r\n"
}

func (b *returned) open() io.Reader {
	if b.whole != nil {
		return b.whole.Open()
	}
	return bytes.NewReader(b.header)
}

func (b *returned) size() int64 {
	if b.whole != nil {
		return b.whole.Size()
	}
	return int64(len(b.header))
}

func (b *returned) close() {
	if b.mine {
		b.whole.Close()
	}
}
