package message

import (
	"fmt"
	"strings"
)

// mendField is a field in wire form without octets over 127, NUL and, where it has white space, lines that are too
// long. One that has none of them stays as it is.
func mendField(raw []byte) ([]byte, error) {
	if !needsMending(raw) {
		return raw, nil
	}
	name, value := splitField(raw)
	value = strings.TrimRight(value, " \t")
	if hasOdd(value) {
		var err error
		if value, err = encodeValue(name, value); err != nil {
			return nil, err
		}
	}
	return []byte(fold(name+":", value)), nil
}

// fold writes a field in lines of up to 76 octets where white space allows it.
func fold(name, value string) string {
	var out strings.Builder
	out.WriteString(name)
	column := len(name)
	for i, w := range splitWords(value) {
		more := len(w.space) + len(w.text)
		limit := wordLine
		if i == 0 { // some readers want to see something in the first line
			limit = maxLine
		}
		if column+more > limit && w.space != "" && w.text != "" {
			out.WriteString("\r\n")
			if len(w.space) > wordLine {
				w.space = " "
			}
			column, more = 0, len(w.space)+len(w.text)
		}
		out.WriteString(w.space + w.text)
		column += more
	}
	return out.String() + "\r\n"
}

// encodeParams writes the parameters of a field that aren't US-ASCII as RFC 2231 has them; all others stay.
func encodeParams(field, value string) (string, error) {
	segments := splitParams(value)
	for i, s := range segments {
		if !hasOdd(s) {
			continue
		}
		name, text, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		text = strings.Trim(text, " \t")
		if i == 0 || !ok || name == "" || hasOdd(name) {
			return "", ConversionError(fmt.Sprintf("the field %s has 8-bit text outside of a parameter's value", field))
		}
		if unquoted, n := quotedPrefix(text); n > 0 {
			text = unquoted
		}
		switch {
		case strings.HasSuffix(name, "*"): // encoded already
			segments[i] = " " + name + "=" + percent(text, func(c byte) bool { return c > ' ' && c < 0x7f })
		case strings.Contains(name, "*"):
			return "", ConversionError(fmt.Sprintf("the field %s has 8-bit text in the continued parameter %s", field, name))
		default:
			segments[i] = encodeParam(name, text)
		}
	}
	return strings.Join(segments, ";"), nil
}

// encodeParam is a parameter with its charset, continued where it is long (RFC 2231 sections 3 and 4).
func encodeParam(name, text string) string {
	encoded := percent(text, func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._", c) >= 0
	})
	prefix := charsetOf(text) + "''"
	room := max(wordLine-len(name)-len(" *00*=;"), 20)
	if len(prefix)+len(encoded) <= room {
		return " " + name + "*=" + prefix + encoded
	}
	var parts []string
	for encoded = prefix + encoded; encoded != ""; {
		n := min(room, len(encoded))
		if i := strings.LastIndexByte(encoded[:n], '%'); i > n-3 && n < len(encoded) { // "%C3" stays in one piece
			n = i
		}
		parts = append(parts, fmt.Sprintf(" %s*%d*=%s", name, len(parts), encoded[:n]))
		encoded = encoded[n:]
	}
	return strings.Join(parts, ";")
}

func percent(s string, stays func(byte) bool) string {
	var out strings.Builder
	for _, c := range []byte(s) {
		if stays(c) {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return out.String()
}
