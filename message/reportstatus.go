package message

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// statusFields is the message/delivery-status: a block of fields about the message, and one for each recipient (RFC 3464
// section 2.1). All of it is US-ASCII.
func (r *Report) statusFields() string {
	host := typed("dns", r.ReportingMTA)
	if host == "" {
		host = typed("dns", localhost)
	}
	var out strings.Builder
	put := func(name, value string) { out.WriteString(statusField(name, value)) }
	// RFC 3461 section 6.3 has the identifier come back as it was meant; RFC 3464 section 2.2.1 has it first.
	put("Original-Envelope-Id", tame(r.OriginalEnvelopeID, maxSaid))
	put("Reporting-MTA", host)
	put("Arrival-Date", statusDate(r.ArrivalDate))
	for i := range r.Recipients {
		o := &r.Recipients[i]
		out.WriteString("\r\n")
		put("Original-Recipient", typedAddress(o.OriginalRecipient))
		put("Final-Recipient", typedAddress(o.FinalRecipient))
		put("Action", o.Action.String())
		put("Status", o.status())
		put("Remote-MTA", typed("dns", o.RemoteMTA))
		put("Diagnostic-Code", o.diagnostic())
		put("Last-Attempt-Date", statusDate(o.LastAttemptDate))
		if o.Action == Delayed { // RFC 3464 section 2.3.9: for no other
			put("Will-Retry-Until", statusDate(r.WillRetryUntil))
		}
	}
	return out.String()
}

// statusField is a field in wire form, or nothing where it has no value.
func statusField(name, value string) string {
	if value == "" {
		return ""
	}
	if hasOdd(value) { // RFC 2047 section 5 (1)
		value = encodeText(value, false, maxWord-len(name)-2)
	}
	return fold(name+":", " "+value)
}

func statusDate(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(dateFormat)
}

// typed is a value that others have made, behind its type.
func typed(kind, value string) string {
	if value = tame(value, maxSaid); value == "" {
		return ""
	}
	return kind + "; " + value
}

// maxTyped bounds an address with what stands for its letters: it has no white space to break a line at.
const maxTyped = 960

// typedAddress is an address with its type: of one that isn't US-ASCII it is utf-8 (RFC 6533 section 3).
func typedAddress(spec string) string {
	if spec == "" {
		return ""
	}
	text := strings.ToValidUTF8(spec, "?")
	if !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c >= 0x7f }) {
		return "rfc822; " + clip(strings.TrimSpace(text), maxTyped)
	}
	var out strings.Builder
	for _, c := range text {
		if c <= ' ' || c >= 0x7f || c == '+' || c == '=' || c == '\\' {
			fmt.Fprintf(&out, `\x{%02X}`, c)
		} else {
			out.WriteRune(c)
		}
	}
	return "utf-8; " + clip(out.String(), maxTyped)
}

// diagnostic is what was said, by whom it was said (RFC 3464 section 2.3.6).
func (o *Outcome) diagnostic() string {
	if !o.replied() {
		return typed("x-postern", o.Text)
	}
	return typed("smtp", o.said())
}

// replied tells whether it was a server (RFC 5321 section 4.2.1).
func (o *Outcome) replied() bool { return 200 <= o.Code && o.Code < 600 }

// said is the reply, or our own words.
func (o *Outcome) said() string {
	if !o.replied() {
		return tame(o.Text, maxSaid)
	}
	said := strconv.Itoa(o.Code) + " "
	if isStatus(o.Status) {
		said += o.Status + " "
	}
	return tame(said+o.Text, maxSaid)
}

// status is the enhanced status code (RFC 3463). What the server has given stands where it fits what has become of the
// message; where it gave none no detail is known.
func (o *Outcome) status() string {
	class := byte('2')
	switch o.Action {
	case Expired:
		return "4.4.7" // "delivery time expired", whatever the last try has met; that is in Diagnostic-Code
	case Failed:
		class = '5'
	case Delayed:
		class = '4'
	}
	if isStatus(o.Status) && o.Status[0] == class {
		return o.Status
	}
	return string(class) + ".0.0"
}

// isStatus tells whether a text is an enhanced status code (RFC 3463 section 2).
func isStatus(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || len(parts[0]) != 1 {
		return false
	}
	for _, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return true
}

// tame is a text that others have written: in one line, in UTF-8, without control characters, and not too long.
func tame(text string, most int) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) })
	return clip(strings.Join(words, " "), most)
}

// clip shortens a text to a number of octets, and says so.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[:most-len("...")]
	for len(text) > 0 && !endsWhole(text) {
		text = text[:len(text)-1]
	}
	return text + "..."
}

// endsWhole tells whether UTF-8 that was cut was cut between characters.
func endsWhole(text string) bool {
	c, size := utf8.DecodeLastRuneInString(text)
	return c != utf8.RuneError || size > 1
}
