package compose

import (
	"bufio"
	"io"
	"mime/quotedprintable"

	"github.com/emersion/go-message/textproto"
)

// Write writes the message in wire form, and notes how long each part has become.
func (m *Message) Write(to io.Writer) error {
	w := bufio.NewWriterSize(to, 64<<10)
	header, err := headerOf(append(m.fields, m.Root.fields()...))
	if err != nil {
		return err
	}
	if err := textproto.WriteHeader(w, header); err != nil {
		return err
	}
	if err := m.Root.write(w); err != nil {
		return err
	}
	return w.Flush()
}

// write writes what is behind the part's header.
func (p *Part) write(to io.Writer) error {
	w := &counter{w: to}
	defer func() { p.Encoded = w.n }()
	if p.source != nil {
		return p.writeSource(w)
	}
	parts := textproto.NewMultipartWriter(w)
	if err := parts.SetBoundary(p.boundary); err != nil {
		return err
	}
	for _, inner := range p.Parts {
		header, err := headerOf(inner.fields())
		if err != nil {
			return err
		}
		body, err := parts.CreatePart(header)
		if err != nil {
			return err
		}
		if err := inner.write(body); err != nil {
			return err
		}
	}
	return parts.Close()
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// writeSource writes what the part has, in its encoding.
func (p *Part) writeSource(w io.Writer) error {
	var encoder io.WriteCloser
	switch p.Encoding {
	case "base64":
		encoder = &base64Lines{w: w}
	case "quoted-printable":
		encoder = quotedprintable.NewWriter(w)
	default:
		encoder = asIs{w}
	}
	to := io.Writer(encoder)
	if p.text {
		to = &lineEnds{w: encoder}
	}
	sum := newSum()
	from := &failing{r: io.TeeReader(p.source.Open(), sum)}
	n, err := io.Copy(struct{ io.Writer }{to}, from)
	switch {
	case from.err != nil:
		return &FileError{p.source.name, cause(from.err)}
	case err != nil:
		return err
	case n != p.Size || sum.Sum64() != p.sum:
		return changed(p.source)
	}
	return encoder.Close()
}
