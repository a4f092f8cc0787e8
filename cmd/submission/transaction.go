package submission

import (
	"fmt"
	"strings"

	"postern/message"
)

// transaction is what MAIL and RCPT have said about a message that has not come yet (RFC 5321 section 3.3).
type transaction struct {
	env    message.Envelope
	wishes []message.Wish // one for each recipient
	wished bool           // somebody has wished for something
}

// envelope is the envelope for Deliver.
func (t *transaction) envelope() *message.Envelope {
	if t.wished {
		t.env.DSN.For = t.wishes
	}
	return &t.env
}

// runMAIL begins a transaction. Callers of sendmail -bs leave EHLO out; it is not asked for.
func (s *server) runMAIL(c command) (Reply, error) {
	if s.mail != nil {
		return Reply{503, "5.5.1", []string{"there is a sender already"}}, nil
	}
	path, params, ok := cutPath(c.arg, "FROM")
	if !ok {
		return Reply{501, "5.5.2", []string{"that should be MAIL FROM:<address>"}}, nil
	}
	t := &transaction{}
	if !isNull(path) {
		var err error
		if t.env.From, err = parsePath(path); err != nil {
			return Reply{501, "5.1.7", []string{err.Error()}}, nil
		}
	}
	for _, p := range params {
		if r := t.mailParameter(p); r != nil {
			return *r, nil
		}
	}
	s.mail = t
	return Reply{250, "2.1.0", []string{"ok"}}, nil
}

// mailParameter takes a parameter of MAIL; the reply is nil where it is good.
func (t *transaction) mailParameter(p parameter) *Reply {
	ok := true
	switch p.key {
	case "SIZE": // nothing depends on it: the message is as large as it is (RFC 1870 section 6.1)
		ok = isNumber(p.value)
	case "BODY": // RFC 6152 section 2
		t.env.EightBit = strings.EqualFold(p.value, "8BITMIME")
		ok = t.env.EightBit || strings.EqualFold(p.value, "7BIT")
	case "SMTPUTF8": // RFC 6531 section 3.4; what the addresses have tells as much
		ok = p.value == ""
	case "AUTH": // RFC 4954 section 5: who the message is from, as somebody says who needn't be believed
	case "RET": // RFC 3461 section 4.3
		t.env.DSN.Return = strings.ToUpper(p.value)
		ok = t.env.DSN.Return == "FULL" || t.env.DSN.Return == "HDRS"
	case "ENVID": // RFC 3461 section 4.4
		t.env.DSN.ID, ok = decodeXtext(p.value)
	default:
		return p.unknown()
	}
	if !ok {
		return p.unfit()
	}
	return nil
}

// runRCPT adds a recipient.
func (s *server) runRCPT(c command) (Reply, error) {
	if s.mail == nil {
		return Reply{503, "5.5.1", []string{"MAIL comes first"}}, nil
	}
	path, params, ok := cutPath(c.arg, "TO")
	if !ok {
		return Reply{501, "5.5.2", []string{"that should be RCPT TO:<address>"}}, nil
	}
	to, err := parsePath(path)
	if err != nil {
		return Reply{501, "5.1.3", []string{err.Error()}}, nil
	}
	var wish message.Wish
	for _, p := range params {
		if r := rcptParameter(&wish, p); r != nil {
			return *r, nil
		}
	}
	t := s.mail
	if len(t.env.To) == maxRecipients {
		return Reply{452, "4.5.3", []string{fmt.Sprintf("there are %d recipients already", maxRecipients)}}, nil
	}
	t.env.To = append(t.env.To, to)
	t.wishes = append(t.wishes, wish)
	t.wished = t.wished || wish != message.Wish{}
	return Reply{250, "2.1.5", []string{"ok"}}, nil
}

// rcptParameter takes a parameter of RCPT; the reply is nil where it is good.
func rcptParameter(wish *message.Wish, p parameter) *Reply {
	ok := true
	switch p.key {
	case "NOTIFY":
		wish.Notify = strings.ToUpper(p.value)
		ok = isNotify(wish.Notify)
	case "ORCPT":
		wish.Original, ok = decodeOriginal(p.value)
	default:
		return p.unknown()
	}
	if !ok {
		return p.unfit()
	}
	return nil
}

// ready tells whether a message may come; the reply is nil where it may.
func (s *server) ready() *Reply {
	switch {
	case s.mail == nil:
		return &Reply{503, "5.5.1", []string{"MAIL comes first"}}
	case len(s.mail.env.To) == 0:
		return &Reply{503, "5.5.1", []string{"there are no recipients"}}
	}
	return nil
}
