package foreign

import "strings"

// iniLine is a variable of a git configuration with its section, or the head of a section (key is empty).
type iniLine struct {
	section, sub string
	key, value   string
	bare         bool // no equals sign: true
	line         int
	fault        string
}

// readINI takes a git configuration apart, as git-config(1) has it under SYNTAX: names in any case, "#" and ";" begin a comment
// outside of quotation marks, a backslash at the end goes on in the next line. What can't be read has a fault, and the rest is
// read all the same.
func readINI(text string) (lines []iniLine) {
	section, sub := "", ""
	all := strings.Split(text, "\n")
	for i := 0; i < len(all); i++ {
		n := i + 1
		line := strings.TrimSpace(strings.TrimPrefix(all[i], "\ufeff"))
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			var rest string
			var ok bool
			if section, sub, rest, ok = iniSection(line); !ok {
				lines = append(lines, iniLine{line: n, fault: "this is no section"})
				continue
			}
			lines = append(lines, iniLine{section: section, sub: sub, line: n})
			if line = strings.TrimSpace(rest); line == "" || line[0] == '#' || line[0] == ';' {
				continue
			}
		}
		key, value, hasValue := strings.Cut(line, "=")
		if at := strings.IndexAny(key, "#;"); at >= 0 { // a comment behind a name without a value
			key, value, hasValue = key[:at], "", false
		}
		key = strings.ToLower(strings.TrimSpace(key))
		for hasValue && continued(value) && i+1 < len(all) {
			i++
			value = value[:len(value)-1] + strings.TrimSuffix(all[i], "\r")
		}
		l := iniLine{section: section, sub: sub, key: key, bare: !hasValue, line: n}
		var ok bool
		if l.value, ok = iniValue(value); !ok || strings.ContainsAny(key, " \t") || key == "" {
			l.key, l.value, l.fault = "", "", "this is no line such as name = value"
		}
		lines = append(lines, l)
	}
	return lines
}

// continued tells whether a line goes on: it ends in a backslash that no other takes away.
func continued(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// iniSection reads [section], [section "sub"] or the old [section.sub].
func iniSection(line string) (section, sub, rest string, ok bool) {
	inner := line[1:]
	end := strings.IndexAny(inner, "]\"")
	if end < 0 {
		return "", "", "", false
	}
	section = strings.ToLower(strings.TrimSpace(inner[:end]))
	if inner[end] == ']' {
		section, sub, _ = strings.Cut(section, ".")
		return section, sub, inner[end+1:], section != ""
	}
	var name strings.Builder
	for i := end + 1; i < len(inner); i++ {
		switch c := inner[i]; {
		case c == '\\' && i+1 < len(inner):
			i++
			name.WriteByte(inner[i])
		case c == '"':
			rest, ok = strings.CutPrefix(strings.TrimSpace(inner[i+1:]), "]")
			return section, name.String(), rest, ok && section != ""
		default:
			name.WriteByte(c)
		}
	}
	return "", "", "", false
}

// iniValue takes quotation marks, comments and backslashes out of a value.
func iniValue(text string) (value string, ok bool) {
	var out strings.Builder
	quoted, kept := false, 0 // kept is how much of out isn't white space at its end
	text = strings.TrimSpace(text)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			quoted = !quoted
			kept = out.Len()
			continue
		case c == '\\':
			i++
			if i == len(text) {
				return "", false
			}
			switch text[i] {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case '"', '\\':
				c = text[i]
			default:
				return "", false
			}
			out.WriteByte(c)
			kept = out.Len()
			continue
		case !quoted && (c == '#' || c == ';'):
			return out.String()[:kept], true
		}
		out.WriteByte(c)
		if quoted || c != ' ' && c != '\t' {
			kept = out.Len()
		}
	}
	return out.String()[:kept], !quoted
}
