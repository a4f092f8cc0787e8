package message

import (
	"crypto/rand"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// Recipients are the addresses of To, Cc and Bcc, or of the newest Resent- block where the message has one (RFC 5322
// section 3.6.6). errs name the field of each entry that can't be read.
func (m *Message) Recipients() (addrs []Address, errs []error) {
	prefix := ""
	seen, last := map[string]bool{}, ""
	for fields := m.header.Fields(); fields.Next(); {
		if isResentRecipient(fields.Key()) {
			prefix = "Resent-"
			break
		}
	}
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
		switch key {
		case prefix + "To", prefix + "Cc", prefix + "Bcc":
		default:
			continue
		}
		list, bad := ParseAddresses(fields.Value())
		addrs = append(addrs, list...)
		for _, err := range bad {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return addrs, errs
}

func isResentRecipient(key string) bool {
	return key == "Resent-To" || key == "Resent-Cc" || key == "Resent-Bcc"
}

// From are the addresses of the From: field.
func (m *Message) From() []string {
	var specs []string
	addrs, _ := ParseAddresses(m.header.Get("From"))
	for _, a := range addrs {
		specs = append(specs, a.Spec)
	}
	return specs
}

// Defaults are what Complete fills in.
type Defaults struct {
	From Address   // for a message without From:; its address has a domain
	Now  time.Time // for a message without Date:
}

// Complete removes Bcc and Resent-Bcc, and adds Date, Message-ID and From where they are missing, on top. No other
// field is touched. The error is a HeaderError.
func (m *Message) Complete(d Defaults) error {
	m.header.Del("Bcc")
	m.header.Del("Resent-Bcc")
	if !m.header.Has("From") {
		m.header.Add("From", oneLine(formatAddress(d.From))) // folded where it is long
	}
	if !m.header.Has("Message-Id") {
		m.addField("Message-ID", messageID(oneLine(d.From.Spec), d.Now))
	}
	if !m.header.Has("Date") {
		m.addField("Date", d.Now.Format("Mon, 02 Jan 2006 15:04:05 -0700")) // RFC 5322 section 3.3
	}
	return m.render()
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
	return addr.String()
}

// messageID is a new identifier: 128 random bits, at the domain of addr (RFC 5322 section 3.6.4).
func messageID(addr string, now time.Time) string {
	domain := "localhost"
	if i := strings.LastIndexByte(addr, '@'); i >= 0 && !strings.ContainsAny(addr[i+1:], "[]") {
		domain = addr[i+1:]
	}
	return fmt.Sprintf("<%s.%s@%s>", now.UTC().Format("20060102150405"), rand.Text(), domain)
}
