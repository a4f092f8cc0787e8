package submission

import (
	"bufio"
	"errors"
	"io"

	"postern/message"
)

// runDATA takes a message as lines up to a lone dot (RFC 5321 section 4.1.1.4).
func (s *server) runDATA(c command) (Reply, error) {
	if r := s.ready(); r != nil {
		return *r, nil
	}
	if c.arg != "" {
		return Reply{501, "5.5.4", []string{"DATA stands alone"}}, nil
	}
	if err := s.reply(Reply{354, "", []string{"end the message with a dot on a line of its own"}}); err != nil {
		return Reply{}, err
	}
	return s.take(&dotReader{r: s.r, bareLF: c.bareLF, state: lineStart})
}

// take ends the transaction with the message that data has: all of it, if data ends with io.EOF. The error is one of
// data's; whatever else is wrong with the message is its reply, and the session goes on behind it.
func (s *server) take(data io.Reader) (Reply, error) {
	env := s.mail.envelope()
	s.mail = nil
	msg, err := message.Read(data, message.ReadOptions{})
	if err != nil {
		if _, broken := io.Copy(io.Discard, data); broken != nil {
			return Reply{}, broken
		}
		return unreadable(err), nil
	}
	defer msg.Close()
	return s.deliver(env, msg), nil
}

// unreadable is the reply to a message that can't be taken.
func unreadable(err error) Reply {
	var header message.HeaderError
	var spool *message.SpoolError
	switch {
	case errors.As(err, &header):
		return Reply{554, "5.6.0", []string{header.Error()}}
	case errors.As(err, &spool):
		return Reply{452, "4.3.1", []string{spool.Error()}}
	}
	return Reply{451, "4.3.0", []string{err.Error()}}
}

// dotReader gives the message that DATA has, up to its dot. It takes away the leading dot of each line that has more
// (RFC 5321 section 4.5.2).
//
// What a line end is, the client has shown with the one of its DATA command. From a client that writes CRLF nothing
// but CRLF is one: an LF alone that got into its message can't make an end of it, and what follows no command (SMTP
// smuggling). A person or a small script that writes LF means LF, and the CR before one is no part of the dot's line.
type dotReader struct {
	r      *bufio.Reader
	bareLF bool
	state  dotState
	err    error // once the reader has ended
}

// dotState is where in a line the reader is.
type dotState int

const (
	inLine     dotState = iota
	afterCR             // an LF makes a line end
	lineStart           // a dot is no text
	afterDot            // of the beginning of the line; it is held back
	afterDotCR          // so is the CR
)

func (d *dotReader) Read(p []byte) (n int, err error) {
	for d.err == nil && n < len(p) {
		var c byte
		c, d.err = d.r.ReadByte()
		switch {
		case errors.Is(d.err, io.EOF):
			d.err = io.ErrUnexpectedEOF
		case d.err == nil:
			if out, ok := d.next(c); ok {
				p[n] = out
				n++
			}
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, d.err
}

// next goes on with octet c, and gives the octet of the message that there is now, if there is one.
func (d *dotReader) next(c byte) (out byte, ok bool) {
	switch {
	case d.state == lineStart && c == '.':
		d.state = afterDot
		return 0, false
	case d.state == afterDot && c == '\r':
		d.state = afterDotCR
		return 0, false
	case c == '\n' && (d.state == afterDotCR || d.state == afterDot && d.bareLF):
		d.err = io.EOF
		return 0, false
	case d.state == afterDotCR: // the line has more than the dot: this CR, and then c
		d.r.UnreadByte()
		d.state = afterCR
		return '\r', true
	case c == '\r':
		d.state = afterCR
	case c == '\n' && (d.state == afterCR || d.bareLF):
		d.state = lineStart
	default:
		d.state = inLine
	}
	return c, true
}
