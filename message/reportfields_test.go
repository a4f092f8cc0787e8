package message_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"

	"postern/message"
)

// statusBlocks makes a report and gives the blocks of its delivery-status, and its text for people.
func statusBlocks(t *testing.T, r message.Report) (blocks []textproto.MIMEHeader, words string) {
	t.Helper()
	m, err := message.NewReport(r, read(t, lunch, message.ReadOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	parsed, err := mail.ReadMessage(m.Open())
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for parts := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	return checkStatus(t, r, texts[1]), strings.Join(strings.Fields(texts[0]), " ")
}

// TestReportRecipient has the fields of a recipient, and what people read of it.
func TestReportRecipient(t *testing.T) {
	type fields map[string]string
	for _, c := range []struct {
		story   string
		outcome message.Outcome
		want    fields
		words   string
	}{
		{
			"the server's own code", unknownUser("bob@example.net"),
			fields{"Final-Recipient": "rfc822; bob@example.net", "Original-Recipient": "", "Action": "failed", "Status": "5.1.1", "Remote-Mta": "dns; mx.example.net", "Diagnostic-Code": "smtp; 550 5.1.1 no such user here", "Last-Attempt-Date": "Fri, 27 Nov 2026 09:59:00 +0100", "Will-Retry-Until": ""},
			"typing error in the address",
		},
		{
			"a code alone",
			message.Outcome{FinalRecipient: "b@y", RemoteMTA: "mx", Code: 554, Text: "no"},
			fields{"Status": "5.0.0", "Diagnostic-Code": "smtp; 554 no"},
			"mx said: 554 no",
		},
		{
			"a refusal for good with a code for now",
			message.Outcome{FinalRecipient: "b@y", Code: 550, Status: "4.7.1", Text: "no"},
			fields{"Status": "5.0.0", "Diagnostic-Code": "smtp; 550 4.7.1 no"},
			"by its rules",
		},
		{
			"a code that is none",
			message.Outcome{FinalRecipient: "b@y", Code: 550, Status: "5.1.1.1", Text: "no"},
			fields{"Status": "5.0.0", "Diagnostic-Code": "smtp; 550 no"},
			"show them this report",
		},
		{
			"our own words",
			message.Outcome{FinalRecipient: "b@y", Text: "recipient: an address without a domain"},
			fields{"Status": "5.0.0", "Remote-Mta": "", "Diagnostic-Code": "x-postern; recipient: an address without a domain"},
			"b@y recipient: an address without a domain",
		},
		{
			"nothing is known",
			message.Outcome{FinalRecipient: "b@y"},
			fields{"Status": "5.0.0", "Remote-Mta": "", "Diagnostic-Code": ""},
			"b@y What you can do",
		},
		{
			"given up",
			message.Outcome{Action: message.Expired, FinalRecipient: "b@y", RemoteMTA: "mx", Code: 451, Status: "4.3.0", Text: "later"},
			fields{"Action": "failed", "Status": "4.4.7", "Diagnostic-Code": "smtp; 451 4.3.0 later"},
			"has been tried since Sun, 22 Nov 2026 10:00:00 +0100, and is not tried any more",
		},
		{
			"delayed",
			message.Outcome{Action: message.Delayed, FinalRecipient: "b@y", Code: 451, Status: "4.3.0", Text: "later"},
			fields{"Action": "delayed", "Status": "4.3.0", "Will-Retry-Until": "Fri, 27 Nov 2026 10:00:00 +0100"},
			"still being tried until Fri, 27 Nov 2026 10:00:00 +0100",
		},
		{
			"delayed by what isn't for now",
			message.Outcome{Action: message.Delayed, FinalRecipient: "b@y", Code: 421, Status: "5.3.0"},
			fields{"Status": "4.0.0"},
			"need not send it again",
		},
		{
			"relayed",
			message.Outcome{Action: message.Relayed, FinalRecipient: "b@y", Code: 250, Status: "2.6.0", Text: "taken"},
			fields{"Action": "relayed", "Status": "2.6.0", "Diagnostic-Code": "smtp; 250 2.6.0 taken"},
			"was passed on",
		},
		{
			"delivered",
			message.Outcome{Action: message.Delivered, FinalRecipient: "b@y"},
			fields{"Action": "delivered", "Status": "2.0.0"},
			"Your message was delivered to: b@y",
		},
		{
			"another address before",
			message.Outcome{FinalRecipient: "b@y", OriginalRecipient: "c=d+e@y"},
			fields{"Original-Recipient": "rfc822; c=d+e@y"},
			"b@y (for c=d+e@y)",
		},
		{
			"the same address before",
			message.Outcome{FinalRecipient: "b@y", OriginalRecipient: "b@y"},
			fields{"Original-Recipient": "rfc822; b@y"},
			"to: b@y What",
		},
		{
			"a quoted local part",
			message.Outcome{FinalRecipient: `"b c"@y`},
			fields{"Final-Recipient": `rfc822; "b c"@y`},
			`"b c"@y`,
		},
		{
			"an address in UTF-8",
			message.Outcome{FinalRecipient: "b\u00e9=+\\@y"},
			fields{"Final-Recipient": `utf-8; b\x{E9}\x{3D}\x{2B}\x{5C}@y`},
			"b\u00e9=+\\@y",
		},
		{
			"a reply in UTF-8",
			message.Outcome{FinalRecipient: "b@y", Code: 550, Text: "pr\u00fcfen"},
			fields{"Diagnostic-Code": "smtp; 550 =?utf-8?q?pr=C3=BCfen?="},
			"550 pr\u00fcfen",
		},
		{"a full mailbox", message.Outcome{FinalRecipient: "b@y", Code: 552, Status: "5.2.2"}, fields{"Status": "5.2.2"}, "mailbox is full"},
		{"too large", message.Outcome{FinalRecipient: "b@y", Code: 552, Status: "5.3.4"}, fields{"Status": "5.3.4"}, "smaller attachments"},
		{"too large for a mailbox", message.Outcome{FinalRecipient: "b@y", Code: 552, Status: "5.2.3"}, fields{"Status": "5.2.3"}, "smaller attachments"},
		{"a mailbox out of use", message.Outcome{FinalRecipient: "b@y", Code: 550, Status: "5.2.1"}, fields{"Status": "5.2.1"}, "not in use"},
	} {
		blocks, words := statusBlocks(t, aReport(c.outcome))
		for name, value := range c.want {
			if got := blocks[1].Get(name); got != value {
				t.Errorf("%s: %s: %q, want %q", c.story, name, got, value)
			}
		}
		if !strings.Contains(words, c.words) {
			t.Errorf("%s: no %q in %q", c.story, c.words, words)
		}
	}
}

// TestReportMessage has the fields that are the message's.
func TestReportMessage(t *testing.T) {
	r := aReport(unknownUser("bob@example.net"))
	r.OriginalEnvelopeID = "a=b+c"
	blocks, words := statusBlocks(t, r)
	for name, want := range map[string]string{
		"Original-Envelope-Id": "a=b+c", "Reporting-Mta": "dns; laptop.example.org", "Arrival-Date": "Sun, 22 Nov 2026 10:00:00 +0100",
	} {
		if got := blocks[0].Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, want := range []string{"laptop.example.org", "Subject: Lunch", "Date: Sun, 22 Nov 2026 09:59:58 +0100", "Message-ID: <lunch@example.org>", "Handed in: Sun, 22 Nov 2026 10:00:00 +0100"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in %q", want, words)
		}
	}
	blocks, words = statusBlocks(t, message.Report{From: "root", To: "ann", Date: told, Recipients: []message.Outcome{{Action: message.Expired, FinalRecipient: "b@y"}, {Action: message.Delayed, FinalRecipient: "c@y"}}})
	if len(blocks[0]) != 1 || blocks[0].Get("Reporting-Mta") != "dns; localhost" {
		t.Errorf("%v", blocks[0])
	}
	for _, want := range []string{"this computer", "tried for long", "is still being tried."} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in %q", want, words)
		}
	}
}

