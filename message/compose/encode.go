package compose

import (
	"bytes"
	"encoding/base64"
	"io"
)

// base64Lines writes base64 in lines of 76 (RFC 2045 section 6.8), which are of 57 octets.
type base64Lines struct {
	w    io.Writer
	left []byte // less than a line
	out  []byte
}

const (
	lineOctets = 57
	lineText   = 76
)

func (b *base64Lines) Write(p []byte) (int, error) {
	n := len(p)
	if len(b.left) > 0 {
		more := min(lineOctets-len(b.left), len(p))
		b.left, p = append(b.left, p[:more]...), p[more:]
		if len(b.left) < lineOctets {
			return n, nil
		}
		b.lines(b.left)
		b.left = b.left[:0]
	}
	whole := len(p) - len(p)%lineOctets
	b.lines(p[:whole])
	b.left = append(b.left, p[whole:]...)
	_, err := b.w.Write(b.out)
	b.out = b.out[:0]
	return n, err
}

// lines adds the lines of some octets.
func (b *base64Lines) lines(p []byte) {
	for len(p) > 0 {
		n := min(lineOctets, len(p))
		b.out = append(base64.StdEncoding.AppendEncode(b.out, p[:n]), "\r\n"...)
		p = p[n:]
	}
}

func (b *base64Lines) Close() error {
	b.lines(b.left)
	b.left = nil
	_, err := b.w.Write(b.out)
	return err
}

// lineEnds writes text with CRLF for every line end, whatever it has: LF, CRLF or CR.
type lineEnds struct {
	w   io.Writer
	cr  bool // the last octet was CR
	out []byte
}

func (l *lineEnds) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if l.cr && p[0] == '\n' { // its line has ended
			l.cr, p = false, p[1:]
			continue
		}
		l.cr = false
		i := bytes.IndexAny(p, "\r\n")
		if i < 0 {
			l.out = append(l.out, p...)
			break
		}
		l.out = append(append(l.out, p[:i]...), "\r\n"...)
		l.cr = p[i] == '\r'
		p = p[i+1:]
	}
	_, err := l.w.Write(l.out)
	l.out = l.out[:0]
	return n, err
}

// asIs writes octets as they are.
type asIs struct{ io.Writer }

func (asIs) Close() error { return nil }
