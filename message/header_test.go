package message_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/message"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.FixedZone("", 3600))

func defaults() message.Defaults {
	return message.Defaults{From: message.Address{Spec: "ann@example.org"}, Now: now, IDDomain: "example.org"}
}

// TestComplete has the header before and after: only Bcc goes, only what is missing comes, on top.
func TestComplete(t *testing.T) {
	full := "Date: x\nMessage-ID: <1@y>\nFrom: b@y\nTo: t@y\n"
	fullWire := strings.ReplaceAll(full, "\n", "\r\n")
	for _, c := range []struct{ story, in, want string }{
		{"nothing to do", full + "\nx\n", fullWire + "\r\nx\r\n"},
		{"Bcc goes", full + "Bcc: c@y\nSubject: s\n\nBcc: stays\n", fullWire + "Subject: s\r\n\r\nBcc: stays\r\n"},
		{"Bcc folded", full + "Bcc: c@y,\n d@y,\n\te@y\nSubject: s\n\n", fullWire + "Subject: s\r\n\r\n"},
		{"Bcc repeated", "Bcc: a@y\n" + full + "bcc: c@y\nBCC:d@y\n\n", fullWire + "\r\n"},
		{"Bcc with a space before the colon", full + "Bcc : c@y\nbCc\t: d@y\n\n", fullWire + "\r\n"},
		{"Bcc empty", full + "Bcc:\n\n", fullWire + "\r\n"},
		{"Bcc behind a CR", full + "X: 1\r\r\nBcc: c@y\n\n", fullWire + "X: 1\r\n\r\n"},
		{"Resent-Bcc goes, Resent-To stays", "Resent-To: a@y\nResent-Bcc: c@y\n" + full + "\n", "Resent-Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nResent-Message-ID: <ID@example.org>\r\nResent-From: ann@example.org\r\nResent-To: a@y\r\n" + fullWire + "\r\n"},
		{"a whole Resent block stays", "Resent-Bcc: c@y\nResent-From: x@y\nResent-Date: x\nResent-Message-ID: <2@y>\n" + full + "\n", "Resent-From: x@y\r\nResent-Date: x\r\nResent-Message-ID: <2@y>\r\n" + fullWire + "\r\n"},
		{"Return-Path goes", "Return-Path: <x@y>\n" + full + "\n", fullWire + "\r\n"},
		{"NUL in the header is a space", "X: a\x00b\n" + full + "\n", "X: a b\r\n" + fullWire + "\r\n"},
		{"no To where Cc is", "Date: x\nMessage-ID: <1@y>\nFrom: b@y\nCc: c@y\n\n", "Date: x\r\nMessage-ID: <1@y>\r\nFrom: b@y\r\nCc: c@y\r\n\r\n"},
		{"a long line is folded", full + "X: " + strings.Repeat("0123456 ", 200) + "\n\n", fullWire + "X: " + strings.Repeat("0123456 ", 123) + "0123456\r\n " + strings.Repeat("0123456 ", 76) + "\r\n\r\n"},
		{"a long word stays", full + "X: " + strings.Repeat("x", 2000) + "\n\n", fullWire + "X: " + strings.Repeat("x", 2000) + "\r\n\r\n"},
		{"other fields that begin so stay", full + "Bcc-Note: 1\nX-Bcc: 2\n\n", fullWire + "Bcc-Note: 1\r\nX-Bcc: 2\r\n\r\n"},
		{"odd fields stay to the octet", full + "x-ODD :  a \t\n b\n\n", fullWire + "x-ODD :  a \t\r\n b\r\n\r\n"},
		{
			"all is missing", "Subject: s\n\nx\n",
			"Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <ID@example.org>\r\nFrom: ann@example.org\r\nTo: undisclosed-recipients:;\r\nSubject: s\r\n\r\nx\r\n",
		},
		{"a message without header", "just text\n", "Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <ID@example.org>\r\nFrom: ann@example.org\r\nTo: undisclosed-recipients:;\r\n\r\njust text\r\n"},
	} {
		m := read(t, c.in, message.ReadOptions{})
		if err := m.Complete(defaults()); err != nil {
			t.Fatal(err)
		}
		got := regexp.MustCompile(`<20261122090000\.[A-Z2-7]{26}@`).ReplaceAllString(wire(t, m), "<ID@")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.story, got, c.want)
		}
	}
}

