package main

import (
	"io"
	"os"
)

// paint has words in colour where a person reads them on a terminal that can show it.
type paint bool

// newPaint looks at where the words go. NO_COLOR (no-color.org) set to anything says no, and so does a terminal that
// calls itself dumb.
func newPaint(w io.Writer) paint {
	return paint(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && os.Getenv("TERM") != "")
}

func (p paint) good(text string) string  { return p.in("32", text) }
func (p paint) warn(text string) string  { return p.in("33", text) }
func (p paint) bad(text string) string   { return p.in("31", text) }
func (p paint) bold(text string) string  { return p.in("1", text) }
func (p paint) faint(text string) string { return p.in("2", text) }

// in has the text in a colour of ECMA-48 section 8.3.117.
func (p paint) in(code, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
