package submission

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxReplyLine bounds a line of a reply with its line end (RFC 5321 section 4.5.3.1.5).
const maxReplyLine = 512

// Reply is a reply of the server (RFC 5321 section 4.2). The text may be anything, such as what another server has
// said: it is made safe and parted into lines that are short enough when it is written.
type Reply struct {
	Code   int
	Status string   // enhanced status code (RFC 3463), or empty
	Lines  []string // at least one
}

// wire is the reply as it crosses the wire. Each of its lines has the enhanced status code (RFC 2034 section 4).
func (r Reply) wire() string {
	status := ""
	if r.Status != "" {
		status = sanitise(r.Status) + " "
	}
	var lines []string
	for _, text := range r.Lines {
		lines = append(lines, wrap(sanitise(text), maxReplyLine-len("250 ")-len(status)-len("\r\n"))...)
	}
	var b strings.Builder
	for i, text := range lines {
		separator := '-'
		if i == len(lines)-1 {
			separator = ' '
		}
		fmt.Fprintf(&b, "%d%c%s%s\r\n", r.Code, separator, status, text)
	}
	return b.String()
}

// wrap parts a text into lines of at most width octets, at a space where there is one.
func wrap(text string, width int) []string {
	var lines []string
	for len(text) > width {
		n := strings.LastIndexByte(text[:width+1], ' ')
		if n <= 0 {
			for n = width; !utf8.RuneStart(text[n]); n-- {
			}
		}
		lines = append(lines, text[:n])
		text = strings.TrimPrefix(text[n:], " ")
	}
	return append(lines, text)
}

// sanitise makes a line of text: line ends and tabs become spaces; other control characters, those that only Unicode
// has included, and octets that aren't UTF-8 become question marks.
func sanitise(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\r' || r == '\n':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return '?'
		}
		return r
	}, text)
}
