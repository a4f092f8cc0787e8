package message

import (
	"bufio"
	"bytes"
	"io"
)

// maxLine is how long a line may be, without its CRLF (RFC 5322 section 2.1.1).
const maxLine = 998

// ConversionError is a message that has no 7-bit form: a signature would break, or an address isn't US-ASCII.
type ConversionError string

func (e ConversionError) Error() string { return string(e) }

// Unfit tells whether the body has what no server has to take, even with 8BITMIME: a line of over 998 octets, or NUL
// (RFC 5322 section 2.1.1, RFC 2045 section 2.8).
func (m *Message) Unfit() bool { return m.body.unfit }

// HasNUL tells whether the body has NUL. Some servers drop it, so that behind a line end it could uncover a dot.
func (m *Message) HasNUL() bool { return m.body.nul }

// SevenBit gives the message as 7-bit MIME, for a server without 8BITMIME (RFC 6152 section 3). The receiver stays as
// it is; both are to be closed. The error is a ConversionError, a *SpoolError or a HeaderError.
//
// Only what needs it changes. A part with octets over 127, NUL or a line of over 998 octets becomes quoted-printable
// or base64, and decodes to the same octets; the content of any other part, the boundaries and the text around parts
// stay as they are. Where anything changes, the labels 8bit and binary become 7bit. A header field with octets over
// 127 gets encoded words (RFC 2047) or, in parameters, RFC 2231; one with an overlong line is folded.
//
// What is signed or encrypted as a whole is never touched: overlong lines and NUL stay in there, and octets over 127
// are a ConversionError. A DKIM signature isn't looked at, and may not hold any more: it is for the server that
// takes the message from its author to sign. What is lost is in the text before the first part of a multipart and
// behind its last, which readers ignore: octets over 127 and NUL become question marks there, and long lines are
// folded. Octets over 127 and NUL within base64, which decoders have to ignore (RFC 2045 section 6.8), are left out.
// A header line of over 998 octets without white space stays.
func (m *Message) SevenBit() (*Message, error) {
	s := &scan{}
	if err := walk(m, s); err != nil {
		return nil, err
	}
	to := &Message{raw: bytes.Clone(m.raw)}
	if err := m.convert(to, s); err != nil {
		to.Close()
		return nil, err
	}
	return to, nil
}

// convert writes the message into to as the scan has found it to need.
func (m *Message) convert(to *Message, s *scan) (err error) {
	w := bufio.NewWriterSize(&to.body, 4<<10)
	if s.changes {
		c := &converter{w: w, plans: s.plans}
		if err := walk(m, c); err != nil {
			return err
		}
		if c.open {
			w.Write(crlf)
		}
		to.raw = append(c.top, crlf...)
		if len(to.raw) > MaxHeader {
			return errHeaderSize
		}
	} else if _, err := io.Copy(w, m.body.open()); err != nil {
		return asSpoolError(err)
	}
	if err := w.Flush(); err != nil { // as any failed write before it
		return asSpoolError(err)
	}
	to.body.unfit, to.body.nul = s.unfit, s.keepsNUL
	to.header, err = takeApart(to.raw[:len(to.raw)-len(crlf)])
	return err
}
