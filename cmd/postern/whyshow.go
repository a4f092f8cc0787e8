package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"postern/cmd/catch"
	"postern/conf"
)

// print writes the reasons for people.
func (r *reasons) print(w io.Writer) error {
	out := bufio.NewWriter(w)
	p := newPaint(w)
	line := func(format string, args ...any) {
		fmt.Fprintf(out, "%s\n", oneLine(fmt.Sprintf(format, args...)))
	}
	indented := func(format string, args ...any) {
		out.WriteString("  ")
		line(format, args...)
	}
	if r.Account != "" {
		line("account %s, by %s", r.Account, r.By)
		if r.FromBy != "" {
			line("from <%s>, by %s", r.From, r.FromBy)
		}
	}
	for _, a := range r.Aliases {
		line("alias %s: %s (%s)", a.Name, strings.Join(a.To, ", "), a.Place)
	}
	for _, t := range r.Terms {
		line("%s", t)
	}
	if r.Return != "" {
		line("reports return %s", r.Return)
	}
	if r.Envelope != "" {
		line("reports have the ID %s", r.Envelope)
	}
	for _, route := range r.Routes {
		out.WriteString("\n")
		line("by account %s (%s), by %s:", route.Account, route.Backend, route.By)
		for _, to := range route.To {
			wish := ""
			if to.Notify != "" {
				wish = ", notify " + to.Notify
				if to.Original != "" && to.Original != to.Address {
					wish += ", as " + to.Original
				}
			}
			indented("to <%s>%s", to.Address, wish)
		}
		indented("%s", route.queueWords())
		if route.Rate != "" {
			indented("what is over queue.rate (%s) waits in the queue", route.Rate)
		}
		for _, l := range route.wayWords() {
			indented("%s", l)
		}
		if route.Copy != "" {
			unless := ""
			if route.CopyAfter != "" {
				unless = ", unless account " + route.CopyAfter + " has sent to somebody, and made it"
			}
			indented("copy in Sent: %s%s", route.Copy, unless)
		}
	}
	out.WriteString("\n")
	line("message of %d octets, %s", r.Size, r.Octets.words())
	for _, c := range r.Header {
		for text := range strings.SplitSeq(c.Text, "\n") {
			text = c.What + " " + strings.Map(visible, text)
			switch c.What {
			case "-":
				text = p.bad(text)
			case "+":
				text = p.good(text)
			}
			out.WriteString(strings.TrimRight(text, " ") + "\n")
		}
	}
	return out.Flush()
}

// visible is a character as a terminal may get it.
func visible(r rune) rune {
	if r != '\t' && catch.Obeyed(r) {
		return '?'
	}
	return r
}

// words are what becomes of the octets.
func (o octets) words() string {
	what := "7-bit"
	if o.EightBit {
		what = "8-bit"
	}
	if o.Unfit {
		what += " with lines over the limit or NUL"
	}
	switch {
	case !o.EightBit && !o.Unfit:
		return what
	case o.SevenBit != "":
		return what + ": it goes as it is or not at all, since it has no 7-bit form: " + o.SevenBit
	}
	return what + ": for a server that doesn't take that it becomes 7-bit MIME"
}

// queueWords is when a route's message would go.
func (r *routeReason) queueWords() string {
	switch {
	case r.NotBefore != nil:
		return "kept in the queue, and sent at " + clock(*r.NotBefore)
	case r.Queue == conf.QueueAlways:
		return "kept in the queue, and sent in the background"
	case r.Queue == conf.QueueFallback:
		return "sent now, and kept in the queue for those who can't have it now"
	}
	return "sent now; what can't be is the caller's again"
}

// wayWords are the lines about how a route's message would go.
func (r *routeReason) wayWords() (lines []string) {
	w := r.Way
	if w == nil {
		return nil
	}
	for i, s := range w.Servers {
		if i == 0 {
			lines = append(lines, "server "+s)
		} else {
			lines = append(lines, "or, where that can't be used, "+s)
		}
	}
	for _, l := range []struct{ before, text string }{
		{"TLS ", w.TLS},
		{"proxy ", w.Proxy},
		{"from address ", w.Source},
		{"greets as ", w.HELO},
		{"program ", w.Program},
		{"folder ", w.Folder},
	} {
		if l.text != "" {
			lines = append(lines, l.before+l.text)
		}
	}
	if len(w.Servers) > 0 && w.HELO == "" {
		lines = append(lines, "greets as the address of this machine")
	}
	switch {
	case w.Mechanism == "none":
		lines = append(lines, "no sign-in")
	case w.Mechanism != "":
		line := "sign-in " + w.Mechanism
		if w.Mechanism == "auto" {
			line = "sign-in by the best mechanism that the server offers,"
		}
		if w.User != "" {
			line += " as " + w.User
		}
		if w.Secret != "" {
			line += fmt.Sprintf(" (%s)", w.Secret)
		}
		lines = append(lines, line)
	}
	return lines
}
