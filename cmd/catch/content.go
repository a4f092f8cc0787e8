package catch

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
)

const (
	maxHeader = 1 << 20  // octets of a header that are looked at
	maxText   = 64 << 10 // octets of text that are shown
	maxDepth  = 20       // parts within parts
	maxParts  = 500
)

// Content is what a message says, decoded.
type Content struct {
	Header      []Field
	Text        string       // of all parts that are plain text
	More        int64        // octets of text that are left out
	HTML        int64        // octets of HTML, which is not shown
	Attachments []Attachment // all other parts
	Trouble     string       // what is wrong with the message's form
}

// Field is a field of a header.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Attachment is a part of a message that is not text.
type Attachment struct {
	Name string `json:"name,omitempty"`
	Type string `json:"type"`
	Size int64  `json:"size"` // decoded
}

// Read decodes a message. What is wrong with it is told, and never keeps it from being shown.
func Read(r io.Reader) *Content {
	in := bufio.NewReaderSize(r, maxHeader)
	c := &Content{}
	raw, err := readHeader(in)
	if err != nil {
		c.trouble("the header: %v", err)
	}
	for _, f := range raw {
		c.Header = append(c.Header, Field{f.Name, decodeWords(f.Value)})
	}
	parts := 0
	c.part(raw, in, 0, &parts)
	return c
}

func (c *Content) trouble(format string, args ...any) {
	if c.Trouble == "" {
		c.Trouble = fmt.Sprintf(format, args...)
	}
}

// header is a header's fields.
type header []Field

func (h header) get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// part looks at a message or a part of one.
func (c *Content) part(h header, body io.Reader, depth int, parts *int) {
	kind, parameters, err := mime.ParseMediaType(h.get("Content-Type"))
	if h.get("Content-Type") == "" {
		kind, parameters = "text/plain", map[string]string{} // RFC 2045 section 5.2
	} else if err != nil && kind == "" {
		c.trouble("Content-Type: %v", err)
		kind, parameters = "application/octet-stream", map[string]string{}
	}
	disposition, names, _ := mime.ParseMediaType(h.get("Content-Disposition"))
	name := names["filename"]
	if name == "" {
		name = parameters["name"]
	}
	if strings.HasPrefix(kind, "multipart/") {
		switch {
		case parameters["boundary"] == "":
			c.trouble("%s without a boundary", kind)
		case depth == maxDepth:
			c.trouble("more than %d parts within each other", maxDepth)
		default:
			c.multipart(body, parameters["boundary"], depth, parts)
			return
		}
	}
	decoded := c.transferDecoded(h.get("Content-Transfer-Encoding"), body)
	switch {
	case kind == "text/plain" && disposition != "attachment":
		c.text(decoded, parameters["charset"])
	case kind == "text/html" && disposition != "attachment":
		c.HTML += c.size(decoded)
	default:
		c.Attachments = append(c.Attachments, Attachment{decodeWords(name), kind, c.size(decoded)})
	}
}

// multipart goes through the parts (RFC 2046 section 5.1).
func (c *Content) multipart(body io.Reader, boundary string, depth int, parts *int) {
	r := multipart.NewReader(body, boundary)
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return
		}
		if err == nil && *parts >= maxParts {
			err = fmt.Errorf("more than %d parts", maxParts)
		}
		if err != nil {
			c.trouble("the parts: %v", err)
			return
		}
		*parts++
		var h header
		for name, values := range p.Header {
			h = append(h, Field{name, values[0]})
		}
		c.part(h, p, depth+1, parts)
	}
}

// transferDecoded undoes the transfer encoding (RFC 2045 section 6).
func (c *Content) transferDecoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "", "7bit", "8bit", "binary":
	default:
		c.trouble("Content-Transfer-Encoding %s is not known", encoding)
	}
	return body
}

// text adds a text to what is shown.
func (c *Content) text(body io.Reader, charset string) {
	if c.Text != "" && !strings.HasSuffix(c.Text, "\n") {
		c.Text += "\n"
	}
	room := int64(maxText - len(c.Text))
	data, err := io.ReadAll(io.LimitReader(body, max(room, 0)))
	if err != nil {
		c.trouble("the text: %v", err)
	} else {
		c.More += c.size(body)
	}
	text, err := fromCharset(charset, data)
	if err != nil {
		c.trouble("%v", err)
	}
	c.Text += strings.ReplaceAll(text, "\r\n", "\n")
}

// size is how much there is.
func (c *Content) size(body io.Reader) int64 {
	n, err := io.Copy(io.Discard, body)
	if err != nil {
		c.trouble("a part: %v", err)
	}
	return n
}
