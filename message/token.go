package message

import (
	"errors"
	"strings"
)

// token is a lexical token of a structured field (RFC 5322 section 3.2).
type token struct {
	kind byte   // 'a' atom with dots, 'q' quoted string, 'd' domain literal, else the special itself: @ < > , : ;
	text string // of an atom and a literal as it stands, of a quoted string unquoted
	end  int    // where the text behind it begins
}

var (
	errQuote   = errors.New("quotation marks that are not closed")
	errComment = errors.New("a comment that is not closed")
	errLiteral = errors.New("a domain literal that is not closed")
	errControl = errors.New("a control character")
)

// isAtom tells which octets an atom may have: atext of RFC 5322 section 3.2.3, the dot, and UTF-8 (RFC 6532). Here a
// stray special is part of the word too, rather than the loss of the entry.
func isAtom(c byte) bool {
	return c > ' ' && c != 0x7f && !strings.ContainsRune(`()<>[]:;@\,"`, rune(c))
}

// tokenise takes a field apart; comments and white space are dropped. With an error it gives the tokens before the
// fault, and the text from it on.
func tokenise(s string) (tokens []token, rest string, err error) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '(':
			n := commentLen(s[i:])
			if n == 0 {
				return tokens, s[i:], errComment
			}
			i += n
		case c == '"':
			text, n := quoted(s[i:])
			if n == 0 {
				return tokens, s[i:], errQuote
			}
			if strings.IndexFunc(text, isControl) >= 0 {
				return tokens, s[i:], errControl
			}
			tokens = append(tokens, token{'q', text, i + n})
			i += n
		case c == '[':
			n := strings.IndexByte(s[i:], ']') + 1
			if n == 0 {
				return tokens, s[i:], errLiteral
			}
			if strings.ContainsFunc(s[i:i+n], func(r rune) bool { return isControl(r) || strings.ContainsRune(" <>", r) }) {
				return tokens, s[i:], errControl
			}
			tokens = append(tokens, token{'d', s[i : i+n], i + n})
			i += n
		case c < ' ' || c == 0x7f:
			return tokens, s[i:], errControl
		case isAtom(c):
			n := 0
			for i+n < len(s) && isAtom(s[i+n]) {
				n++
			}
			tokens = append(tokens, token{'a', s[i : i+n], i + n})
			i += n
		default:
			tokens = append(tokens, token{c, s[i : i+1], i + 1})
			i++
		}
	}
	return tokens, "", nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// commentLen is the length of the comment that s begins with, comments in it included; 0 if it doesn't end.
func commentLen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// quoted is the text of the quoted string that s begins with, and the length of it in s; 0 if it doesn't end. Line
// ends in it are those of folding.
func quoted(s string) (text string, n int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), i + 1
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '\r', '\n':
		case '\t':
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return "", 0
}

// spellName is the display name that tokens make.
func spellName(tokens []token) string {
	var words []string
	for _, t := range tokens {
		words = append(words, t.text)
	}
	return strings.ReplaceAll(strings.Join(words, " "), " ,", ",")
}

// spell is tokens as text, for errors.
func spell(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		word := t.kind == 'a' || t.kind == 'q' || t.kind == '<'
		if i > 0 && word && strings.IndexByte("aq>", tokens[i-1].kind) >= 0 {
			b.WriteByte(' ')
		}
		if t.kind == 'q' {
			b.WriteString(quoteLocal(t.text))
			continue
		}
		b.WriteString(t.text)
	}
	return b.String()
}
