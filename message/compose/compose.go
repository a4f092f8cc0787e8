// Package compose makes a message (RFC 5322, MIME) of what a person has: a text, perhaps as HTML too, pictures that show in
// it, and files. It looks at everything once to learn what it is, and once more to write it, so that a file of any size
// costs no memory.
//
// What it makes, from the outside in; a level that would have one part alone is left out:
//
//	multipart/mixed
//	├── multipart/alternative
//	│   ├── text/plain
//	│   └── multipart/related
//	│       ├── text/html
//	│       └── image/...      (inline, with a Content-ID)
//	└── attachments
//
// Message-ID and Date are for message.Complete to add, and whoever is in Bcc is for the envelope alone.
package compose

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"postern/message"
)

// Draft is what a person wants to send.
type Draft struct {
	From        *message.Address // nil: who sends it decides
	To, Cc, Bcc []message.Address
	ReplyTo     []message.Address
	Subject     string
	Fields      []Field // further ones
	Text        *Source // nil: it is made of HTML or, without, there is none
	TextIsHTML  bool    // Text is HTML
	Charset     string  // what a text is in that is no UTF-8; empty: such a text is refused
	HTML        *Source // nil: it is made of Text, where there are pictures
	Folder      string  // where the files are that HTML names, and that are no Images; empty: nowhere
	Images      []string
	Attachments []string

	token func() string // for tests
}

// Message is a draft whose files were looked at. It is to be closed.
type Message struct {
	Root   *Part
	fields []Field
	open   []io.Closer
}

// FileError is a file that isn't there or can't be read.
type FileError struct {
	Name string
	Err  error
}

func (e *FileError) Error() string { return e.Name + ": " + e.Err.Error() }

func (e *FileError) Unwrap() error { return e.Err }

// DataError is a text, a file or a field that a message can't have as it is.
type DataError string

func (e DataError) Error() string { return string(e) }

func dataError(format string, args ...any) error { return DataError(fmt.Sprintf(format, args...)) }

// Compose looks at all that the draft names. The error is a *FileError, a DataError or a *message.SpoolError.
func (d *Draft) Compose() (*Message, error) {
	m := &Message{}
	if d.token == nil {
		d.token = rand.Text
	}
	m.fields = d.header()
	_, err := headerOf(m.fields)
	if err == nil {
		m.Root, err = d.tree(m)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Least is how many octets the message has at least, known before it is written: those of what it is made of.
func (m *Message) Least() int64 { return m.Root.least() }

// Close closes the files.
func (m *Message) Close() error {
	var errs []error
	for _, c := range m.open {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// tree makes the parts.
func (d *Draft) tree(m *Message) (*Part, error) {
	root, err := d.body(m)
	if err != nil {
		return nil, err
	}
	mixed := d.multipart("mixed", root)
	for _, name := range d.Attachments {
		p, err := m.file(name)
		if err != nil {
			return nil, err
		}
		p.Disposition = "attachment"
		mixed.Parts = append(mixed.Parts, p)
	}
	return only(mixed), nil
}

// body makes the part that shows: the text, and what it looks like.
func (d *Draft) body(m *Message) (*Part, error) {
	if d.TextIsHTML {
		if d.HTML != nil {
			return nil, dataError("the text is HTML, and there is another")
		}
		d.HTML, d.Text = d.Text, nil
	}
	if d.HTML == nil && len(d.Images) == 0 {
		if d.Text == nil {
			return nil, nil
		}
		return d.textPart(m, d.Text, "plain")
	}
	page, images, err := d.page(m)
	if err != nil {
		return nil, err
	}
	text := d.Text
	if text == nil {
		text = FromString("the text", plainText(page))
	}
	plain, err := d.textPart(m, text, "plain")
	if err != nil {
		return nil, err
	}
	html, err := d.textPart(m, FromString("the HTML", page), "html")
	if err != nil {
		return nil, err
	}
	related := d.multipart("related", html)
	related.Parts = append(related.Parts, images...)
	return d.multipart("alternative", plain, only(related)), nil
}

// multipart is a part of parts, but for those that are none.
func (d *Draft) multipart(kind string, parts ...*Part) *Part {
	p := &Part{Type: "multipart/" + kind, boundary: "=_" + d.token()}
	for _, inner := range parts {
		if inner != nil {
			p.Parts = append(p.Parts, inner)
		}
	}
	return p
}

// only is the part itself, or the one that it has.
func only(p *Part) *Part {
	switch len(p.Parts) {
	case 0:
		return &Part{Type: "text/plain", Charset: "us-ascii", Encoding: "7bit", source: FromString("", "")}
	case 1:
		return p.Parts[0]
	}
	return p
}
