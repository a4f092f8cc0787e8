package message

import (
	"mime"
	"slices"
	"strings"
)

// originators and recipients are the fields whose bare names get a domain (RFC 5322 sections 3.6.2, 3.6.3 and 3.6.6).
var (
	originators = []string{"From", "Sender", "Reply-To", "Resent-From", "Resent-Sender"}
	recipients  = []string{"To", "Cc", "Resent-To", "Resent-Cc"}
)

// qualify adds a domain to the bare names of an address list, as "root" in "root (Cron Daemon)", and leaves every
// other octet as it is. A list that can't be taken apart whole stays as it is.
func qualify(list, domain string) string {
	tokens, _, err := tokenise(list)
	if err != nil || domain == "" {
		return list
	}
	var places []int // behind each bare name
	eachEntry(tokens, func(entry []token) error {
		if place, ok := bareName(entry); ok {
			places = append(places, place)
		}
		return nil
	})
	for _, place := range slices.Backward(places) {
		list = list[:place] + "@" + domain + list[place:]
	}
	return list
}

// bareName tells whether an entry is an address without a domain, and where that one would go.
func bareName(entry []token) (place int, ok bool) {
	a, err := parseEntry(entry)
	if err != nil || a.Spec == "" || slices.ContainsFunc(entry, func(t token) bool { return t.kind == '@' }) {
		return 0, false
	}
	if i := slices.IndexFunc(entry, func(t token) bool { return t.kind == '>' }); i > 0 {
		return entry[i-1].end, true
	}
	return entry[len(entry)-1].end, true
}

// Author is who the From: field says the message is from: the first address, and its name, which may be a comment
// ("root (Cron Daemon)"), with encoded words decoded. It is empty without such a field.
func (m *Message) Author() Address {
	value := m.header.Get("From")
	addrs, _ := ParseAddresses(value)
	if len(addrs) == 0 {
		return Address{}
	}
	a := addrs[0]
	if i := strings.IndexByte(value, '('); a.Name == "" && i >= 0 {
		if n := commentLen(value[i:]); n > 0 {
			a.Name = strings.TrimSpace(value[i+1 : i+n-1])
		}
	}
	if name, err := new(mime.WordDecoder).DecodeHeader(a.Name); err == nil { // else in a charset that stays as it is
		a.Name = name
	}
	return a
}
