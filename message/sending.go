package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// sending is the part of a header that says who sends the message to whom: all of it or, where the message is sent
// again, its newest block of Resent- fields (RFC 5322 section 3.6.6).
type sending struct {
	prefix string  // "Resent-", or empty
	fields []field // in their order
}

// field is a field of the header; its value is unfolded.
type field struct{ key, value string }

const resent = "Resent-"

// readSending finds the sending of a header.
func readSending(header *textproto.Header) (s sending) {
	for fields := header.Fields(); fields.Next() && s.prefix == ""; {
		switch fields.Key() {
		case "Resent-To", "Resent-Cc", "Resent-Bcc":
			s.prefix = resent
		}
	}
	seen, last := map[string]bool{}, ""
	for fields := header.Fields(); fields.Next(); {
		key := fields.Key()
		mine := strings.HasPrefix(key, s.prefix)
		// A block has each of its fields once, so where one comes again, and not at once, an older block begins.
		if s.prefix != "" && mine {
			if seen[key] && key != last {
				break
			}
			seen[key] = true
		}
		last = key
		switch strings.TrimPrefix(key, s.prefix) {
		case "From", "To", "Cc", "Bcc":
			s.fields = append(s.fields, field{key, fields.Value()})
		default:
			if s.prefix != "" && mine {
				s.fields = append(s.fields, field{key: key}) // what it says doesn't matter here
			}
		}
	}
	return s
}

func (s sending) has(key string) bool {
	return slices.ContainsFunc(s.fields, func(f field) bool { return f.key == key })
}

// Recipients are the addresses of To, Cc and Bcc, or of the newest Resent- block where the message is sent again. errs
// name the field of each entry that can't be read.
func (m *Message) Recipients() (addrs []Address, errs []error) {
	for _, f := range m.sending.fields {
		switch f.key {
		case m.sending.prefix + "To", m.sending.prefix + "Cc", m.sending.prefix + "Bcc":
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

// From are the addresses of those who send the message: of From:, or of Resent-From: where it is sent again. They are
// none where that field is missing, whoever wrote the message first.
func (m *Message) From() []string {
	i := slices.IndexFunc(m.sending.fields, func(f field) bool { return f.key == m.sending.prefix+"From" })
	if i < 0 {
		return nil
	}
	var specs []string
	addrs, _ := ParseAddresses(m.sending.fields[i].value)
	for _, a := range addrs {
		specs = append(specs, a.Spec)
	}
	return specs
}

// SentAgain tells whether the message has a Resent- block: then From:, To: and their kind are of its first sending, and
// stay as they are.
func (m *Message) SentAgain() bool { return m.sending.prefix != "" }
