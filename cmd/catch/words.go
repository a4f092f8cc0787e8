package catch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// readHeader reads a header and the empty line behind it, and unfolds the fields (RFC 5322 section 2.2.3). The first
// line that is none of a header begins the body.
func readHeader(in *bufio.Reader) (h header, err error) {
	var lines []string // of the field that is being read
	end := func() {
		if len(lines) > 0 {
			name, value, _ := strings.Cut(strings.Join(lines, " "), ":")
			h = append(h, Field{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
		lines = nil
	}
	for octets := 0; ; {
		ahead, _ := in.Peek(1)
		if len(ahead) == 0 {
			end()
			return h, nil
		}
		if lines == nil || ahead[0] != ' ' && ahead[0] != '\t' {
			end()
			if ok, empty := startsField(in); empty {
				_, err := in.ReadSlice('\n')
				return h, err
			} else if !ok {
				return h, errors.New("a line that is no field; all from there on is shown as text")
			}
		}
		line, err := in.ReadSlice('\n')
		if octets += len(line); octets > maxHeader || errors.Is(err, bufio.ErrBufferFull) {
			return h, fmt.Errorf("it is longer than %d octets", maxHeader)
		}
		lines = append(lines, strings.TrimSpace(string(line)))
	}
}

// startsField tells whether a field begins here, or the empty line is here. Names are of printable US-ASCII (RFC 5322
// section 3.6.8).
func startsField(in *bufio.Reader) (ok, empty bool) {
	ahead, _ := in.Peek(1024)
	if bytes.HasPrefix(ahead, []byte("\r\n")) || bytes.HasPrefix(ahead, []byte("\n")) {
		return false, true
	}
	name, _, found := bytes.Cut(ahead, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	return found && len(name) > 0 && !bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }), false
}

// decodeWords undoes encoded words (RFC 2047). What can't be decoded stays as it is.
func decodeWords(text string) string {
	d := mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) {
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		text, err := fromCharset(charset, data)
		return strings.NewReader(text), err
	}}
	if decoded, err := d.DecodeHeader(text); err == nil {
		text = decoded
	}
	return strings.ToValidUTF8(text, string(utf8.RuneError))
}

// fromCharset gives a text as UTF-8. Of a charset that it doesn't know it shows what is US-ASCII.
func fromCharset(charset string, data []byte) (string, error) {
	switch strings.ToLower(charset) {
	case "", "us-ascii", "ascii", "utf-8", "utf8":
		return strings.ToValidUTF8(string(data), string(utf8.RuneError)), nil
	case "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252":
		var b strings.Builder
		for _, c := range data {
			b.WriteRune(westEuropean(strings.ToLower(charset), c))
		}
		return b.String(), nil
	}
	return strings.ToValidUTF8(string(data), string(utf8.RuneError)), fmt.Errorf("the charset %s is not known here", charset)
}

// westEuropean is a character of ISO 8859-1 and of what differs from it in two relatives.
func westEuropean(charset string, c byte) rune {
	const (
		windows = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ" // 0x80 to 0x9f
		there   = "\xa4\xa6\xa8\xb4\xb8\xbc\xbd\xbe"
		latin9  = "€ŠšŽžŒœŸ"
	)
	switch {
	case strings.HasSuffix(charset, "1252") && c >= 0x80 && c <= 0x9f:
		return []rune(windows)[c-0x80]
	case charset == "iso-8859-15" && strings.IndexByte(there, c) >= 0:
		return []rune(latin9)[strings.IndexByte(there, c)]
	}
	return rune(c)
}

// Obeyed tells what a terminal doesn't show but does: control characters, and those that turn the direction of writing or
// part lines.
func Obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// Printable is text that a terminal shows and doesn't obey: control characters, and those that turn the direction of
// writing around, are shown by their numbers. JSON stays JSON.
func Printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == 0x7f: // the way that JSON has as well
			b.WriteString(`\u007f`)
		case Obeyed(r):
			quoted := strconv.QuoteToASCII(string(r))
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