func TestMissingFrom(t *testing.T) {
	for _, c := range []struct {
		from message.Address
		want string
	}{
		{message.Address{Name: "Ann B. Smith", Spec: "ann@y"}, "From: \"Ann B. Smith\" <ann@y>"},
		{message.Address{Name: "Jürgen", Spec: "j@y"}, "From: =?utf-8?q?J=C3=BCrgen?= <j@y>"},
		{message.Address{Name: "a\r\nBcc: eve@y", Spec: "ann@y"}, "From: \"a Bcc: eve@y\" <ann@y>"},
		{message.Address{Name: "x", Spec: `"a b"@y`}, `From: "x" <"a b"@y>`},
		{message.Address{Spec: "ann@y"}, "From: ann@y"},
		{message.Address{Spec: "a@y\r\nX-Evil: 1"}, "From: a@y X-Evil: 1"},
	} {
		m := read(t, "Subject: s\n\n", message.ReadOptions{})
		if err := m.Complete(message.Defaults{From: c.from, Now: now}); err != nil {
			t.Fatal(err)
		}
		if got := wire(t, m); !strings.Contains(got, "\r\n"+c.want+"\r\n") {
			t.Errorf("%+v: %q", c.from, got)
		}
	}
}

func TestRecipients(t *testing.T) {
	for _, c := range []struct{ story, in, want string }{
		{"To, Cc and Bcc in their order", "To: a@y\nSubject: s\nBcc: b@y\nCc: c@y, d@y\n\nTo: no@y\n", "a@y b@y c@y d@y"},
		{"repeated and folded", "to: a@y,\n b@y\nTO: c@y\nBcc : d@y\n\n", "a@y b@y c@y d@y"},
		{"Resent fields take over", "Resent-To: a@y\nResent-Bcc: b@y\nTo: no@y\nBcc: never@y\n\n", "a@y b@y"},
		{"only the newest block", "Resent-To: a@y\nResent-From: x@y\nResent-To: old@y\nResent-Cc: older@y\nTo: no@y\n\n", "a@y"},
		{"a field of the newest block repeated", "Resent-Bcc: a@y\nResent-Bcc: b@y\nResent-To: c@y\nResent-Date: x\nResent-Bcc: old@y\n\n", "a@y b@y c@y"},
		{"an older block that begins with another field", "Resent-To: a@y\nResent-From: x\nResent-Date: x\nResent-From: y\nResent-Cc: old@y\n\n", "a@y"},
		{"Resent-From alone is no block", "Resent-From: x@y\nTo: a@y\n\n", "a@y"},
		{"one bad entry", "To: a@y, b@@y, c@y\n\n", "a@y c@y ! To: two at signs in \"b@@y\""},
		{"none", "Subject: s\n\n", ""},
	} {
		addrs, errs := read(t, c.in, message.ReadOptions{}).Recipients()
		var got []string
		for _, a := range addrs {
			got = append(got, a.Spec)
		}
		for _, err := range errs {
			got = append(got, "! "+err.Error())
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: got %s, want %s", c.story, g, c.want)
		}
	}
}

