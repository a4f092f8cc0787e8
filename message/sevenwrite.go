package message

import (
	"bufio"
	"strings"
)

// converter is the second pass: it writes the message as the first one has planned. Errors of w stay until Flush.
type converter struct {
	w     *bufio.Writer
	plans []plan
	top   []byte // the header of the message, without the blank line
	now   encoder
	outer cleaner // between the parts of a multipart
	open  bool    // the last line has no end: base64 at the end of the message
}

// encoder writes the body of a leaf.
type encoder interface {
	text(piece []byte)
	lineEnd()
	end() // behind the last octet; ends no line
}

func (c *converter) begin(e *entity) error {
	p := c.plans[e.index]
	header, err := mendHeader(e, p)
	if err != nil {
		return err
	}
	if e.index == 0 {
		c.top = header
	} else {
		c.w.Write(header)
		if e.blank || p.how == toQuoted || p.how == toBase64 {
			c.w.Write(crlf)
		}
	}
	switch {
	case e.kind == multipart:
		c.outer = cleaner{w: c.w}
	case p.how == toQuoted, p.how == mendQuoted:
		c.now = &quotedPrintable{w: c.w, mend: p.how == mendQuoted}
	case p.how == toBase64:
		c.now = newBase64(c.w)
	case p.how == mendBase64:
		c.now = &base64Mender{w: c.w}
	default:
		c.now = plain{c.w}
	}
	return nil
}

func (c *converter) text(e *entity, piece []byte) error {
	if e.kind == multipart {
		c.outer.text(piece)
	} else {
		c.now.text(piece)
	}
	return nil
}

func (c *converter) lineEnd(e *entity) error {
	if e.kind == multipart {
		c.outer.lineEnd()
	} else {
		c.now.lineEnd()
	}
	return nil
}

func (c *converter) delimiter(line []byte, lineEnd bool) error {
	if lineEnd {
		c.w.Write(crlf)
	}
	if len(line) > maxLine {
		line = []byte(strings.TrimRight(string(line), " \t"))
	}
	c.w.Write(line)
	c.w.Write(crlf)
	c.open = false
	c.outer.column = 0
	return nil
}

func (c *converter) end(e *entity) error {
	if e.kind == leaf {
		c.now.end()
		c.open = c.plans[e.index].how == toBase64
	}
	return nil
}

// mendHeader is the header of an entity with the fields that say how its body is encoded now.
func mendHeader(e *entity, p plan) ([]byte, error) {
	var out []byte
	label := ""
	switch p.how {
	case toQuoted:
		label = "quoted-printable"
	case toBase64:
		label = "base64"
	}
	versioned, labelled := false, false
	for rest := e.header; len(rest) > 0; {
		var raw []byte
		raw, rest = cutField(rest)
		name, value := splitField(raw)
		switch strings.ToLower(name) {
		case "mime-version":
			versioned = true
		case "content-transfer-encoding":
			old := bareValue(value)
			switch {
			case label != "" && labelled: // a second one would say otherwise
				continue
			case label != "":
				raw = []byte(name + ": " + label + "\r\n")
			case (old == "8bit" || old == "binary") && !p.unfit:
				raw = []byte(name + ": 7bit\r\n")
			}
			labelled = true
		}
		mended, err := mendField(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, mended...)
	}
	if p.encodes && e.message && !versioned {
		out = append(out, "MIME-Version: 1.0\r\n"...)
	}
	if label != "" && e.message && !e.typed && p.eightBit {
		charset := "utf-8"
		if p.notUTF8 {
			charset = unknownCharset
		}
		out = append(out, "Content-Type: text/plain; charset="+charset+"\r\n"...)
	}
	if label != "" && !labelled {
		out = append(out, "Content-Transfer-Encoding: "+label+"\r\n"...)
	}
	return out, nil
}
