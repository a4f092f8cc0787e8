package message

import (
	"errors"
	"strings"
)

// FormatField writes a field in wire form, for a message that is made here: what isn't US-ASCII becomes encoded words
// (RFC 2047) or, in parameters, RFC 2231, and lines have up to 76 octets where white space allows it. Encoded words that
// the value has stay as they are. A list whose addresses aren't US-ASCII stays as it is too (RFC 6532). The error is that of
// a name or a value that can't be a field's.
func FormatField(name, value string) (string, error) {
	if !isFieldName(name) {
		return "", errors.New("the name should be of printable characters of US-ASCII without colon and spaces")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return isControl(r) && r != '\t' }) {
		return "", errors.New("a line end or another control character in the value")
	}
	encoded, err := encodeValue(name, value)
	if errors.As(err, new(ConversionError)) {
		encoded, err = value, nil
	}
	if err != nil {
		return "", err
	}
	field := fold(name+":", " "+encoded)
	if hasLongLine([]byte(field)) && !isStructured(name) {
		field = fold(name+":", " "+strings.Join(encodedWords(value, charsetOf(value), maxWord-len(name)-1), " "))
	}
	if hasLongLine([]byte(field)) {
		return "", errors.New("a word of over 998 octets")
	}
	return field, nil
}

// isFieldName tells whether a field can have this name (RFC 5322 section 3.6.8).
func isFieldName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' })
}

// encodeValue writes the value of a field in US-ASCII.
func encodeValue(name, value string) (string, error) {
	switch {
	case !isStructured(name):
		return encodeText(value, false, maxWord-len(name)-1), nil
	case strings.HasPrefix(strings.ToLower(name), "content-"):
		return encodeParams(name, value)
	}
	return encodeAddresses(name, value)
}

// isStructured tells whether a field has addresses or parameters, where encoded words can't stand everywhere.
func isStructured(name string) bool {
	switch lower := strings.ToLower(name); strings.TrimPrefix(lower, "resent-") {
	case "from", "sender", "reply-to", "to", "cc", "bcc", "disposition-notification-to", "return-path", "content-type", "content-disposition":
		return true
	}
	return false
}

// FormatParam is a parameter as Content-Disposition has it: a quoted string or, where it isn't US-ASCII or long, as RFC
// 2231 sections 3 and 4 have it, in pieces that fit a line each.
func FormatParam(name, text string) string {
	plain := len(name)+len(text)+len(`; ="";`) < wordLine && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f })
	if !plain {
		return strings.TrimPrefix(encodeParam(name, text), " ")
	}
	return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// String is the address as a list has it, with its name in quotation marks where that is no plain words. FormatField
// encodes what isn't US-ASCII.
func (a Address) String() string {
	name := oneLine(a.Name)
	if name == "" {
		return a.Spec
	}
	if !isPhrase(name) {
		name = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return name + " <" + a.Spec + ">"
}

// isPhrase tells whether a name can stand as it is before an address (RFC 5322 section 3.2.5). Encoded words must.
func isPhrase(name string) bool {
	for word := range strings.FieldsSeq(name) {
		ready := isEncodedWord(word)
		if strings.ContainsFunc(word, func(r rune) bool { return r < 0x80 && !isAtom(byte(r)) || r == '.' && !ready }) {
			return false
		}
	}
	return true
}
