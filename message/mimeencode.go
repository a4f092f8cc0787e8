package message

import (
	"bufio"
	"encoding/base64"
	"io"
)

// encodedLine is how long a line of encoded text may be (RFC 2045 sections 6.7 and 6.8).
const encodedLine = 76

const hexDigits = "0123456789ABCDEF"

// plain writes text as it is.
type plain struct{ w *bufio.Writer }

func (p plain) text(piece []byte) { p.w.Write(piece) }
func (p plain) lineEnd()          { p.w.Write(crlf) }
func (p plain) end()              {}

// quotedPrintable writes text as quoted-printable (RFC 2045 section 6.7), or mends what is meant as such.
type quotedPrintable struct {
	w      *bufio.Writer
	mend   bool // what looks encoded is
	column int
	inCode int    // mend: how many octets are left of an "=3D", which stays in one piece
	broken bool   // the line begins behind a soft line break
	held   []byte // white space that may be the last of the line
}

func (q *quotedPrintable) text(piece []byte) {
	for _, c := range piece {
		if c == ' ' || c == '\t' {
			if q.mend && len(q.held) == maxLine || !q.mend && len(q.held) > 0 {
				q.release()
			}
			q.held = append(q.held, c)
			continue
		}
		q.release()
		if q.mend && c != 0 && c < 0x80 || c > ' ' && c < 0x7f && c != '=' {
			q.literal(c)
		} else {
			q.escape(c)
		}
	}
}

// release writes white space that has something behind it.
func (q *quotedPrintable) release() {
	for _, c := range q.held {
		q.literal(c)
	}
	q.held = q.held[:0]
}

func (q *quotedPrintable) literal(c byte) {
	code := c == '=' // of three octets; here only where one mends
	if q.inCode > 0 && q.column < maxLine-encodedLine {
		q.inCode--
	} else if code {
		q.room(3)
	} else {
		q.room(1)
	}
	if c == '-' && q.column == 0 && q.broken { // or it could become a delimiter
		q.escape(c)
		return
	}
	if code {
		q.inCode = 2
	}
	q.w.WriteByte(c)
	q.column++
}

func (q *quotedPrintable) escape(c byte) {
	q.room(3)
	q.inCode = 0
	q.w.WriteByte('=')
	q.w.WriteByte(hexDigits[c>>4])
	q.w.WriteByte(hexDigits[c&15])
	q.column += 3
}

// room breaks the line where it has no room for n more octets and the "=" of a soft line break.
func (q *quotedPrintable) room(n int) {
	if q.column+n < encodedLine {
		return
	}
	q.w.WriteString("=\r\n")
	q.column, q.inCode, q.broken = 0, 0, true
}

func (q *quotedPrintable) lineEnd() {
	q.end()
	q.w.Write(crlf)
	q.column, q.inCode, q.broken = 0, 0, false
}

func (q *quotedPrintable) end() {
	switch {
	case !q.mend && len(q.held) > 0:
		q.escape(q.held[0])
	case q.column+len(q.held) <= maxLine: // where it is longer it goes: a decoder takes it away (rule 3)
		q.w.Write(q.held)
	}
	q.held = q.held[:0]
}

// base64Writer writes octets as base64 (RFC 2045 section 6.8).
type base64Writer struct {
	enc io.WriteCloser
}

func newBase64(w *bufio.Writer) base64Writer {
	return base64Writer{base64.NewEncoder(base64.StdEncoding, &wrapper{w: w})}
}

func (b base64Writer) text(piece []byte) { b.enc.Write(piece) }
func (b base64Writer) lineEnd()          { b.enc.Write(crlf) }
func (b base64Writer) end()              { b.enc.Close() }

// wrapper breaks what is written into lines of 76.
type wrapper struct {
	w      *bufio.Writer
	column int
}

func (w *wrapper) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if w.column == encodedLine {
			w.w.Write(crlf)
			w.column = 0
		}
		n := min(len(rest), encodedLine-w.column)
		w.w.Write(rest[:n])
		w.column += n
		rest = rest[n:]
	}
	return len(p), nil
}

// base64Mender writes base64 with its long lines broken, and without octets over 127 and NUL. Lines stay apart:
// something else may stand behind the encoded text.
type base64Mender struct {
	w      *bufio.Writer
	column int
}

func (b *base64Mender) text(piece []byte) {
	for _, c := range piece {
		if c == 0 || c >= 0x80 {
			continue
		}
		if b.column == encodedLine {
			b.w.Write(crlf)
			b.column = 0
		}
		if b.column == 0 && c == '-' { // or it could become a delimiter; a decoder ignores both
			b.w.WriteByte(' ')
			b.column++
		}
		b.w.WriteByte(c)
		b.column++
	}
}

func (b *base64Mender) lineEnd() {
	b.w.Write(crlf)
	b.column = 0
}

func (b *base64Mender) end() {}

// cleaner writes the text between the parts of a multipart, which isn't for readers.
type cleaner struct {
	w      *bufio.Writer
	column int
}

func (o *cleaner) text(piece []byte) {
	for _, c := range piece {
		if o.column == maxLine {
			o.w.WriteString("\r\n ")
			o.column = 1
		}
		if c == 0 || c >= 0x80 {
			c = '?'
		}
		o.w.WriteByte(c)
		o.column++
	}
}

func (o *cleaner) lineEnd() {
	o.w.Write(crlf)
	o.column = 0
}
