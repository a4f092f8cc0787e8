package catch

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// Write shows a message to a person. Nothing in it can do anything to the terminal.
func (m *Message) Write(w io.Writer, emphasise func(string) string) error {
	c := Read(m.Open())
	var b strings.Builder
	b.WriteString("\n" + emphasise(fmt.Sprintf("--- message %d, %s, from %s", m.Number, m.Time.Format(time.TimeOnly), m.Client)) + "\n")
	line := func(name, value string, more ...string) {
		fmt.Fprintf(&b, "%-11s %s\n", name, flat(strings.Join(append([]string{value}, more...), "  ")))
	}
	line("sender", "<"+m.From+">", m.Parameters...)
	for _, to := range m.To {
		line("recipient", "<"+to.Address+">", to.Parameters...)
	}
	line("client", m.Hello)
	line("TLS", cmp.Or(m.TLS, "none"))
	if m.User == "" {
		line("signed in", "nobody")
	} else {
		line("signed in", m.User+", by "+m.Mechanism)
	}
	line("size", octets(m.Size))
	if m.File != "" {
		line("kept as", m.File)
	}
	if len(m.Faults) > 0 {
		line("faults", strings.Join(m.Faults, ", "))
	}
	b.WriteString("\n")
	for _, f := range c.Header {
		fmt.Fprintf(&b, "%s: %s\n", emphasise(flat(f.Name)), flat(f.Value))
	}
	b.WriteString("\n" + Printable(c.Text))
	if c.Text != "" && !strings.HasSuffix(c.Text, "\n") {
		b.WriteString("\n")
	}
	if c.More > 0 {
		line("[text]", octets(c.More)+" more, not shown")
	}
	if c.HTML > 0 {
		line("[HTML]", octets(c.HTML)+", not shown")
	}
	for _, a := range c.Attachments {
		line("[attached]", cmp.Or(a.Name, "(no name)"), a.Type, octets(a.Size))
	}
	if c.Trouble != "" {
		line("[trouble]", c.Trouble)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// flat is text for one line.
func flat(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", " ").Replace(Printable(text))
}

func octets(n int64) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}
