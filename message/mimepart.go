package message

import (
	"bytes"
	"mime"
	"strings"
)

// kind is what may be done with the body of an entity.
type kind int

const (
	leaf      kind = iota // it can be encoded
	multipart             // parts between delimiters
	nested                // a message
	sealed                // nothing
)

const (
	errSigned   = ConversionError("a signed part has 8-bit text, and converting it would break the signature")
	errFragment = ConversionError("a part of type message/partial or message/external-body has 8-bit text, and must not be encoded")
	errBoundary = ConversionError("a multipart without a boundary has 8-bit text")
)

// entity is a message or a part of one.
type entity struct {
	parent   *entity
	index    int    // in the order of the headers
	header   []byte // in wire form, without the blank line
	blank    bool   // that line is there
	inHeader bool   // there may be more of it
	message  bool   // a message, rather than a part

	kind      kind
	why       ConversionError // what to say of a sealed one with octets over 127
	mediaType string          // "text/plain"; in lower case
	encoding  string          // Content-Transfer-Encoding, in lower case; may be empty
	typed     bool            // Content-Type is there
	boundary  string          // of a multipart
	parts     int             // of a multipart, so far
}

// classify reads what the header says of the body. Encoding a multipart is not allowed (RFC 2045 section 6.4), so for
// one whose label says so nothing depends on the label; a nested message that is encoded all the same is a leaf.
func (e *entity) classify() {
	contentType, typed := e.field("content-type")
	encoding, _ := e.field("content-transfer-encoding")
	e.typed = typed
	e.encoding = bareValue(encoding)
	segments := splitParams(contentType)
	e.mediaType = bareValue(segments[0])
	if !strings.Contains(e.mediaType, "/") {
		e.mediaType = "text/plain"
		if e.parent != nil && e.parent.mediaType == "multipart/digest" { // RFC 2046 section 5.1.5
			e.mediaType = "message/rfc822"
		}
	}
	encoded := e.encoding == "base64" || e.encoding == "quoted-printable"
	switch e.mediaType {
	case "multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime":
		e.kind, e.why = sealed, errSigned
	case "message/partial", "message/external-body":
		e.kind, e.why = sealed, errFragment
	case "message/rfc822", "message/news":
		if !encoded {
			e.kind = nested
		}
	default:
		if !strings.HasPrefix(e.mediaType, "multipart/") {
			return
		}
		e.kind, e.boundary = multipart, boundaryOf(segments[1:], contentType)
		if e.boundary == "" || len(e.boundary) > maxLine-10 {
			e.kind, e.why, e.boundary = sealed, errBoundary, ""
		}
	}
}

// field is the value of the first field of a name, unfolded.
func (e *entity) field(name string) (value string, ok bool) {
	for rest := e.header; len(rest) > 0; {
		var raw []byte
		raw, rest = cutField(rest)
		if key, value := splitField(raw); strings.EqualFold(key, name) {
			return value, true
		}
	}
	return "", false
}

// cutField takes the first field off a header in wire form.
func cutField(header []byte) (field, rest []byte) {
	n := 0
	for {
		i := bytes.IndexByte(header[n:], '\n')
		if i < 0 {
			return header, nil
		}
		n += i + 1
		if n == len(header) || !isFolded(header[n:]) {
			return header[:n], header[n:]
		}
	}
}

// splitField gives the name of a field and its unfolded value, with the white space around it.
func splitField(raw []byte) (name, value string) {
	name, value, _ = strings.Cut(string(raw), ":")
	return strings.TrimRight(name, " \t"), strings.ReplaceAll(value, "\r\n", "")
}

// bareValue is a value in lower case without comments and white space around it.
func bareValue(s string) string {
	for {
		i := strings.IndexByte(s, '(')
		if i < 0 {
			break
		}
		n := commentLen(s[i:])
		if n == 0 {
			break
		}
		s = s[:i] + " " + s[i+n:]
	}
	return strings.ToLower(strings.TrimSpace(s))
}

// splitParams takes a value apart at the semicolons outside of quotation marks. There is always a first one.
func splitParams(value string) (segments []string) {
	start := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			if _, n := quoted(value[i:]); n > 0 {
				i += n - 1
			}
		case ';':
			segments = append(segments, value[start:i])
			start = i + 1
		}
	}
	return append(segments, value[start:])
}

// boundaryOf is the boundary among parameters, also where it should have quotation marks and hasn't.
func boundaryOf(segments []string, contentType string) string {
	for _, s := range segments {
		name, value, _ := strings.Cut(s, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "boundary") {
			continue
		}
		value = strings.Trim(value, " \t")
		if text, n := quotedPrefix(value); n > 0 {
			return strings.TrimRight(text, " \t")
		}
		if i := strings.IndexAny(value, " \t"); i >= 0 {
			value = value[:i]
		}
		return value
	}
	_, params, err := mime.ParseMediaType(contentType) // RFC 2231 has more ways to write it
	if err != nil {
		return ""
	}
	return strings.TrimRight(params["boundary"], " \t")
}

// quotedPrefix is quoted for text that may begin otherwise; then n is 0.
func quotedPrefix(s string) (text string, n int) {
	if !strings.HasPrefix(s, `"`) {
		return "", 0
	}
	return quoted(s)
}
