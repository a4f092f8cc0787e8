package smtp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// mask stands for a secret.
const mask = "[secret]"

// masks are what must not show of the words of others, the longest first.
type masks []string

// keep has hide replace s from now on. One of a few letters stands in any text, and hiding it there would tell it.
func (m *masks) keep(s string) {
	const few = 4
	quoted := strconv.Quote(s)
	inJSON, _ := json.Marshal(s) // of a string it can't fail
	for _, form := range []string{s, quoted[1 : len(quoted)-1], string(inJSON[1 : len(inJSON)-1])} {
		if len(s) >= few && !slices.Contains(*m, form) {
			*m = append(*m, form)
		}
	}
	slices.SortStableFunc(*m, func(a, b string) int { return len(b) - len(a) })
}

// hide replaces the secrets in a text, also within what is base64, hexadecimal or the encoding of URLs.
func (m masks) hide(text string) string {
	if len(m) == 0 {
		return text
	}
	for _, s := range m {
		text = strings.ReplaceAll(text, s, mask)
	}
	for _, word := range words(text) {
		if slices.ContainsFunc(decoders, func(decode func(string) string) bool { return m.in(decode(word)) }) {
			text = strings.ReplaceAll(text, word, mask)
		}
	}
	return text
}

func (m masks) in(text string) bool {
	return slices.ContainsFunc(m, func(s string) bool { return strings.Contains(text, s) })
}

// words are the parts of a text that may be encoded: between spaces, and those without punctuation around, which a
// server may have put there.
func words(text string) []string {
	return append(strings.Fields(text), strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("+/-_%", r)
	})...)
}

// decoders give what is in a word, or as much of it as is well-formed. There may be secrets in it anywhere.
var decoders = []func(string) string{
	func(word string) string { return fromBase64(base64.RawStdEncoding, word) },
	func(word string) string { return fromBase64(base64.RawURLEncoding, word) },
	func(word string) string { text, _ := hex.DecodeString(word); return string(text) },
	func(word string) string { text, _ := url.PathUnescape(word); return text },
	func(word string) string { text, _ := url.QueryUnescape(word); return text },
}

// fromBase64 decodes as far as it can: the end may be cut off.
func fromBase64(encoding *base64.Encoding, word string) string {
	word = strings.TrimRight(word, "=")
	out := make([]byte, encoding.DecodedLen(len(word)))
	n, _ := encoding.Decode(out, []byte(word))
	return string(out[:n])
}
