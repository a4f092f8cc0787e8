package foreign

import "strings"

// muttLine is a command of a muttrc: its words, without quotation marks.
type muttLine struct {
	words   []string
	line    int
	command string // the last one in backquotes, which mutt would run
	unknown string // a variable that has not been set
}

// readMutt takes a muttrc(5) apart: a semicolon ends a command, "#" begins a comment, a backslash at the end goes on in the next
// line, single quotation marks keep everything, double ones let a backslash and a dollar sign through. each is given one command
// after the other; variable knows what those before have set.
func readMutt(text string, variable func(string) (string, bool), each func(muttLine)) {
	all := strings.Split(text, "\n")
	for i := 0; i < len(all); i++ {
		n := i + 1
		line := strings.TrimSuffix(all[i], "\r")
		for continued(line) && i+1 < len(all) {
			i++
			line = line[:len(line)-1] + strings.TrimSuffix(all[i], "\r")
		}
		for line != "" {
			var l muttLine
			l, line = muttCommand(line, variable)
			if l.line = n; len(l.words) > 0 {
				each(l)
			}
		}
	}
}

// muttCommand reads one command, and gives what is left of the line behind it. White space around the "=" of "set a = b" doesn't count.
func muttCommand(line string, variable func(string) (string, bool)) (l muttLine, rest string) {
	var current strings.Builder
	inWord := false
	end := func() {
		if inWord {
			l.words = append(l.words, current.String())
		}
		current.Reset()
		inWord = false
	}
	var mark byte
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case mark == '\'' && c != '\'':
			current.WriteByte(c)
		case mark != 0 && c == mark:
			mark = 0
		case c == '\\' && i+1 < len(line):
			i++
			inWord = true
			current.WriteByte(muttEscape(line[i]))
		case c == '`':
			inWord = true
			command, _, _ := strings.Cut(line[i+1:], "`")
			l.command = command + " " // never empty
			i += min(len(command)+1, len(line)-i-1)
		case c == '$' && i+1 < len(line) && isName(line[i+1]):
			name := line[i+1:]
			if n := strings.IndexFunc(name, func(r rune) bool { return r > 0x7f || !isName(byte(r)) }); n >= 0 {
				name = name[:n]
			}
			i += len(name)
			inWord = true
			value, ok := variable(name)
			if !ok {
				l.unknown = name
			}
			current.WriteString(value)
		case mark != 0:
			current.WriteByte(c)
		case c == '"' || c == '\'':
			mark, inWord = c, true
		case c == '#' && !inWord:
			end()
			return l, ""
		case c == ';':
			end()
			return l, line[i+1:]
		case c == '=' && inWord && !strings.Contains(current.String(), "="):
			current.WriteByte(c)
			i += len(line[i+1:]) - len(strings.TrimLeft(line[i+1:], " \t"))
		case c == ' ' || c == '\t':
			if !strings.HasPrefix(strings.TrimLeft(line[i:], " \t"), "=") {
				end()
			}
		default:
			inWord = true
			current.WriteByte(c)
		}
	}
	end()
	return l, ""
}

func muttEscape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	}
	return c
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// muttSettings are the variables that a command "set" sets, in order. A name alone is yes, one with "no" before it no.
func muttSettings(words []string) (names, values []string) {
	for _, w := range words {
		name, value, has := strings.Cut(w, "=")
		switch {
		case has:
		case strings.HasPrefix(name, "no"):
			name, value = name[2:], "no"
		default:
			value = "yes"
		}
		names, values = append(names, strings.TrimSuffix(name, "?")), append(values, value)
	}
	return names, values
}