// TestNoReport has what nobody is sent a report of.
func TestNoReport(t *testing.T) {
	about := read(t, lunch, message.ReadOptions{})
	for _, c := range []struct {
		story  string
		change func(*message.Report)
		want   string
	}{
		{"a report itself", func(r *message.Report) { r.To = "" }, "no report is sent about a report"},
		{"nobody", func(r *message.Report) { r.Recipients = nil }, "about no recipient"},
		{"two senders", func(r *message.Report) { r.To = "ann@y, bob@y" }, "To address"},
		{"a field behind the sender", func(r *message.Report) { r.To = "ann@y\r\nBcc: eve@y" }, "To address"},
		{"a field in the sender", func(r *message.Report) { r.To = "\"ann\r\nBcc: eve\"@y" }, "To address"},
		{"a sender that isn't UTF-8", func(r *message.Report) { r.To = "\xff@y" }, "To address"},
		{"a sender that fits no line", func(r *message.Report) { r.To = strings.Repeat("a", 1000) + "@y" }, "To address"},
		{"no mailer", func(r *message.Report) { r.From = "" }, "From address"},
	} {
		r := aReport(unknownUser("bob@example.net"))
		c.change(&r)
		_, err := message.NewReport(r, about)
		if !errors.As(err, new(message.HeaderError)) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.story, err)
		}
	}
}

