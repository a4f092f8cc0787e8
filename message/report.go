package message

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Report is a delivery status notification: what its sender is told about a message's way (RFC 3461, RFC 3464). Its
// fields have the names of the fields that they become.
//
// The envelope of a report has the null reverse-path, To as its one recipient, and no DSN of its own (RFC 3461 section
// 6.1): a report about a report can't come to be.
type Report struct {
	From               string    // this host's mailer: "mailer-daemon@host.example.org"
	To                 string    // who sent the message: the reverse-path of its envelope
	Date               time.Time // when the report is made
	ReportingMTA       string    // this host; empty is "localhost"
	ArrivalDate        time.Time // when the message came; zero isn't told
	OriginalEnvelopeID string    // DSN.ID of the message's envelope, without xtext
	Return             string    // DSN.Return of it: "FULL", "HDRS" or empty, which is as FULL
	WillRetryUntil     time.Time // when those that are Delayed will be given up; zero isn't told
	Recipients         []Outcome // whom it is about, and nobody else: see Wish.Wants
}

// Outcome is what has become of one recipient.
type Outcome struct {
	Action            Action
	FinalRecipient    string    // the recipient of the envelope
	OriginalRecipient string    // Wish.Original of it, without xtext; or empty
	RemoteMTA         string    // the host that said Text, or that could not be reached; empty where there was none
	Code              int       // of its reply, or 0 where Text are our own words
	Status            string    // the enhanced status code of the reply, or empty
	Text              string    // of the reply, or why there is none
	LastAttemptDate   time.Time // zero isn't told
}

// Action is what has become of a message for a recipient (RFC 3464 section 2.3.3).
type Action int

const (
	// Failed is a refusal for good.
	Failed Action = iota
	// Expired is a message given up after it was tried for long. It is written as failed, too.
	Expired
	// Delayed is a message that is still being tried.
	Delayed
	// Relayed is one that a server has taken which sends no reports of success (RFC 3461 section 5.2.2).
	Relayed
	// Delivered is one that is in the recipient's mailbox (RFC 3461 section 6.2).
	Delivered
)

// String is the action as the field Action has it.
func (a Action) String() string {
	switch a {
	case Delayed:
		return "delayed"
	case Relayed:
		return "relayed"
	case Delivered:
		return "delivered"
	}
	return "failed"
}

// failed tells whether the recipient will not have the message.
func (a Action) failed() bool { return a == Failed || a == Expired }

const (
	localhost = "localhost" // a host without a name
	maxHost   = 255         // of a name (RFC 5321 section 4.5.3.1.2)
	// maxSaid bounds a text that others have written, in octets: a line of a reply has at most 512 (RFC 5321 section
	// 4.5.3.1.5), and a reply may have some.
	maxSaid = 800
)

