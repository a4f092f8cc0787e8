package compose

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"postern/message"
)

// Part is one of the tree's.
type Part struct {
	Type        string  `json:"type"`
	Charset     string  `json:"charset,omitempty"`
	Encoding    string  `json:"encoding,omitempty"`
	Disposition string  `json:"disposition,omitempty"`
	Name        string  `json:"name,omitempty"` // of its file
	ContentID   string  `json:"content_id,omitempty"`
	Size        int64   `json:"size"`    // of what it has
	Encoded     int64   `json:"encoded"` // as it goes, known once it was written
	Parts       []*Part `json:"parts,omitempty"`

	boundary string
	source   *Source
	sum      uint64
	text     bool // its line ends are a text's
}

// textPart is a part of the text that shows.
func (d *Draft) textPart(m *Message, s *Source, kind string) (*Part, error) {
	m.open = append(m.open, s)
	if begin := make([]byte, len(byteOrderMark)); s.Size() >= int64(len(begin)) {
		if _, err := s.data.ReadAt(begin, 0); err == nil && bytes.Equal(begin, byteOrderMark) {
			s = &Source{s.name, io.NewSectionReader(s.data, int64(len(begin)), s.Size()-int64(len(begin))), nil}
		}
	}
	t, err := scan(s)
	switch {
	case err != nil:
		return nil, err
	case d.Charset != "":
	case t.nul:
		return nil, dataError("%s has NUL in it: attach it if it is no text", s.name)
	case !t.utf8:
		return nil, dataError("%s is not UTF-8: convert it, as \"iconv -f latin1 -t utf-8\" does, or attach it if it is no text", s.name)
	}
	p := &Part{Type: "text/" + kind, Charset: t.charset(), Encoding: t.textEncoding(), Size: t.size, source: s, sum: t.sum, text: true}
	if !t.isText() {
		p.Charset = d.Charset
	}
	if t.cr || t.nul { // the CR is CRLF's, mostly: the lines are what counts here
		p.Encoding = "quoted-printable"
		if t.odd*6 > t.size {
			p.Encoding = "base64"
		}
	}
	return p, nil
}

// file is the part of a file.
func (m *Message) file(name string) (*Part, error) {
	s, err := FromFile(name)
	if err != nil {
		return nil, err
	}
	m.open = append(m.open, s)
	t, err := scan(s)
	if err != nil {
		return nil, err
	}
	p := &Part{Type: typeByName(name), Name: baseName(name), Size: t.size, source: s, sum: t.sum, Encoding: "base64"}
	if p.Type == "" {
		p.Type, _, _ = strings.Cut(http.DetectContentType(t.begin), ";")
		if p.Type == "text/plain" && !t.isText() {
			p.Type = octets
		}
	}
	switch {
	case p.Type == "message/rfc822" && (t.nul || t.longest > maxLine):
		p.Type = octets // it may have no encoding of its own (RFC 2046 section 5.2.1)
	case p.Type == "message/rfc822":
		p.Encoding, p.text = "7bit", true
		if t.odd > 0 {
			p.Encoding = "8bit"
		}
	case strings.HasPrefix(p.Type, "text/") && t.isText():
		p.Charset = t.charset()
		if !t.cr { // or its line ends would be others when it arrives
			p.Encoding, p.text = t.textEncoding(), true
			p.text = p.Encoding != "base64"
		}
	}
	return p, nil
}

// baseName is the name of a file without its folder, and without what a terminal or a field can't have.
func baseName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '/' || r == '\\' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(filepath.Base(name), "_"))
}

// fields are the part's own (RFC 2045, RFC 2183, RFC 2392).
func (p *Part) fields() []Field {
	kind := p.Type
	switch {
	case p.boundary != "":
		kind += "; " + message.FormatParam("boundary", p.boundary)
	case p.Charset != "":
		kind += "; charset=" + p.Charset
	}
	if p.Type == "multipart/related" { // RFC 2387 section 3.1
		kind += `; type="text/html"`
	}
	fields := []Field{{"Content-Type", kind}}
	encoding := p.Encoding
	if p.has8bit() {
		encoding = "8bit"
	}
	if encoding != "" {
		fields = append(fields, Field{"Content-Transfer-Encoding", encoding})
	}
	if p.ContentID != "" {
		fields = append(fields, Field{"Content-ID", "<" + p.ContentID + ">"})
	}
	if p.Disposition != "" {
		value := p.Disposition
		if p.Name != "" {
			value += "; " + message.FormatParam("filename", p.Name)
		}
		fields = append(fields, Field{"Content-Disposition", value})
	}
	return fields
}

// least is the octets of the part's content, and of those in it: no encoding has fewer.
func (p *Part) least() int64 {
	n := p.Size
	for _, inner := range p.Parts {
		n += inner.least()
	}
	return n
}

// has8bit tells whether a part in it is 8-bit, which those around it have to say (RFC 2045 section 6.2).
func (p *Part) has8bit() bool {
	if p.Encoding == "8bit" {
		return true
	}
	return slices.ContainsFunc(p.Parts, (*Part).has8bit)
}