// heldBack is the beginning of a message, of which no more may be read.
type heldBack struct{ text string }

func (h heldBack) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(h.text)) {
		n = copy(p, h.text[at:])
	}
	if n < len(p) {
		return n, errors.New("read beyond what was needed")
	}
	return n, nil
}

func (heldBack) Close() error { return nil }

// cutOff is a message that ends too early.
type cutOff struct{ *strings.Reader }

func (cutOff) Close() error { return nil }

// TestReportOfStored: of a large message nothing but its header is read, and one that can't be read is no report with a
// part of it.
func TestReportOfStored(t *testing.T) {
	header := strings.ReplaceAll(lunch[:strings.Index(lunch, "\n\n")+2], "\n", "\r\n")
	r := aReport(unknownUser("bob@example.net"))
	huge, err := message.Stored(heldBack{header + strings.Repeat("x", 4<<10)}, 0, 1<<40, message.Traits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := message.NewReport(r, huge)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if !strings.Contains(wire(t, m), "more than 50 KiB") {
		t.Errorf("%s", wire(t, m))
	}

	const size = 40 << 10
	broken, err := message.Stored(heldBack{header + strings.Repeat("x", 4<<10)}, 0, size, message.Traits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := message.NewReport(r, broken); !errors.As(err, new(*message.ReadError)) {
		t.Errorf("a broken disk: %v", err)
	}
	cut, err := message.Stored(cutOff{strings.NewReader(header + strings.Repeat("x", 4<<10))}, 0, size, message.Traits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := message.NewReport(r, cut); !errors.As(err, new(*message.ReadError)) {
		t.Errorf("a file that was cut: %v", err)
	}
}

// TestReportBound: at the bound the message comes back, above it the header, and of a header above it what fits.
func TestReportBound(t *testing.T) {
	r := aReport(unknownUser("bob@example.net"))
	fill := func(size int) string {
		head := "Subject: x\r\n\r\n"
		body := strings.Repeat("0123456\r\n", size/9)
		return head + body[:size-len(head)-2] + "\r\n"
	}
	for _, c := range []struct {
		story, about string
		want         string
	}{
		{"at the bound", fill(message.MaxReturn - 4), "message/rfc822"},
		{"above it", fill(message.MaxReturn + 9), "text/rfc822-headers"},
		{"a large header", strings.Repeat("X-Filler: "+strings.Repeat("y", 90)+"\r\n", 600) + "Subject: x\r\n\r\nhi\r\n", "text/rfc822-headers"},
		{"a large field", "X-Filler: " + strings.Repeat("y ", 40<<10) + "\r\n\r\nhi\r\n", "text/rfc822-headers"},
	} {
		about := read(t, c.about, message.ReadOptions{})
		m, err := message.NewReport(r, about)
		if err != nil {
			t.Fatal(err)
		}
		checkReport(t, r, about, m)
		if got := wire(t, m); !strings.Contains(got, "Content-Type: "+c.want+"\r\n") || len(got) > message.MaxReturn+4<<10 {
			t.Errorf("%s: %d octets: %.2000s", c.story, len(got), got)
		}
		m.Close()
	}
}

// TestWants has who is told of what.
func TestWants(t *testing.T) {
	actions := []message.Action{message.Failed, message.Expired, message.Delayed, message.Relayed, message.Delivered}
	for notify, want := range map[string]string{
		"": "YYY--", "NEVER": "-----", "SUCCESS": "---YY", "FAILURE": "YY---", "DELAY": "--Y--",
		"SUCCESS,FAILURE": "YY-YY", "FAILURE,DELAY": "YYY--", "SUCCESS,FAILURE,DELAY": "YYYYY",
	} {
		got := ""
		for _, a := range actions {
			if (message.Wish{Notify: notify}).Wants(a) {
				got += "Y"
			} else {
				got += "-"
			}
		}
		if got != want {
			t.Errorf("NOTIFY=%s: %s, want %s", notify, got, want)
		}
	}
	dsn := message.DSN{For: []message.Wish{{Notify: "NEVER"}}}
	if dsn.Wish(0).Notify != "NEVER" || dsn.Wish(1) != (message.Wish{}) || (message.DSN{}).Wish(0) != (message.Wish{}) {
		t.Error("a wish that isn't the recipient's")
	}
}