// NewReport makes a report about a message, in wire form and complete, which is to be closed apart from the message. It
// is a multipart/report (RFC 6522) of text for people, of a message/delivery-status (RFC 3464), and of the message or
// its header; see MaxReturn. Nothing that servers, addresses or the message say can add a field, or a line that is too
// long.
//
// The error is a HeaderError where there is nobody to report to, which is so for every report, and for an address that
// can't stand in a header; a *ReadError or *SpoolError where the message can't be read.
func NewReport(r Report, about *Message) (*Message, error) {
	from, err := reportAddress("From", "Mail Delivery System", r.From)
	if err != nil {
		return nil, err
	}
	to, err := reportAddress("To", "", r.To)
	if err != nil {
		return nil, err
	}
	if len(r.Recipients) == 0 {
		return nil, HeaderError("a report about no recipient")
	}
	back, err := r.giveBack(about)
	if err != nil {
		return nil, err
	}
	defer back.close()

	boundary := rand.Text() // 128 random bits: no message has them
	words := r.words(about, back)
	before := "--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\n" + encodingField(hasEightBit([]byte(words))) + "\r\n" + words +
		"\r\n--" + boundary + "\r\nContent-Type: message/delivery-status\r\n\r\n" + r.statusFields() +
		"\r\n--" + boundary + "\r\n" + back.fields() + "\r\n"
	behind := "\r\n--" + boundary + "--\r\n"

	m := &Message{}
	content := io.MultiReader(strings.NewReader(before), back.open(), strings.NewReader(behind))
	err = m.readBody(newLines(content, false), nil)
	if err == nil && m.body.size() != int64(len(before))+back.size()+int64(len(behind)) {
		err = &ReadError{io.ErrUnexpectedEOF}
	}
	if err == nil {
		m.raw = []byte(from + to + r.fields(about) +
			fold("Content-Type:", " multipart/report; report-type=delivery-status; boundary="+boundary) +
			encodingField(m.eightBit) + // of a multipart it is that of its parts (RFC 2045 section 6.4)
			"\r\n")
		m.header, err = takeApart(m.raw[:len(m.raw)-len(crlf)])
		m.sending = readSending(&m.header)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// fields are those of the header between the addresses and Content-Type.
func (r *Report) fields(about *Message) string {
	var f strings.Builder
	f.WriteString("Subject: " + r.subject() + "\r\n")
	f.WriteString("Date: " + r.Date.Format(dateFormat) + "\r\n")
	f.WriteString("Message-ID: " + messageID(r.domain(), r.Date) + "\r\n")
	if id := identifier(about); id != "" {
		f.WriteString("In-Reply-To: " + id + "\r\nReferences: " + id + "\r\n")
	}
	f.WriteString("Auto-Submitted: auto-replied\r\n") // RFC 3834 section 5: whoever answers by himself leaves it alone
	f.WriteString("MIME-Version: 1.0\r\n")
	return f.String()
}

// subject says the worst of what the report has to say.
func (r *Report) subject() string {
	switch r.worst() {
	case Failed, Expired:
		return "Your message could not be delivered"
	case Delayed:
		return "Your message is delayed"
	case Relayed:
		return "Your message was passed on"
	}
	return "Your message was delivered"
}

// worst is the first of the actions, in their order.
func (r *Report) worst() Action {
	return slices.MinFunc(r.Recipients, func(a, b Outcome) int { return int(a.Action - b.Action) }).Action
}

// domain is the right-hand side of the report's own Message-ID: the host, where its name is of US-ASCII and fits.
func (r *Report) domain() string {
	odd := func(c rune) bool { return c >= 0x7f || !isAtom(byte(c)) }
	if host := strings.Trim(r.ReportingMTA, "."); host != "" && len(host) <= maxHost && !strings.ContainsFunc(host, odd) {
		return host
	}
	return localhost
}

// identifier is the Message-ID of a message where it is one (RFC 5322 section 3.6.4); anything else isn't repeated.
func identifier(m *Message) string {
	id := strings.TrimSpace(m.header.Get("Message-Id"))
	inner := strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
	if inner == "" || len(inner) != len(id)-2 || len(id) > maxLine-len("In-Reply-To: ") || strings.ContainsFunc(inner, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '<' || c == '>' }) {
		return ""
	}
	return id
}

var (
	errNoSender   = errors.New("there is none: no report is sent about a report")
	errNotAddress = errors.New("not an address")
)

// maxReportAddress bounds an address in the report's header. It leaves room for quotation marks and its field's name;
// RFC 5321 section 4.5.3.1 has 320 for the address.
const maxReportAddress = 800

// reportAddress is a field of the report's header that names one address.
func reportAddress(name, display, spec string) (string, error) {
	err := errNotAddress
	if spec == "" {
		err = errNoSender
	} else if addrs, errs := ParseAddresses(spec); !strings.ContainsFunc(spec, isControl) && len(errs) == 0 && len(addrs) == 1 && addrs[0].Spec != "" {
		text := formatAddress(Address{Name: display, Spec: addrs[0].Spec})
		if len(text) <= maxReportAddress && utf8.ValidString(text) {
			return fold(name+":", " "+text), nil
		}
	}
	return "", HeaderError(fmt.Sprintf("the report's %s address %q: %v", name, shorten(oneLine(spec)), err))
}

// encodingField labels what has octets over 127 (RFC 2045 section 6.2). 7bit needs no label.
func encodingField(eightBit bool) string {
	if !eightBit {
		return ""
	}
	return "Content-Transfer-Encoding: 8bit\r\n"
}
