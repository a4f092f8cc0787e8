package smtp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"postern/backend"
	"postern/message"
)

// mailCommand is MAIL with its parameters, where the server knows them: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC
// 6531), RET and ENVID (RFC 3461).
func (t *transaction) mailCommand(msg *message.Message) (command, *backend.Error) {
	line := "MAIL FROM:<" + t.from.addr + ">"
	size := msg.Size()
	if t.offers.has("SIZE") {
		line += " SIZE=" + strconv.FormatInt(size, 10)
		if params := t.offers["SIZE"]; len(params) > 0 {
			if limit, err := strconv.ParseInt(params[0], 10, 64); err == nil && limit > 0 && size > limit {
				return command{}, t.lacks(stageMAIL, fmt.Sprintf("the message has %d octets, the server takes %d at most", size, limit))
			}
		}
	}
	if t.offers.has("8BITMIME") && (t.env.EightBit || msg.EightBit()) {
		line += " BODY=8BITMIME"
	}
	wants := t.from.wants
	for _, i := range t.offered {
		wants = wants || t.to[i].wants
	}
	if wants {
		line += " SMTPUTF8"
	}
	dsn := t.env.DSN
	if !t.offers.has("DSN") {
		if dsn.Return != "" || dsn.ID != "" || len(dsn.For) > 0 {
			t.conn.dialogue.note("the server doesn't offer DSN: what the sender wants to be told is left out")
		}
		return command{stage: stageMAIL, line: line}, nil
	}
	if dsn.Return != "" {
		line += " RET=" + dsn.Return
	}
	if dsn.ID != "" {
		line += " ENVID=" + xtext(dsn.ID)
	}
	return command{stage: stageMAIL, line: line}, nil
}

// maxOriginal bounds ORCPT with its value (RFC 3461 section 4.2).
const maxOriginal = 500

// rcptCommand is RCPT for a recipient of env.To, with NOTIFY and ORCPT (RFC 3461 section 4) where the server knows
// them.
func (t *transaction) rcptCommand(i int) command {
	line := "RCPT TO:<" + t.to[i].addr + ">"
	if t.offers.has("DSN") && i < len(t.env.DSN.For) {
		wish := t.env.DSN.For[i]
		if wish.Notify != "" {
			line += " NOTIFY=" + wish.Notify
		}
		original := " ORCPT=rfc822;" + xtext(wish.Original)
		if wish.Original != "" && isASCII(wish.Original) && len(original) <= maxOriginal {
			line += original
		}
	}
	return command{stage: stageRCPT, line: line}
}

// xtext writes text so that it fits a parameter (RFC 3461 section 4).
func xtext(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c == '+' || c == '=' {
			fmt.Fprintf(&b, "+%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// fit is the message as this server takes it: itself, or as 7-bit MIME where it has 8-bit text and the server doesn't
// offer 8BITMIME (RFC 6152 section 3), or lines that are too long for any. Where that can't be done, 8-bit text is
// refused, and long lines go out as they are: most servers take them.
func (t *transaction) fit(msg *message.Message) (*message.Message, *backend.Error) {
	why := "lines over the limit, or NUL"
	mustBe := msg.EightBit() && !t.offers.has("8BITMIME")
	if mustBe {
		why = "8-bit text, and the server doesn't offer 8BITMIME"
	} else if !msg.Unfit() {
		return msg, nil
	}
	converted, err := msg.SevenBit()
	var cannot message.ConversionError
	switch {
	case err == nil:
		t.conn.dialogue.note("the message has %s: sent as 7-bit MIME", why)
		return converted, nil
	case !errors.As(err, &cannot):
		return nil, t.failure(stageBody, readError{err})
	case mustBe:
		return nil, t.lacks(stageMAIL, "the server does not offer 8BITMIME, and the message can't be converted: "+err.Error())
	}
	t.conn.dialogue.note("the message has %s: sent as it is, %v", why, err)
	return msg, nil
}
