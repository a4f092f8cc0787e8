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
	seen := map[string]bool{}
	for fields := m.Header.Fields(); fields.Next(); {
		if isResentRecipient(fields.Key()) {
			prefix = "Resent-"
			break
		}
	}
	for fields := m.Header.Fields(); fields.Next(); {
		key := fields.Key()
		switch strings.TrimPrefix(key, prefix) {
		case "To", "Cc", "Bcc":
		default:
			continue
		}
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		// A block has each of its fields once, so one that comes again belongs to an older block.
		if prefix != "" && seen[key] {
			break
		}
		seen[key] = true
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
	addrs, _ := ParseAddresses(m.Header.Get("From"))
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
// field is touched.
func (m *Message) Complete(d Defaults) {
	m.Header.Del("Bcc")
	m.Header.Del("Resent-Bcc")
	if !m.Header.Has("From") {
		m.addField("From", formatAddress(d.From))
	}
	if !m.Header.Has("Message-Id") {
		m.addField("Message-ID", messageID(d.From.Spec, d.Now))
	}
	if !m.Header.Has("Date") {
		m.addField("Date", d.Now.Format("Mon, 02 Jan 2006 15:04:05 -0700")) // RFC 5322 section 3.3
	}
}

func (m *Message) addField(name, value string) {
	m.Header.AddRaw([]byte(name + ": " + value + "\r\n"))
}

// formatAddress writes an address with its name, encoded where it isn't plain text (RFC 2047).
func formatAddress(a Address) string {
	// Address.String quotes the local part itself, so it has to come unquoted.
	addr, err := mail.ParseAddress("<" + a.Spec + ">")
	if a.Name == "" || err != nil {
		return a.Spec
	}
	addr.Name = strings.Join(strings.FieldsFunc(a.Name, isControl), " ")
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
