package message

import (
	"fmt"
	"strings"
)

// encodeAddresses writes the display names, names of groups and comments of an address list that aren't US-ASCII as
// encoded words (RFC 2047 section 5); all else stays as it is. An address that isn't US-ASCII is a ConversionError.
func encodeAddresses(field, s string) (string, error) {
	var out strings.Builder
	start := 0 // of the words that are a display name if "<" follows
	put := func(to int, name bool) error {
		err := encodeWords(&out, field, s[start:to], name)
		start = to
		return err
	}
	for i := 0; i < len(s); {
		n, err := 1, error(nil)
		switch c := s[i]; c {
		case '"':
			_, n = quoted(s[i:])
		case '(':
			n = commentLen(s[i:])
		case '[':
			n = strings.IndexByte(s[i:], ']') + 1
		case '<':
			if err = put(i, true); err == nil {
				n = angleLen(s[i:])
				if n > 0 && hasOdd(s[i:i+n]) {
					err = addressError(field, s[i:i+n])
				}
			}
			out.WriteString(s[i : i+n])
			start = i + n
		case ',', ';', ':':
			if c == ',' && hasOdd(s[start:i]) && isNameBefore(s[start:i], s[i+1:]) {
				break
			}
			err = put(i, c == ':' && !strings.Contains(s[start:i], "@"))
			out.WriteByte(c)
			start = i + 1
		}
		if err != nil {
			return "", err
		}
		if n == 0 {
			return "", ConversionError(fmt.Sprintf("the field %s has 8-bit text and can't be read: %q", field, shorten(oneLine(s[i:]))))
		}
		i += n
	}
	err := put(len(s), false)
	return out.String(), err
}

func addressError(field, spec string) error {
	return ConversionError(fmt.Sprintf("the address %s in %s needs SMTPUTF8", shorten(oneLine(strings.Trim(spec, "<> \t"))), field))
}

// angleLen is the length of the address in angle brackets that s begins with; 0 if it doesn't end.
func angleLen(s string) int {
	for i := 1; i < len(s); {
		switch s[i] {
		case '"':
			_, n := quoted(s[i:])
			if n == 0 {
				return 0
			}
			i += n
		case '>':
			return i + 1
		default:
			i++
		}
	}
	return 0
}

// isNameBefore tells whether the comma between two texts belongs to a display name, as ParseAddresses has it.
func isNameBefore(entry, after string) bool {
	if i := strings.IndexByte(after, '<'); i >= 0 {
		after = after[:i+1]
	}
	before, _, err := tokenise(entry)
	if err != nil {
		return false
	}
	behind, _, err := tokenise(after)
	return err == nil && looksLikeName(before, behind)
}

// encodeWords writes words and comments, of a display name or of an address without angle brackets.
func encodeWords(out *strings.Builder, field, s string, name bool) error {
	for s != "" {
		n := wordsLen(s)
		words := s[:n]
		switch {
		case !hasOdd(words):
			out.WriteString(words)
		case !name:
			return addressError(field, words)
		default:
			tokens, _, err := tokenise(words)
			if err != nil {
				return ConversionError(fmt.Sprintf("a name in %s has %v", field, err))
			}
			text := strings.Trim(words, " \t")
			at := strings.Index(words, text)
			first := maxWord
			if out.Len() == 0 {
				first = maxWord - len(field) - 2
			}
			out.WriteString(words[:at] + encodeText(spellName(tokens), true, first) + words[at+len(text):])
		}
		s = s[n:]
		if s == "" {
			break
		}
		if n = commentLen(s); n == 0 {
			return ConversionError(fmt.Sprintf("a name in %s has %v", field, errComment))
		}
		if comment := s[:n]; !hasOdd(comment) {
			out.WriteString(comment)
		} else {
			out.WriteString("(" + encodeText(unescape(comment[1:n-1]), true, maxWord-len(field)-4) + ")")
		}
		s = s[n:]
	}
	return nil
}

// wordsLen is how much of s comes before a comment.
func wordsLen(s string) int {
	for i := 0; i < len(s); {
		switch s[i] {
		case '(':
			return i
		case '"':
			_, n := quoted(s[i:])
			i += max(n, 1)
		default:
			i++
		}
	}
	return len(s)
}

// unescape takes the backslashes of quoted pairs away (RFC 5322 section 3.2.1).
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
