package message_test

import (
	"bufio"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"postern/message"
)

// checkReport reads a report as the standard library does, and checks what holds for every one.
func checkReport(t *testing.T, r message.Report, about, m *message.Message) {
	t.Helper()
	text := wire(t, m)
	if !strings.HasSuffix(text, "\r\n") || strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n\x00") {
		t.Fatalf("not in wire form: %q", text)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 998 {
			t.Fatalf("a line of %d octets: %q", len(line), line)
		}
	}
	again := read(t, text, message.ReadOptions{})
	if wire(t, again) != text || again.Traits() != m.Traits() || m.Unfit() {
		t.Errorf("%+v, read again %+v", m.Traits(), again.Traits())
	}
	if !m.EightBitHeader() { // whose server has SMTPUTF8, and 8BITMIME with it (RFC 6531 section 3.1)
		seven, err := m.SevenBit()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		defer seven.Close()
		if !isASCII(wire(t, seven)) {
			t.Error("8-bit text in 7-bit form")
		}
	}

	parsed, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	checkHeader(t, r, about, m, parsed.Header)
	kind, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["report-type"] != "delivery-status" {
		t.Fatalf("%s %v %v", kind, params, err)
	}
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	next := func() (textproto.MIMEHeader, string) {
		t.Helper()
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		label := p.Header.Get("Content-Transfer-Encoding")
		if has := !isASCII(string(data)); has != (label == "8bit") {
			t.Errorf("a part with 8-bit text: %v, and the label %q", has, label)
		}
		return p.Header, string(data)
	}
	header, words := next()
	if header.Get("Content-Type") != "text/plain; charset=utf-8" || words == "" {
		t.Errorf("%v: %q", header, words)
	}
	header, status := next()
	if header.Get("Content-Type") != "message/delivery-status" || !isASCII(status) {
		t.Errorf("%v: %q", header, status)
	}
	checkStatus(t, r, status)
	checkReturned(t, about, next)
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("after three parts: %v", err)
	}
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c >= 0x80 })
}

// checkHeader has exactly the fields that a report has, in their order.
func checkHeader(t *testing.T, r message.Report, about, m *message.Message, header mail.Header) {
	t.Helper()
	var names []string
	for _, line := range m.HeaderLines() {
		if line[0] != ' ' {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
	}
	want := []string{"From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
	if header.Get("In-Reply-To") == "" {
		want = slices.Delete(want, 5, 7)
	}
	if !m.Traits().EightBit {
		want = want[:len(want)-1]
	}
	if !slices.Equal(names, want) {
		t.Errorf("the fields %q", names)
	}
	for name, value := range map[string]string{"Auto-Submitted": "auto-replied", "MIME-Version": "1.0"} {
		if header.Get(name) != value {
			t.Errorf("%s: %q", name, header.Get(name))
		}
	}
	if id := header.Get("In-Reply-To"); id != header.Get("References") || id != "" && !slices.ContainsFunc(about.HeaderLines(), func(line string) bool { return strings.Contains(line, id) }) {
		t.Errorf("In-Reply-To: %q", id)
	}
	if date, err := header.Date(); err != nil || !date.Equal(r.Date) {
		t.Errorf("Date: %v, %v", date, err)
	}
	for name, spec := range map[string]string{"From": r.From, "To": r.To} {
		addrs, errs := message.ParseAddresses(header.Get(name))
		want, _ := message.ParseAddresses(spec)
		if len(errs) > 0 || len(addrs) != 1 || addrs[0].Spec != want[0].Spec {
			t.Errorf("%s: %q is %v, %v", name, header.Get(name), addrs, errs)
		}
	}
}

// statusOf are the fields that a recipient may have.
var statusOf = []string{"Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-Mta", "Diagnostic-Code", "Last-Attempt-Date", "Will-Retry-Until"}

// checkStatus has a block for the message and one for each recipient, each field once, and no others.
func checkStatus(t *testing.T, r message.Report, status string) (blocks []textproto.MIMEHeader) {
	t.Helper()
	lines := textproto.NewReader(bufio.NewReader(strings.NewReader(status + "\r\n")))
	for {
		block, err := lines.ReadMIMEHeader()
		if len(block) > 0 {
			blocks = append(blocks, block)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in %q", err, status)
		}
	}
	if len(blocks) != 1+len(r.Recipients) {
		t.Fatalf("%d blocks for %d recipients: %q", len(blocks), len(r.Recipients), status)
	}
	for i, block := range blocks {
		known, needed := statusOf, []string{"Final-Recipient", "Action", "Status"}
		if i == 0 {
			known, needed = []string{"Original-Envelope-Id", "Reporting-Mta", "Arrival-Date"}, []string{"Reporting-Mta"}
		} else if o := r.Recipients[i-1]; block.Get("Action") != o.Action.String() || block.Get("Will-Retry-Until") != "" && o.Action != message.Delayed {
			t.Errorf("%v: %v", o.Action, block)
		}
		for name, values := range block {
			if len(values) != 1 || !slices.Contains(known, name) {
				t.Errorf("%s: %q", name, values)
			}
		}
		for _, name := range needed {
			if block.Get(name) == "" && !(name == "Final-Recipient" && r.Recipients[i-1].FinalRecipient == "") {
				t.Errorf("no %s in %q", name, status)
			}
		}
	}
	return blocks
}

// checkReturned has the message itself, or its header.
func checkReturned(t *testing.T, about *message.Message, next func() (textproto.MIMEHeader, string)) {
	t.Helper()
	header, text := next()
	original := wire(t, about)
	switch kind := header.Get("Content-Type"); kind {
	case "message/rfc822":
		plain := !about.Unfit() && !about.EightBitHeader() && !slices.ContainsFunc(about.HeaderLines(), func(l string) bool { return len(l) > 998 })
		if plain && text != original && !strings.Contains(original, "\x00") {
			t.Errorf("%q came back as %q", original, text)
		}
	case "text/rfc822-headers":
		if header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			data, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(text)))
			if err != nil {
				t.Error(err)
			}
			text = string(data)
		}
		if !strings.HasPrefix(original, text) || len(text) > message.MaxReturn {
			t.Errorf("of %q the header came back as %q", original, text)
		}
	default:
		t.Errorf("the third part is a %s", kind)
	}
}