func TestFrom(t *testing.T) {
	for in, want := range map[string]string{
		"From: Ann <ann@y>\n\n": "ann@y", "From: root (Cron Daemon)\n\n": "root", "Subject: s\n\n": "", "from: a@y, b@y\n\n": "a@y b@y",
	} {
		if got := strings.Join(read(t, in, message.ReadOptions{}).From(), " "); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestLongName: a name of any length doesn't make a line over the limit (RFC 5322 section 2.1.1).
func TestLongName(t *testing.T) {
	for _, name := range []string{strings.Repeat("name ", 1000), strings.Repeat("ü", 1000), strings.Repeat("x", 2000)} {
		m := read(t, "Subject: s\n\n", message.ReadOptions{})
		if err := m.Complete(message.Defaults{From: message.Address{Name: name, Spec: "ann@y"}, Now: now}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(wire(t, m)) {
			if len(line) > 1000 {
				t.Errorf("a line of %d octets", len(line))
			}
		}
	}
}

// TestFromPolicy has a message before and after, and what Complete was told about its author.
func TestFromPolicy(t *testing.T) {
	with := func(change func(*message.Defaults)) message.Defaults {
		d := defaults()
		change(&d)
		return d
	}
	rest := "To: t@y\nDate: x\nMessage-ID: <1@y>\n"
	for _, c := range []struct {
		story, in string
		d         message.Defaults
		want      string
	}{
		{"always replaces", "From: x@y\n", with(func(d *message.Defaults) { d.ReplaceFrom = true }), "From: ann@example.org\n"},
		{"never adds none", "Subject: s\n", with(func(d *message.Defaults) { d.KeepFrom = true }), "Subject: s\n"},
		{"Sender is added", "From: x@y\n", with(func(d *message.Defaults) { d.Sender = "ann@example.org" }), "Sender: ann@example.org\nFrom: x@y\n"},
		{"a Sender that is there stays", "Sender: s@y\nFrom: x@y\n", with(func(d *message.Defaults) { d.Sender = "ann@example.org" }), "Sender: s@y\nFrom: x@y\n"},
	} {
		m := read(t, c.in+rest+"\n", message.ReadOptions{})
		if err := m.Complete(c.d); err != nil {
			t.Fatal(err)
		}
		if got, want := wire(t, m), strings.ReplaceAll(c.want+rest+"\n", "\n", "\r\n"); got != want {
			t.Errorf("%s: got %q, want %q", c.story, got, want)
		}
	}
}

// TestBareNames has fields with names that lack a domain: they get it, and no other octet changes.
func TestBareNames(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"From: root (Cron Daemon)", "From: root@s.example (Cron Daemon)"},
		{"From: Anacron <root>", "From: Anacron <root@s.example>"},
		{"from:root", "from:root@s.example"},
		{"Sender: <a>", "Sender: <a@s.example>"},
		{"Reply-To : a , b@y", "Reply-To : a@s.example , b@y"},
		{"From: \"a b\"", "From: \"a b\"@s.example"},
		{"From: \"Doe, John\" <john>", "From: \"Doe, John\" <john@s.example>"},
		{"To: root,\n\tann@y , bob (x)", "To: root@r.example,\n\tann@y , bob@r.example (x)"},
		{"Cc: team: a, b@y;, c", "Cc: team: a@r.example, b@y;, c@r.example"},
		{"To: undisclosed-recipients:;", "To: undisclosed-recipients:;"},
		{"To: a@@y, root", "To: a@@y, root@r.example"},
		{"To: \"open, root", "To: \"open, root"},
		{"To: <>", "To: <>"},
		{"Subject: root", "Subject: root"},
		{"Resent-To: root", "Resent-To: root@r.example"},
	} {
		d := defaults()
		d.SenderDomain, d.RecipientDomain = "s.example", "r.example"
		m := read(t, c.in+"\n\n", message.ReadOptions{})
		if err := m.Complete(d); err != nil {
			t.Fatal(err)
		}
		if got := wire(t, m); !strings.Contains(got, strings.ReplaceAll(c.want, "\n", "\r\n")+"\r\n") {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAuthor(t *testing.T) {
	for in, want := range map[string]message.Address{
		"From: root (Cron Daemon)\n\n":  {Name: "Cron Daemon", Spec: "root"},
		"From: Ann <ann@y>, b@y\n\n":    {Name: "Ann", Spec: "ann@y"},
		"From: Ann <ann@y> (work)\n\n":  {Name: "Ann", Spec: "ann@y"},
		"From: ann@y (never closed\n\n": {},
		"Subject: s\n\n":                {},
	} {
		if got := read(t, in, message.ReadOptions{}).Author(); got != want {
			t.Errorf("%q: got %+v, want %+v", in, got, want)
		}
	}
}
