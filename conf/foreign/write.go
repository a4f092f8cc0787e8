package foreign

import (
	"fmt"
	"slices"
	"strings"

	"postern/conf"
)

// TOML is the profile as a configuration file, with the notes as comments: those of an account below it, the others at
// the end.
func (p *Profile) TOML() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# From %s.\n", oneLine(p.main))
	if p.secret {
		out.WriteString("# There is a password in here: the file has to be for its owner alone, chmod 600.\n")
	}
	if p.fallback != "" || p.log != "" {
		out.WriteString("\n")
	}
	if p.fallback != "" {
		fmt.Fprintf(&out, "default = %s\n", conf.Quote(p.fallback))
	}
	if p.log != "" {
		fmt.Fprintf(&out, "log = %s\n", p.log)
	}
	for _, a := range p.accounts {
		fmt.Fprintf(&out, "\n[account.%s]\n", conf.Key(a.name))
		writeEntries(&out, a.entries())
		p.writeNotes(&out, a.notes)
	}
	if len(p.queue) > 0 {
		out.WriteString("\n[queue]\n")
		writeEntries(&out, p.queue)
	}
	if len(p.aliases) > 0 {
		out.WriteString("\n[aliases]\n")
		var entries []entry
		for _, a := range p.aliases {
			entries = append(entries, entry{conf.Key(a.name), a.value})
		}
		writeEntries(&out, entries)
	}
	var rest strings.Builder
	p.writeNotes(&rest, p.notes)
	if rest.Len() > 0 {
		out.WriteString("\n" + rest.String())
	}
	return out.String()
}

// entries are an account's keys as they are written: those that its parent has not, and the tls keys as one table.
func (a *account) entries() (entries []entry) {
	from := map[string]string{}
	if a.starts() {
		from = a.parent.keys
		entries = append(entries, entry{"extends", conf.Quote(a.parent.name)})
	}
	var tls []string
	for _, key := range keyOrder() {
		value := a.keys[key]
		if value == "" || value == from[key] {
			continue
		}
		if inner, ok := strings.CutPrefix(key, "tls."); ok {
			tls = append(tls, inner+" = "+value)
			continue
		}
		entries = append(entries, entry{key, value})
	}
	if len(tls) > 0 {
		entries = append(entries, entry{"tls", "{ " + strings.Join(tls, ", ") + " }"})
	}
	return entries
}

// writeEntries writes keys with their values in a column.
func writeEntries(out *strings.Builder, entries []entry) {
	width := 0
	for _, e := range entries {
		width = max(width, len(e.key))
	}
	for _, e := range entries {
		fmt.Fprintf(out, "%-*s = %s\n", width, e.key, e.value)
	}
}

// writeNotes writes each once.
func (p *Profile) writeNotes(out *strings.Builder, notes []Note) {
	for _, n := range slices.Compact(inOrder(notes)) {
		where := ""
		if n.File != p.main {
			where = oneLine(n.File)
		}
		if n.Line > 0 {
			where = strings.TrimSpace(fmt.Sprintf("%s line %d", where, n.Line))
		}
		if where != "" {
			where += ": "
		}
		fmt.Fprintf(out, "# %s%s\n", where, oneLine(n.Text))
	}
}
