package compose

import (
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message/textproto"

	"postern/message"
)

// Field is a field of a header.
type Field struct{ Name, Value string }

// ParseField reads "Name: value" as somebody types it.
func ParseField(text string) (Field, error) {
	name, value, ok := strings.Cut(text, ":")
	f := Field{strings.TrimSpace(name), strings.TrimSpace(value)}
	if !ok {
		return f, dataError("%q should be \"Name: value\"", text)
	}
	if !utf8.ValidString(f.Value) {
		return f, dataError("the field %s is not UTF-8", f.Name)
	}
	if _, err := message.FormatField(f.Name, f.Value); err != nil {
		return f, dataError("the field %q: %v", f.Name, err)
	}
	return f, nil
}

// Add adds a field. One that the draft has a place for goes there: From replaces who it is from, To, Cc, Bcc and Reply-To add
// to them, and Content-Type says whether the text is HTML. The error tells what nobody may set.
func (d *Draft) Add(f Field) error {
	switch key := strings.ToLower(f.Name); key {
	case "from":
		from, err := ParseAddress(f.Value)
		d.From = &from
		return inField(f.Name, err)
	case "to":
		return inField(f.Name, addTo(&d.To, f.Value))
	case "cc":
		return inField(f.Name, addTo(&d.Cc, f.Value))
	case "bcc":
		return inField(f.Name, addTo(&d.Bcc, f.Value))
	case "reply-to":
		return inField(f.Name, addTo(&d.ReplyTo, f.Value))
	case "subject":
		if d.Subject != "" {
			return dataError("there is a subject already: %q", d.Subject)
		}
		d.Subject = f.Value
		return nil
	case "content-type":
		return d.kind(f.Value)
	case "mime-version", "content-transfer-encoding", "content-disposition": // they come of what there is
		return nil
	default:
		if strings.HasPrefix(key, "content-") || strings.HasPrefix(key, "resent-") || key == "received" || key == "return-path" {
			return dataError("the field %s is not for a new message to have", f.Name)
		}
		// RFC 5322 section 3.6: these come once.
		once := slices.Contains([]string{"date", "sender", "message-id", "in-reply-to", "references"}, key)
		if once && slices.ContainsFunc(d.Fields, func(has Field) bool { return strings.EqualFold(has.Name, f.Name) }) {
			return dataError("there is a field %s already", f.Name)
		}
	}
	d.Fields = append(d.Fields, f)
	return nil
}

// kind is Content-Type, as users of mailx give it for their text. Its charset counts where the text is no UTF-8.
func (d *Draft) kind(value string) error {
	_, params, _ := mime.ParseMediaType(value)
	charset := strings.ToLower(params["charset"])
	named := strings.Trim(charset, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
	if named && !slices.Contains([]string{"", "utf-8", "utf8", "us-ascii"}, charset) {
		d.Charset = charset
	}
	kind, _, _ := strings.Cut(value, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "text/plain":
	case "text/html":
		d.TextIsHTML = true
	default:
		return dataError("the field Content-Type: %s can't be: the text is text/plain or text/html", value)
	}
	return nil
}

func inField(name string, err error) error {
	if err != nil {
		return dataError("%s: %v", name, err)
	}
	return nil
}

// addTo adds the addresses of a list.
func addTo(to *[]message.Address, list string) error {
	addrs, err := ParseList(list)
	*to = append(*to, addrs...)
	return err
}

// ParseList reads addresses as somebody types them. Each that can't be read is told of.
func ParseList(list string) ([]message.Address, error) {
	if !utf8.ValidString(list) {
		return nil, fmt.Errorf("%q is not UTF-8", list)
	}
	addrs, errs := message.ParseAddresses(list)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("no address in %q", list)
	}
	return addrs, nil
}

// ParseAddress reads one address.
func ParseAddress(text string) (message.Address, error) {
	addrs, err := ParseList(text)
	switch {
	case err != nil:
		return message.Address{}, err
	case len(addrs) > 1:
		return message.Address{}, fmt.Errorf("more than one address in %q", text)
	}
	return addrs[0], nil
}

// header makes the message's fields, but for those of its content.
func (d *Draft) header() []Field {
	var fields []Field
	add := func(name string, addrs []message.Address) {
		var list []string
		for _, a := range addrs {
			list = append(list, a.String())
		}
		if list != nil {
			fields = append(fields, Field{name, strings.Join(list, ", ")})
		}
	}
	if d.From != nil {
		add("From", []message.Address{*d.From})
	}
	add("To", d.To)
	add("Cc", d.Cc)
	add("Reply-To", d.ReplyTo)
	if subject := oneLine(d.Subject); subject != "" {
		fields = append(fields, Field{"Subject", subject})
	}
	return append(append(fields, d.Fields...), Field{"MIME-Version", "1.0"})
}

// oneLine is text without control characters and spare spaces: a line end in it would begin another field.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || unicode.IsControl(r) }), " ")
}

// headerOf puts fields into wire form.
func headerOf(fields []Field) (h textproto.Header, err error) {
	for _, f := range slices.Backward(fields) { // each goes on top
		raw, err := message.FormatField(f.Name, f.Value)
		if err != nil {
			return h, dataError("the field %s: %v", f.Name, err)
		}
		h.AddRaw([]byte(raw))
	}
	return h, nil
}
