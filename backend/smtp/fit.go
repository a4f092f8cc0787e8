package smtp

import (
	"errors"
	"strings"
	"unicode/utf8"

	"postern/backend"
	"postern/message"
)

// fit has the message as this server takes it.
func (l *letter) fit() *backend.Error {
	s := l.session
	l.utf8 = l.from.wants
	for _, i := range l.todo {
		l.utf8 = l.utf8 || l.to[i].wants
	}
	why := "lines over the limit, or NUL"
	mustBe := l.Msg.EightBit() && !s.offers.has("8BITMIME")
	switch {
	case mustBe:
		why = "8-bit text, and the server doesn't offer 8BITMIME"
	case l.Msg.Unfit() && !s.takesBinary():
	default:
		return l.fitHeader()
	}
	converted, err := l.Msg.SevenBit()
	var cannot message.ConversionError
	switch {
	case err == nil:
		s.conn.dialogue.note("the message has %s: sent as 7-bit MIME", why)
		l.msg = converted
		return nil
	case !errors.As(err, &cannot):
		return s.failure(stageBody, readError{err})
	case mustBe:
		return s.lacks(stageMAIL, "the server does not offer 8BITMIME, and the message can't be converted: "+err.Error())
	}
	s.conn.dialogue.note("the message has %s: sent as it is, %v", why, err)
	return l.fitHeader()
}

// fitHeader has octets over 127 in the header encoded, so that the message arrives whatever the servers behind this one
// know. Where an address can't be, or one of the envelope needs it anyway, SMTPUTF8 carries the header as it is (RFC
// 6531, RFC 6532).
func (l *letter) fitHeader() *backend.Error {
	s := l.session
	l.msg = l.Msg
	if l.utf8 || !l.Msg.EightBitHeader() {
		return nil
	}
	encoded, err := l.Msg.EncodedHeader()
	if err == nil {
		s.conn.dialogue.note("the header has 8-bit text: sent with encoded words")
		l.msg = encoded
		return nil
	}
	switch {
	case !utf8.ValidString(strings.Join(l.Msg.HeaderLines(), "")):
		s.conn.dialogue.note("the header has 8-bit text: sent as it is, %v", err)
	case s.offers.has("SMTPUTF8"):
		l.utf8 = true
	default:
		return s.lacks(stageMAIL, "the header needs SMTPUTF8, and the server does not offer it: "+err.Error())
	}
	return nil
}
