package message

import (
	"fmt"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"
)

// wordsLine is how many characters a line of the text for people has, where its words allow it.
const wordsLine = 72

// words is the text for people, in wire form.
func (r *Report) words(about *Message, back *returned) string {
	p := &page{}
	host := tame(r.ReportingMTA, maxSaid)
	if host == "" {
		host = "this computer"
	}
	p.paragraph("", "This is the mail system of "+host+".")
	for a := Failed; a <= Delivered; a++ {
		r.section(p, a)
	}
	if advice := r.advice(); len(advice) > 0 {
		p.paragraph("", "What you can do:")
		for _, line := range advice {
			p.paragraph("    ", line)
		}
	}
	p.paragraph("", "This is about your message:")
	for _, name := range []string{"Subject", "Date", "Message-Id"} {
		if value := headerText(about, name); value != "" {
			p.line("    ", strings.ReplaceAll(name, "-Id", "-ID")+": "+value)
		}
	}
	if !r.ArrivalDate.IsZero() {
		p.line("    ", "Handed in: "+r.ArrivalDate.Format(dateFormat))
	}
	p.blank()
	p.paragraph("", "A program has written this report. Below is the same for other programs, and "+back.words())
	return strings.TrimSuffix(p.String(), "\r\n") // the blank line at the end
}

// section tells of the recipients that have met the same.
func (r *Report) section(p *page, a Action) {
	var said string // what was said of those before
	begun := false
	for i := range r.Recipients {
		o := &r.Recipients[i]
		if o.Action != a {
			continue
		}
		if !begun {
			p.paragraph("", r.opening(a))
			begun = true
		} else if o.reason() != said {
			p.paragraph("        ", said)
		}
		said = o.reason()
		to := tame(o.FinalRecipient, maxSaid)
		if original := tame(o.OriginalRecipient, maxSaid); original != "" && original != to {
			to += " (for " + original + ")"
		}
		p.line("    ", to)
	}
	if !begun {
		return
	}
	p.paragraph("        ", said)
	if a == Delayed {
		p.paragraph("", "You need not do anything, and need not send it again.")
	}
}

// opening begins a section.
func (r *Report) opening(a Action) string {
	switch a {
	case Failed:
		return "Sorry, your message could not be delivered to:"
	case Expired:
		since := "for long"
		if !r.ArrivalDate.IsZero() {
			since = "since " + r.ArrivalDate.Format(dateFormat)
		}
		return "Sorry, your message could not be delivered to those below. It has been tried " + since + ", and is not tried any more."
	case Delayed:
		until := "."
		if !r.WillRetryUntil.IsZero() {
			until = " until " + r.WillRetryUntil.Format(dateFormat) + ", and is given up then."
		}
		return "Your message has not been delivered yet to those below. It is still being tried" + until
	case Relayed:
		return "Your message was passed on for those below. The server that has it now sends no report when it has delivered it, so that this may be the last that you hear of it."
	}
	return "Your message was delivered to:"
}

// reason is what was said of a recipient, and by whom; it may be empty.
func (o *Outcome) reason() string {
	said, host := o.said(), tame(o.RemoteMTA, maxSaid)
	switch {
	case host == "" || said == "":
		return said
	case !o.replied():
		return host + ": " + said
	}
	return host + " said: " + said
}

// advices are what may help, by the beginning of the enhanced status code behind its class (RFC 3463 section 3).
var advices = []struct{ code, text string }{
	{"1.", "Look for a typing error in the address, and send the message again to the right one."},
	{"2.1", "The mailbox is not in use. Reach the recipient in another way."},
	{"2.2", "The mailbox is full. Send the message again later, or reach the recipient in another way."},
	{"2.3", tooLarge},
	{"3.4", tooLarge},
	{"7.", "The server did not take the message by its rules. What it said may tell why; whoever looks after your mail, or after the recipient's, can help with it."},
}

const (
	tooLarge = "The message is too large for the server. Send it again with smaller attachments, or without."
	waited   = "Look for a typing error behind the @ of the address. If there is none the server may be out of order: send the message again later."
	other    = "What was said above may tell why. Whoever looks after your mail can help with it; show them this report."
)

// advice is what may help those who have failed, each once.
func (r *Report) advice() (all []string) {
	for i := range r.Recipients {
		o := &r.Recipients[i]
		if !o.Action.failed() {
			continue
		}
		if text := o.advice(); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

func (o *Outcome) advice() string {
	if isStatus(o.Status) {
		for _, a := range advices {
			if strings.HasPrefix(o.Status[2:], a.code) {
				return a.text
			}
		}
	}
	if o.Action == Expired {
		return waited
	}
	return other
}

// words say what comes back.
func (b *returned) words() string {
	switch {
	case b.whole != nil:
		return "your message."
	case b.large:
		return fmt.Sprintf("the header of your message, which has more than %d KiB.", MaxReturn>>10)
	}
	return "the header of your message."
}

// headerText is the value of a field as people read it.
func headerText(m *Message, name string) string {
	value := m.header.Get(name)
	if text, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		value = text
	}
	return tame(value, maxSaid)
}

// page is text in lines that are broken between words.
type page struct{ strings.Builder }

// line writes a text, which goes on in lines of its own where it is long.
func (p *page) line(indent, text string) {
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			p.WriteString(indent)
			column = len(indent)
		case column+1+n > wordsLine:
			p.WriteString("\r\n" + indent)
			column = len(indent)
		default:
			p.WriteString(" ")
			column++
		}
		p.WriteString(word)
		column += n
	}
	if column > 0 {
		p.WriteString("\r\n")
	}
}

func (p *page) blank() { p.WriteString("\r\n") }

// paragraph is a line with a blank one behind it.
func (p *page) paragraph(indent, text string) {
	p.line(indent, text)
	p.blank()
}
