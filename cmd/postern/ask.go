package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// asker asks a person, where there is one.
type asker struct {
	person bool // somebody sits at standard input
	lines  *bufio.Reader
	out    io.Writer // standard error: standard output may be for a program
}

func newAsker(std streams) *asker {
	return &asker{isTerminal(std.in), bufio.NewReader(std.in), std.err}
}

// line asks for a line. It is empty at the end of the input, and when a signal comes.
func (a *asker) line(ctx context.Context, prompt string) string {
	if !a.person || ctx.Err() != nil {
		return ""
	}
	fmt.Fprint(a.out, prompt)
	answered := make(chan string, 1)
	go func() { // nothing ends a read from a terminal: it is left behind where nobody answers
		line, _ := a.lines.ReadString('\n')
		answered <- strings.TrimSpace(line)
	}()
	select {
	case line := <-answered:
		return line
	case <-ctx.Done():
		fmt.Fprintln(a.out)
		return ""
	}
}

// yes asks for consent, which only a word that begins with y is.
func (a *asker) yes(ctx context.Context, question string) bool {
	return strings.HasPrefix(strings.ToLower(a.line(ctx, question+" [y/N] ")), "y")
}
