//go:build linux

package main

import "bytes"

// dots finds the end of a DATA body and measures the body as it was before dot-stuffing (RFC 5321 section 4.5.2).
// It eats whatever a read returned, so the dot line may be cut anywhere:
//
//	lineStart --"."--> dot --CR--> dotCR --LF--> the end
//	    ^  \            |            |
//	    |   \other      |other       |other: a CR inside a line that began with a stuffed dot
//	    |    v          v            v
//	    +--- text <-----+------------+
//	CRLF |   ^ |
//	     |   | |CR is the last octet of the read
//	     |   | v
//	     +--- cr
//
// No line is looked at singly: inside text one search for CRLF and a dot covers the whole read.
type dots struct {
	state dotState
	size  int64 // octets of the body so far, line ends included, stuffed dots not
}

type dotState int

const (
	lineStart dotState = iota // first, so that an empty dots is ready
	text
	cr
	dot
	dotCR
)

// eat takes octets off the front of p and says how many, and whether the body ended there.
// Without an end it takes all of p.
func (d *dots) eat(p []byte) (n int, end bool) {
	for n < len(p) {
		switch d.state {
		case text:
			n += d.eatText(p[n:])
			continue
		case cr:
			d.state = text
			if p[n] == '\n' {
				d.state = lineStart
				d.size++
				n++
			}
		case lineStart:
			d.state = text
			if p[n] == '.' {
				d.state = dot
				n++
			}
		case dot:
			d.state = text // and the dot was stuffing
			if p[n] == '\r' {
				d.state = dotCR
				n++
			}
		case dotCR:
			if p[n] == '\n' {
				return n + 1, true
			}
			d.state = text
			d.size++ // the CR was text after all
		}
	}
	return n, false
}

func (d *dots) eatText(p []byte) int {
	if i := bytes.Index(p, []byte("\r\n.")); i >= 0 {
		d.state = dot
		d.size += int64(i) + 2
		return i + 3
	}
	switch {
	case bytes.HasSuffix(p, []byte("\r\n")):
		d.state = lineStart
	case p[len(p)-1] == '\r':
		d.state = cr
	}
	d.size += int64(len(p))
	return len(p)
}
