package smtp

import (
	"fmt"
	"io"
)

// dialogue shows the exchange as it happens: "S: " what the server says, "C: " what we say, "* " what happens between.
// Nothing secret is ever given to it. A failure to write it is of no consequence.
type dialogue struct{ w io.Writer }

func (t *transport) dialogue() dialogue { return dialogue{t.surrounding.Dialogue} }

func (d dialogue) server(line string) { d.line("S: ", line) }

func (d dialogue) client(line string) { d.line("C: ", line) }

func (d dialogue) note(format string, args ...any) {
	if d.watched() {
		d.line("* ", fmt.Sprintf(format, args...))
	}
}

func (d dialogue) watched() bool { return d.w != nil }

func (d dialogue) line(prefix, line string) {
	if d.watched() {
		_, _ = io.WriteString(d.w, prefix+line+"\n")
	}
}
