package submission

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"postern/message"
)

const blanks = " \t"

// cutWord takes the first word off a text.
func cutWord(text string) (word, rest string) {
	text = strings.Trim(text, blanks)
	n := strings.IndexAny(text, blanks)
	if n < 0 {
		return text, ""
	}
	return text[:n], strings.TrimLeft(text[n:], blanks)
}

// parameter is a parameter of MAIL or RCPT (RFC 5321 section 4.1.2).
type parameter struct {
	key   string // in capitals
	value string
}

func (p parameter) unknown() *Reply {
	return &Reply{555, "5.5.4", []string{fmt.Sprintf("the parameter %s is not known here", p.key)}}
}

func (p parameter) unfit() *Reply {
	return &Reply{501, "5.5.4", []string{fmt.Sprintf("%s can't be %q", p.key, p.value)}}
}

// cutPath takes "FROM:<path> KEY=value KEY" apart. Clients write a space behind the colon, and leave the angle
// brackets out.
func cutPath(arg, keyword string) (path string, params []parameter, ok bool) {
	word, rest, ok := strings.Cut(arg, ":")
	if !ok || !strings.EqualFold(strings.TrimRight(word, blanks), keyword) {
		return "", nil, false
	}
	rest = strings.TrimLeft(rest, blanks)
	n := pathLen(rest)
	for _, word := range strings.Fields(rest[n:]) {
		key, value, _ := strings.Cut(word, "=")
		params = append(params, parameter{strings.ToUpper(key), value})
	}
	return rest[:n], params, true
}

// pathLen is the length of the path that text begins with: up to a blank outside of quotation marks and brackets.
func pathLen(text string) int {
	quoted, bracket := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		case !bracket && strings.IndexByte(blanks, c) >= 0:
			return i
		}
	}
	return len(text)
}

// isNull tells whether a path is the null reverse-path (RFC 5321 section 4.5.5).
func isNull(path string) bool {
	return strings.Join(strings.Fields(path), "") == "<>"
}

// parsePath reads a path that is not null. A source route is dropped (RFC 5321 appendix C).
func parsePath(path string) (string, error) {
	addrs, errs := message.ParseAddresses(path)
	switch {
	case len(errs) > 0:
		return "", errs[0]
	case len(addrs) > 1:
		return "", errors.New("more than one address")
	case len(addrs) == 0:
		return "", errors.New("an address is missing")
	}
	return addrs[0].Spec, nil
}

// isNumber tells whether a value is a number of octets, of at most 20 digits (RFC 1870 section 3).
func isNumber(value string) bool {
	return value != "" && len(value) <= 20 && strings.Trim(value, "0123456789") == ""
}

// isNotify tells whether a value in capitals is one of NOTIFY's (RFC 3461 section 4.1).
func isNotify(value string) bool {
	if value == "NEVER" {
		return true
	}
	for word := range strings.SplitSeq(value, ",") {
		if !slices.Contains([]string{"SUCCESS", "FAILURE", "DELAY"}, word) {
			return false
		}
	}
	return true
}

// decodeOriginal gives the address of an ORCPT (RFC 3461 section 4.2, RFC 6533 section 3). Of a type that isn't mail's
// it is empty: it can't be handed on without its type.
func decodeOriginal(value string) (address string, ok bool) {
	kind, address, ok := strings.Cut(value, ";")
	switch {
	case !ok || kind == "" || address == "":
		return "", false
	case strings.EqualFold(kind, "rfc822"):
		return decodeXtext(address)
	case strings.EqualFold(kind, "utf-8"):
		return decodeUnitext(address)
	}
	return "", true
}

// decodeXtext undoes xtext, where "+3D" stands for "=" (RFC 3461 section 4). What it stands for must be text.
func decodeXtext(value string) (text string, ok bool) {
	var b strings.Builder
	for {
		plain, rest, coded := strings.Cut(value, "+")
		b.WriteString(plain)
		if !coded {
			return b.String(), isText(b.String())
		}
		if len(rest) < 2 {
			return "", false
		}
		c, err := strconv.ParseUint(rest[:2], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		value = rest[2:]
	}
}

// decodeUnitext undoes the encoding of an address in UTF-8, where "\x{E9}" stands for "é" (RFC 6533 section 3).
func decodeUnitext(value string) (text string, ok bool) {
	var b strings.Builder
	for {
		plain, rest, coded := strings.Cut(value, `\x{`)
		b.WriteString(plain)
		if !coded {
			return b.String(), isText(b.String())
		}
		digits, rest, closed := strings.Cut(rest, "}")
		c, err := strconv.ParseUint(digits, 16, 31)
		if !closed || err != nil || !utf8.ValidRune(rune(c)) {
			return "", false
		}
		b.WriteRune(rune(c))
		value = rest
	}
}

// isText tells whether a value that was decoded can be handed on: it is there, in UTF-8, on one line.
func isText(value string) bool {
	return value != "" && utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
}
