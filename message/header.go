package message

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Defaults are what Complete fills in.
type Defaults struct {
	From            Address   // for a message without From:; its address has a domain
	ReplaceFrom     bool      // From: is written whatever the message has, unless it is sent again
	KeepFrom        bool      // From: is not added, even where there is none
	Sender          string    // for a message without Sender: that isn't sent again; empty adds none
	Now             time.Time // for a message without Date:
	IDDomain        string    // the right-hand side of a Message-ID
	SenderDomain    string    // completes bare names in From, Sender and Reply-To
	RecipientDomain string    // completes bare names in To and Cc; empty leaves them
}

// Complete removes Bcc, Resent-Bcc and Return-Path, completes bare names, and adds on top what is missing: Date,
// Message-ID, From, To where there is no Cc either, Sender; and the date, identifier and author of a block that sends
// the message again. Every other octet stays, but for NUL in the header and lines over the limit, which are folded
// where they can be. The error is a HeaderError.
func (m *Message) Complete(d Defaults) error {
	again := m.SentAgain()
	from := oneLine(formatAddress(d.From))
	if d.ReplaceFrom && !again {
		m.header.Del("From")
	}
	if !again && !m.header.Has("To") && !m.header.Has("Cc") {
		m.addField("To", "undisclosed-recipients:;") // RFC 5322 appendix A.1.3
	}
	if d.Sender != "" && !again && !m.header.Has("Sender") {
		m.header.Add("Sender", oneLine(d.Sender))
	}
	if !m.header.Has("From") && !d.KeepFrom {
		m.header.Add("From", from) // folded where it is long
	}
	if !m.header.Has("Message-Id") {
		m.addField("Message-ID", messageID(d.IDDomain, d.Now))
	}
	if !m.header.Has("Date") {
		m.addField("Date", d.Now.Format(dateFormat))
	}
	if again {
		if !m.sending.has("Resent-From") {
			m.header.Add("Resent-From", from)
		}
		if !m.sending.has("Resent-Message-Id") {
			m.addField("Resent-Message-ID", messageID(d.IDDomain, d.Now))
		}
		if !m.sending.has("Resent-Date") {
			m.addField("Resent-Date", d.Now.Format(dateFormat))
		}
	}
	return m.render(d)
}

// dateFormat is how a date is written (RFC 5322 section 3.3).
const dateFormat = "Mon, 02 Jan 2006 15:04:05 -0700"

// render puts the header into wire form.
func (m *Message) render(d Defaults) error {
	raw := make([]byte, 0, len(m.raw)+1024) // some fields were added
	for fields := m.header.Fields(); fields.Next(); {
		key := fields.Key()
		text, err := fields.Raw()
		if err != nil {
			return HeaderError(err.Error())
		}
		switch {
		case key == "Bcc", key == "Resent-Bcc", key == "Return-Path":
			continue
		case slices.Contains(originators, key):
			text = qualifyField(text, d.SenderDomain)
		case slices.Contains(recipients, key):
			text = qualifyField(text, d.RecipientDomain)
		}
		raw = append(raw, foldLong(bytes.ReplaceAll(text, []byte{0}, []byte(" ")))...)
	}
	m.raw = append(raw, crlf...)
	return nil
}

// qualifyField is qualify for a field as it stands, with its name and its line ends.
func qualifyField(text []byte, domain string) []byte {
	name, value, ok := bytes.Cut(text, []byte(":"))
	if !ok {
		return text
	}
	list := string(value)
	full := qualify(list, domain)
	if full == list {
		return text
	}
	return slices.Concat(name, []byte(":"), []byte(full))
}

// foldLong folds the lines of a field that are over the limit, before the last white space that lies within it. A
// line without any stays.
func foldLong(text []byte) []byte {
	if len(text) <= maxLine {
		return text
	}
	var folded []byte
	for line := range bytes.Lines(text) {
		for len(line) > maxLine+len(crlf) {
			// The white space stays, and begins the next line; both lines must have more than that, or a name.
			at := max(bytes.LastIndexAny(line[:maxLine+1], " \t"), 0)
			before := bytes.TrimSpace(line[:at])
			if len(before) == 0 || bytes.HasSuffix(before, []byte(":")) || len(bytes.TrimSpace(line[at:])) == 0 {
				break
			}
			folded = append(append(folded, line[:at]...), crlf...)
			line = line[at:]
		}
		folded = append(folded, line...)
	}
	return folded
}

// oneLine is text without control characters: a line end in it would begin another field.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, isControl), " ")
}

func (m *Message) addField(name, value string) {
	m.header.AddRaw([]byte(name + ": " + value + "\r\n"))
}

// formatAddress writes an address with its name, encoded where it isn't plain text (RFC 2047).
func formatAddress(a Address) string {
	// Address.String quotes the local part itself, so it has to come unquoted.
	addr, err := mail.ParseAddress("<" + a.Spec + ">")
	if a.Name == "" || err != nil {
		return a.Spec
	}
	addr.Name = oneLine(a.Name)
	if isEncoded(addr.Name) { // within quotation marks nobody would decode it (RFC 2047 section 5)
		bare := mail.Address{Address: addr.Address}
		return addr.Name + " " + bare.String()
	}
	return addr.String()
}

// isEncoded tells whether a name is of words that need no quotation marks, and encoded words among them.
func isEncoded(name string) bool {
	for word := range strings.FieldsSeq(name) {
		if strings.Contains(word, ".") && !isEncodedWord(word) || strings.ContainsFunc(word, func(r rune) bool { return r >= 0x7f || !isAtom(byte(r)) }) {
			return false
		}
	}
	return slices.ContainsFunc(strings.Fields(name), isEncodedWord)
}

// messageID is a new identifier: 128 random bits, at a domain (RFC 5322 section 3.6.4).
func messageID(domain string, now time.Time) string {
	return fmt.Sprintf("<%s.%s@%s>", now.UTC().Format("20060102150405"), rand.Text(), oneLine(domain))
}
