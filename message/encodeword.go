package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

const (
	unknownCharset = "unknown-8bit" // for octets that aren't UTF-8 (RFC 1428 section 3)
	// maxWord and wordLine bound an encoded word and a line that has one (RFC 2047 section 2).
	maxWord  = 75
	wordLine = 76
)

// hasOdd tells whether a header's text has octets that it may not have.
func hasOdd(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r == 0 || r >= 0x80 })
}

// charsetOf is the charset of a text with octets over 127.
func charsetOf(s string) string {
	if utf8.ValidString(s) {
		return "utf-8"
	}
	return unknownCharset
}

// word is a word of a text, with the white space before it.
type word struct{ space, text string }

func splitWords(s string) (words []word) {
	for s != "" {
		n := len(s) - len(strings.TrimLeft(s, " \t"))
		end := strings.IndexAny(s[n:], " \t")
		if end < 0 {
			end = len(s) - n
		}
		words = append(words, word{s[:n], s[n : n+end]})
		s = s[n+end:]
	}
	return words
}

// encodeText replaces the words that aren't US-ASCII by encoded words (RFC 2047 section 5), the others stay. In a
// phrase or a comment a word with anything but letters and such can't stay either. first is how long the first encoded
// word may be if nothing is before it.
func encodeText(s string, phrase bool, first int) string {
	charset := charsetOf(s)
	words := splitWords(s)
	var out strings.Builder
	for i := 0; i < len(words); i++ {
		w := words[i]
		if !needsEncoding(w.text, phrase) {
			out.WriteString(w.space + w.text)
			continue
		}
		text := w.text
		if i > 0 && isEncodedWord(words[i-1].text) { // readers drop the space between two of them
			text = w.space + text
		}
		for i+1 < len(words) && needsEncoding(words[i+1].text, phrase) {
			i++
			text += words[i].space + words[i].text
		}
		if i+1 < len(words) && isEncodedWord(words[i+1].text) {
			text += words[i+1].space
		}
		limit := maxWord
		if out.Len() == 0 {
			limit = min(limit, first)
		}
		out.WriteString(w.space + strings.Join(encodedWords(text, charset, limit), " "))
	}
	return out.String()
}

func needsEncoding(w string, phrase bool) bool {
	if hasOdd(w) || !phrase {
		return hasOdd(w)
	}
	ready := isEncodedWord(w)
	return strings.ContainsFunc(w, func(r rune) bool { return r == '.' && !ready || !isAtom(byte(r)) })
}

func isEncodedWord(w string) bool {
	return len(w) > 6 && strings.HasPrefix(w, "=?") && strings.HasSuffix(w, "?=")
}

// encodedWords writes a text as encoded words that have whole characters each, in the shorter of the two encodings.
func encodedWords(text, charset string, first int) (words []string) {
	inQ := 0
	for _, c := range []byte(text) {
		inQ += len(encodeQ(c))
	}
	inB := base64.StdEncoding.EncodedLen(len(text)) < inQ
	overhead := len("=??q??=") + len(charset)
	room := first - overhead
	for text != "" {
		n, used := 0, 0
		for n < len(text) {
			size := 1
			if charset == "utf-8" {
				_, size = utf8.DecodeRuneInString(text[n:])
			}
			more := 0
			if inB {
				more = base64.StdEncoding.EncodedLen(n+size) - used
			} else {
				for _, c := range []byte(text[n : n+size]) {
					more += len(encodeQ(c))
				}
			}
			if used+more > room && n > 0 {
				break
			}
			n += size
			used += more
		}
		if inB {
			words = append(words, "=?"+charset+"?b?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		} else {
			var q strings.Builder
			for _, c := range []byte(text[:n]) {
				q.WriteString(encodeQ(c))
			}
			words = append(words, "=?"+charset+"?q?"+q.String()+"?=")
		}
		text, room = text[n:], maxWord-overhead
	}
	return words
}

// encodeQ is an octet in the Q encoding as it may stand in a phrase too (RFC 2047 section 5 (3)).
func encodeQ(c byte) string {
	switch {
	case c == ' ':
		return "_"
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("!*+-/", c) >= 0:
		return string(c)
	}
	return string([]byte{'=', hexDigits[c>>4], hexDigits[c&15]})
}
