package message

import (
	"bytes"
	"io"
)

// OpenText gives the message as Open does, with the line ends of this machine: LF alone, as its programs and files have
// them.
func (m *Message) OpenText() io.Reader {
	return &textReader{m.Open()}
}

// textReader turns wire form into text. Wire form has no CR but before LF, so that leaving out every CR is all there is
// to do, wherever the reads split it.
type textReader struct{ wire io.Reader }

func (t *textReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := t.wire.Read(p)
		if n = withoutCR(p[:n]); n > 0 || err != nil {
			return n, err
		}
	}
}

// withoutCR moves what is no CR to the beginning of p and gives its length.
func withoutCR(p []byte) (n int) {
	rest := p
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\r"))
		n += copy(p[n:], line)
		rest = after
	}
	return n
}
