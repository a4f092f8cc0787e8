package foreign

import "strings"

// shellWords splits a line as a shell does: at white space outside of quotation marks, with backslashes. ok is false where a
// quotation has no end.
func shellWords(line string) (words []string, ok bool) {
	var current strings.Builder
	inWord := false
	var mark byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case mark == '\'' && c != '\'', mark == '"' && c != '"' && c != '\\':
			current.WriteByte(c)
		case mark != 0 && c == mark:
			mark = 0
		case c == '\\' && i+1 < len(line):
			i++
			inWord = true
			current.WriteByte(line[i])
		case mark == 0 && (c == '"' || c == '\''):
			mark, inWord = c, true
		case c == ' ' || c == '\t':
			if inWord {
				words = append(words, current.String())
			}
			current.Reset()
			inWord = false
		default:
			inWord = true
			current.WriteByte(c)
		}
	}
	if inWord {
		words = append(words, current.String())
	}
	return words, mark == 0
}
