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

// Recipients are the addresses of To, Cc and Bcc, or of the newest Resent- block where the message has one (RFC 5322
// section 3.6.6). errs name the field of each entry that can't be read.
func (m *Message) Recipients() (addrs []Address, errs []error) {
	block, prefix := m.newestBlock()
	for _, f := range block {
		switch f.key {
		case prefix + "To", prefix + "Cc", prefix + "Bcc":
		default:
			continue
		}
		list, bad := ParseAddresses(f.value)
		addrs = append(addrs, list...)
		for _, err := range bad {
			errs = append(errs, fmt.Errorf("%s: %w", f.key, err))
		}
	}
	return addrs, errs
}

// field is a field of the header, unfolded.
type field struct{ key, value string }

// newestBlock are the fields that say who sends the message to whom: those of the newest Resent- block, with that
// prefix, where the message was sent again (RFC 5322 section 3.6.6); else all.
func (m *Message) newestBlock() (block []field, prefix string) {
	for fields := m.header.Fields(); fields.Next(); {
		if isResentRecipient(fields.Key()) {
			prefix = resent
			break
		}
	}
	seen, last := map[string]bool{}, ""
	for fields := m.header.Fields(); fields.Next(); {
		key := fields.Key()
		if prefix != "" && strings.HasPrefix(key, prefix) {
			// A block has each of its fields once, so where one comes again, and not at once, an older block begins.
			if seen[key] && key != last {
				break
			}
			seen[key] = true
		}
		last = key
		if strings.HasPrefix(key, prefix) {
			block = append(block, field{key, fields.Value()})
		}
	}
	return block, prefix
}

const resent = "Resent-"

func isResentRecipient(key string) bool {
	return key == "Resent-To" || key == "Resent-Cc" || key == "Resent-Bcc"
}

// From are the addresses of those who send the message: of From:, or of Resent-From: where it is sent again. They are
// none where that field is missing, whoever wrote the message first.
func (m *Message) From() []string {
	var specs []string
	block, prefix := m.newestBlock()
	for _, f := range block {
		if f.key != prefix+"From" {
			continue
		}
		addrs, _ := ParseAddresses(f.value)
		for _, a := range addrs {
			specs = append(specs, a.Spec)
		}
		break
	}
	return specs
}

// SentAgain tells whether the message has a Resent- block: then From:, To: and their kind are of its first sending, and
// stay as they are (RFC 5322 section 3.6.6).
func (m *Message) SentAgain() bool {
	_, prefix := m.newestBlock()
	return prefix != ""
}

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
	block, prefix := m.newestBlock()
	from := oneLine(formatAddress(d.From))
	if d.ReplaceFrom && prefix == "" {
		m.header.Del("From")
	}
	if prefix == "" && !m.header.Has("To") && !m.header.Has("Cc") {
		m.addField("To", "undisclosed-recipients:;") // RFC 5322 appendix A.1.3
	}
	if d.Sender != "" && prefix == "" && !m.header.Has("Sender") {
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
	if prefix == resent {
		has := func(key string) bool { return slices.ContainsFunc(block, func(f field) bool { return f.key == key }) }
		if !has("Resent-From") {
			m.header.Add("Resent-From", from)
		}
		if !has("Resent-Message-Id") {
			m.addField("Resent-Message-ID", messageID(d.IDDomain, d.Now))
		}
		if !has("Resent-Date") {
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
