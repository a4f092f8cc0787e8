package message_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/message"
)

var update = flag.Bool("update", false, "rewrite testdata/report")

var (
	came  = time.Date(2026, 11, 22, 10, 0, 0, 0, time.FixedZone("", 3600))
	told  = came.Add(5 * 24 * time.Hour)
	tried = told.Add(-time.Minute)
)

// lunch is a message as it lies in the queue.
const lunch = "Date: Sun, 22 Nov 2026 09:59:58 +0100\nMessage-ID: <lunch@example.org>\nFrom: Ann <ann@example.org>\nTo: bob@example.net\nSubject: Lunch\n\nAt noon?\n-- \nAnn\n"

// aReport is a report as a queue makes it.
func aReport(to ...message.Outcome) message.Report {
	for i := range to {
		to[i].LastAttemptDate = tried
	}
	return message.Report{
		From: "mailer-daemon@laptop.example.org", To: "ann@example.org", Date: told, ReportingMTA: "laptop.example.org",
		ArrivalDate: came, WillRetryUntil: came.Add(5 * 24 * time.Hour), Recipients: to,
	}
}

func unknownUser(address string) message.Outcome {
	return message.Outcome{FinalRecipient: address, RemoteMTA: "mx.example.net", Code: 550, Status: "5.1.1", Text: "no such user here"}
}

// with changes a report.
func with(r message.Report, change func(*message.Report)) message.Report {
	change(&r)
	return r
}

// stories are reports, and the messages that they are about. What comes of each is in testdata/report.
var stories = []struct {
	name   string
	about  string
	report message.Report
}{
	{"failed", lunch, aReport(unknownUser("bob@example.net"))},
	{"failed-headers", lunch, with(aReport(unknownUser("bob@example.net")), func(r *message.Report) { r.Return = "HDRS" })},
	{"failed-large", lunch + strings.Repeat("All of this is text.\n", 3000), with(aReport(message.Outcome{
		FinalRecipient: "bob@example.net", RemoteMTA: "mx.example.net", Code: 552, Status: "5.3.4", Text: "message too big",
	}), func(r *message.Report) { r.Return = "FULL" })},
	{"mixed", lunch, with(aReport(
		unknownUser("bob@example.net"),
		unknownUser("bobby@example.net"),
		message.Outcome{FinalRecipient: "carol@example.com", OriginalRecipient: "carol@old.example.com", Code: 554, Text: "spam; see https://example.com/why?it=was+so", RemoteMTA: "mx.example.com"},
		message.Outcome{Action: message.Expired, FinalRecipient: "dave@example.edu", RemoteMTA: "mx.example.edu", Text: "connect: connection refused"},
		message.Outcome{Action: message.Expired, FinalRecipient: "eve@example.edu", RemoteMTA: "mx.example.edu", Code: 452, Status: "4.2.2", Text: "mailbox full"},
		message.Outcome{Action: message.Delayed, FinalRecipient: "frank@example.gov", RemoteMTA: "mx.example.gov", Code: 451, Text: "come back later"},
		message.Outcome{Action: message.Relayed, FinalRecipient: "grace@example.mil", RemoteMTA: "mx.example.mil", Code: 250, Text: "ok: queued as 4ABCDE"},
		message.Outcome{Action: message.Delivered, FinalRecipient: "heidi@laptop.example.org"},
	), func(r *message.Report) { r.OriginalEnvelopeID = "QQ314159=a+b" })},
	{"delayed", lunch, aReport(message.Outcome{Action: message.Delayed, FinalRecipient: "bob@example.net", RemoteMTA: "mx.example.net", Text: "lookup: no such host"})},
	{"relayed", lunch, aReport(message.Outcome{Action: message.Relayed, FinalRecipient: "bob@example.net", RemoteMTA: "mx.example.net", Code: 250, Status: "2.0.0", Text: "taken"})},
	{"bare", "\n", message.Report{From: "root", To: "ann", Date: told, Recipients: []message.Outcome{{FinalRecipient: "bob"}}}},
	{"8-bit", strings.Replace(lunch, "\n\n", "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGr\u00fc\u00dfe\n", 1), aReport(unknownUser("bob@example.net"))},
	{"8-bit-header", strings.Replace(lunch, "Lunch", "Br\u00f6tchen", 1), aReport(message.Outcome{
		FinalRecipient: "j\u00fcrgen@example.net", OriginalRecipient: "j+\u00fc=\\@example.net", RemoteMTA: "mx.example.net", Code: 553, Text: "Empf\u00e4nger ung\u00fcltig: das Postfach gibt es nicht, bitte pr\u00fcfen Sie die Schreibweise",
	})},
	{"8-bit-signed", strings.Replace(lunch, "\n\n", "\nMIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\n\nGr\u00fc\u00dfe\n--b--\n", 1), aReport(message.Outcome{FinalRecipient: "bob@example.net", RemoteMTA: "mx.example.net", Text: "the server does not offer 8BITMIME, and a signature would break"})},
	{"encoded-subject", strings.Replace(lunch, "Lunch", "=?utf-8?q?Br=C3=B6tchen=0D=0AX-Bad:_1?=", 1), aReport(unknownUser("bob@example.net"))},
	{"long-header", strings.Replace(lunch, "Subject", "X-Long: "+strings.Repeat("x", 1100)+"\nSubject", 1), aReport(unknownUser("bob@example.net"))},
	{"long-line", lunch + strings.Repeat("word ", 250) + "\n", aReport(unknownUser("bob@example.net"))},
	{"hostile", "Message-ID: <a b@c>\nSubject: one\x1b[2J\x07 two\n --x\n\nhi\n", with(aReport(
		message.Outcome{FinalRecipient: "bob@example.net\r\nAction: delivered", OriginalRecipient: "x\r\n\r\n--y", RemoteMTA: "mx\r\nX-Bad: 1\x00", Code: 550, Status: "5.1.1\r\nX-Bad: 2", Text: "go\r\n\r\n.\r\nQUIT\x1b[31m \xff\u009b1m \u2028" + strings.Repeat("y", 3000)},
		message.Outcome{FinalRecipient: strings.Repeat("z", 2000) + "@example.net", Text: "\x00\x01\x02"},
		message.Outcome{FinalRecipient: strings.Repeat("\u00e9", 2000), Code: 550, Text: strings.Repeat("\u00e9", 2000)},
	), func(r *message.Report) {
		r.ReportingMTA, r.OriginalEnvelopeID = "lap\r\nX-Bad: 3", "id\r\nX-Bad: 4"
	})},
}

// random is what differs from one report to the next.
var random = regexp.MustCompile(`[A-Z2-7]{26}`)

// TestReport compares each report with what it was, and has it read by others.
func TestReport(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			about := read(t, s.about, message.ReadOptions{})
			before := wire(t, about)
			m, err := message.NewReport(s.report, about)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if wire(t, about) != before {
				t.Error("the message itself has changed")
			}
			checkReport(t, s.report, about, m)

			got := strings.ReplaceAll(random.ReplaceAllString(wire(t, m), "RANDOM"), "\r\n", "\n")
			name := filepath.Join("testdata", "report", s.name+".eml")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not what it was:\n%s", name, got)
			}
		})
	}
}
