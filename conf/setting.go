package conf

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Setting is a key and its value, as TOML has it: see Quote, QuoteAll and InlineTable.
type Setting struct{ Key, Value string }

// Quote is a string as TOML writes it: in double quotes, and in octets that every editor shows.
func Quote(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range strings.ToValidUTF8(text, string(utf8.RuneError)) {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < ' ' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&out, "\\u%04X", r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// QuoteAll is a list of strings.
func QuoteAll(texts []string) string {
	var quoted []string
	for _, text := range texts {
		quoted = append(quoted, Quote(text))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// InlineTable is a table within a line.
func InlineTable(settings ...Setting) string {
	var parts []string
	for _, s := range settings {
		parts = append(parts, s.Key+" = "+s.Value)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// TableText is an account's table.
func TableText(account string, settings []Setting) string {
	return "[account." + Key(account) + "]\n" + settingsText(settings)
}

func settingsText(settings []Setting) string {
	var out strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&out, "%s = %s\n", s.Key, s.Value)
	}
	return out.String()
}

// Key is a key that somebody has chosen, such as an account's name.
func Key(name string) string {
	bare := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !bare(r) }) {
		return Quote(name)
	}
	return name
}
