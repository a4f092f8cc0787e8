package smtp

import (
	"fmt"
	"strconv"
	"strings"

	"postern/backend"
)

// mailCommand is MAIL with its parameters, where the server knows them: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC
// 6531), RET and ENVID (RFC 3461).
func (l *letter) mailCommand() (command, *backend.Error) {
	s := l.session
	line := "MAIL FROM:<" + l.from.addr + ">"
	size := l.msg.Size()
	if s.offers.has("SIZE") {
		line += " SIZE=" + strconv.FormatInt(size, 10)
		if limit := s.offers.size(); limit > 0 && size > limit {
			return command{}, s.lacks(stageMAIL, fmt.Sprintf("the message has %d octets, the server takes %d at most", size, limit))
		}
	}
	switch {
	case l.msg.Unfit() && s.takesBinary():
		line += " BODY=BINARYMIME" // RFC 3030 section 3
	case s.offers.has("8BITMIME") && (l.Env.EightBit || l.msg.EightBit()):
		line += " BODY=8BITMIME"
	}
	if l.utf8 {
		line += " SMTPUTF8"
	}
	terms, lacking := s.terms(l.Env.Terms)
	if lacking != nil {
		return command{}, lacking
	}
	line += terms
	dsn := l.Env.DSN
	if !s.offers.has("DSN") {
		if dsn.Return != "" || dsn.ID != "" || len(dsn.For) > 0 {
			s.conn.dialogue.note("the server doesn't offer DSN: what the sender wants to be told is left out")
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
func (l *letter) rcptCommand(i int) command {
	line := "RCPT TO:<" + l.to[i].addr + ">"
	if l.session.offers.has("DSN") && i < len(l.Env.DSN.For) {
		wish := l.Env.DSN.For[i]
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
