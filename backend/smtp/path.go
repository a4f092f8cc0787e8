package smtp

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"postern/backend"
	"postern/message"
)

// maxPath bounds an address: with MAIL FROM:<> around it and CRLF it makes a line of 512 octets (RFC 5321 section
// 4.5.3.1.4). Section 4.5.3.1.3 has 256 for a path, but servers take more, and addresses that others have wrapped have it.
const maxPath = 512 - len("MAIL FROM:<>\r\n")

// path is an address as a command has it.
type path struct {
	addr  string // without the angle brackets; the domain in US-ASCII
	wants bool   // the local part is beyond US-ASCII: only SMTPUTF8 can carry it (RFC 6531)
}

// path makes the path of an address, for what the errors call who. A domain beyond US-ASCII becomes A-labels (RFC
// 5891), which every server knows; a local part has no other form.
func (s *session) path(who, addr string) (path, *backend.Error) {
	refused := func(kind backend.Kind, err error) (path, *backend.Error) {
		return path{}, &backend.Error{Kind: kind, Stage: who, Err: err}
	}
	if err := checkPath(addr); err != nil {
		return refused(backend.Data, err)
	}
	if isASCII(addr) {
		return path{addr: addr}, nil
	}
	if !utf8.ValidString(addr) {
		return refused(backend.Data, fmt.Errorf("%q is not UTF-8", addr))
	}
	at := strings.LastIndexByte(addr, '@') + 1
	if domain := addr[at:]; message.HasDomain(addr) && !isASCII(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return refused(backend.Data, fmt.Errorf("%q has no domain: %s", addr, strings.TrimPrefix(err.Error(), "idna: ")))
		}
		addr = addr[:at] + ascii
		if err := checkPath(addr); err != nil { // it has become longer
			return refused(backend.Data, err)
		}
	}
	p := path{addr, !isASCII(addr)}
	if p.wants && !s.offers.has("SMTPUTF8") {
		_, e := refused(backend.Refused, fmt.Errorf("%q needs SMTPUTF8, and the server does not offer it", addr))
		e.Server = s.Host
		return path{}, e
	}
	return p, nil
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// checkPath refuses an address that would not fit its place in a command, or break out of it.
func checkPath(addr string) error {
	inQuotes, escaped := false, false
	for _, c := range []byte(addr) {
		switch {
		case c < ' ' || c == 0x7f:
			return fmt.Errorf("%q has a control character", addr)
		case escaped:
			escaped = false
		case inQuotes && c == '\\':
			escaped = true
		case c == '"':
			inQuotes = !inQuotes
		case !inQuotes && (c == ' ' || c == '<' || c == '>'):
			return fmt.Errorf("%q has a %q", addr, string(c))
		}
	}
	if inQuotes {
		return fmt.Errorf("%q has quotation marks that are not closed", addr)
	}
	if len(addr) > maxPath {
		return fmt.Errorf("%q... is over %d octets", addr[:40], maxPath)
	}
	return nil
}
