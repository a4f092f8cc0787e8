package message_test

import (
	"errors"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postern/message"
)

// model is what becomes of a message, as the package's documentation has it, written down a second time.
type model struct {
	fields  []string // in wire form, folded as they came
	body    string   // in wire form
	refused bool     // a field hides behind a carriage return
}

var (
	modelField   = regexp.MustCompile(`^[!-9;-~]+[ \t]*:`)
	modelHidden  = regexp.MustCompile(`\r[!-9;-~]+[ \t]*:`)
	modelMailbox = regexp.MustCompile(`^>?From .*\b[A-Z][a-z][a-z]\b.* \d\d:\d\d`)
	modelCR      = regexp.MustCompile(`\r+`)
)

// newModel works on the text as a whole: it is cut into lines, and each of them is looked at once.
func newModel(text string) (m model) {
	lines := strings.Split(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1] // the text ended with its last line
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], "\r")
	}
	for len(lines) > 0 && lines[0] != "" {
		line := lines[0]
		if marked, ok := strings.CutPrefix(line, "\ufeff"); ok && len(m.fields) == 0 {
			if modelField.MatchString(marked) || modelMailbox.MatchString(marked) {
				line = marked
			}
		}
		begins, goesOn := modelField.MatchString(line), len(m.fields) > 0 && strings.ContainsAny(line[:1], " \t")
		mailbox := modelMailbox.MatchString(line) && !begins
		if !begins && !goesOn && !mailbox && line[0] != '\r' {
			break
		}
		if modelHidden.MatchString(line) {
			return model{refused: true}
		}
		if !begins && !goesOn && !mailbox {
			break
		}
		wire := modelCR.ReplaceAllString(line, " ") + "\r\n"
		switch {
		case begins:
			m.fields = append(m.fields, wire)
		case goesOn:
			m.fields[len(m.fields)-1] += wire
		}
		lines = lines[1:]
	}
	if len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for _, line := range lines {
		m.body += modelCR.ReplaceAllString(line, "\r\n") + "\r\n"
	}
	return m
}

func (m model) wire() string {
	return strings.Join(m.fields, "") + "\r\n" + m.body
}

// nameOf is the name of a field, in lower case.
func nameOf(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimRight(name, " \t"))
}

// valueOf is the value of a field on one line.
func valueOf(field string) string {
	_, value, _ := strings.Cut(field, ":")
	return strings.ReplaceAll(value, "\r\n", "")
}

// TestCorpora reads the messages that Python's and Perl's mail modules are tested with.
func TestCorpora(t *testing.T) {
	mails := allMails(t)
	var seen struct{ refused, eightBit, lists, sameLists, recipients int }
	for _, name := range slices.Sorted(maps.Keys(mails)) {
		text := mails[name]
		want := newModel(text)
		m, err := message.Read(strings.NewReader(text), message.ReadOptions{})
		if errors.As(err, new(message.HeaderError)) && want.refused {
			seen.refused++
			continue
		}
		if err != nil || want.refused {
			t.Errorf("%s: to be refused: %v, error: %v", name, want.refused, err)
			continue
		}
		got := wire(t, m)
		sameText(t, name, got, want.wire())
		if m.EightBit() {
			seen.eightBit++
		}
		sameAgain(t, name, text, got)
		for _, field := range want.fields {
			if slices.Contains(addressFields, nameOf(field)) {
				seen.lists++
				if sameAddresses(t, name, valueOf(field)) {
					seen.sameLists++
				}
			}
		}
		seen.recipients += sameRecipients(t, name, m, want.fields)
		sameCompleted(t, name, m, want)
		m.Close()
	}
	t.Logf("%d messages: %+v", len(mails), seen)
}

var addressFields = []string{
	"from", "sender", "reply-to", "to", "cc", "bcc",
	"resent-from", "resent-sender", "resent-reply-to", "resent-to", "resent-cc", "resent-bcc",
}

// sameText compares two texts and shows where they part.
func sameText(t *testing.T, name, got, want string) {
	t.Helper()
	same := 0
	for same < min(len(got), len(want)) && got[same] == want[same] {
		same++
	}
	if got != want {
		t.Errorf("%s: octet %d: got %.80q, want %.80q", name, same, got[same:], want[same:])
	}
}

// sameAgain: the input in pieces gives the same, and so does the output when it is read itself.
func sameAgain(t *testing.T, name, in, out string) {
	t.Helper()
	inWireForm(t, name, out)
	for _, size := range []int{1, 2, 3, 7} {
		cut, err := message.Read(&pieces{[]byte(in), size}, message.ReadOptions{})
		if err != nil {
			t.Errorf("%s in pieces of %d: %v", name, size, err)
			continue
		}
		sameText(t, name+" in pieces", wire(t, cut), out)
		cut.Close()
	}
	again, err := message.Read(strings.NewReader(out), message.ReadOptions{})
	if err != nil {
		t.Errorf("%s read again: %v", name, err)
		return
	}
	sameText(t, name+" read again", wire(t, again), out)
	again.Close()
}

func inWireForm(t *testing.T, name, out string) {
	t.Helper()
	if strings.ContainsAny(strings.ReplaceAll(out, "\r\n", ""), "\r\n") || !strings.HasSuffix(out, "\r\n") {
		t.Errorf("%s: not in wire form: %.200q", name, out)
	}
}

// specs are addresses as net/mail spells them.
func specs(t *testing.T, addrs []message.Address) (list []string) {
	t.Helper()
	for _, a := range addrs {
		spec := a.Spec
		if parsed, err := mail.ParseAddress("<" + spec + ">"); err == nil {
			spec = parsed.Address
		}
		list = append(list, spec)
	}
	return list
}

// sameAddresses compares a list with what net/mail reads of it. It tells whether that reads it at all.
func sameAddresses(t *testing.T, name, list string) bool {
	t.Helper()
	parsed, err := mail.ParseAddressList(list)
	if err != nil {
		return false
	}
	addrs, errs := message.ParseAddresses(list)
	var want []string
	for _, p := range parsed {
		want = append(want, p.Address)
	}
	if got := specs(t, addrs); !slices.Equal(got, want) || len(errs) > 0 {
		t.Errorf("%s: %q: got %q, want %q (%v)", name, list, got, want, errs)
	}
	return true
}

// sameRecipients compares the recipients with those that net/mail reads, field by field. Where it can't read one of
// the fields, there may be more between those it has.
func sameRecipients(t *testing.T, name string, m *message.Message, fields []string) int {
	t.Helper()
	prefix, names := "", map[string]int{}
	for _, field := range fields {
		names[nameOf(field)]++
	}
	if names["resent-to"]+names["resent-cc"]+names["resent-bcc"] > 0 {
		prefix = "resent-"
		for field, n := range names {
			if n > 1 && strings.HasPrefix(field, prefix) {
				return 0 // more than one block: a table of TestRecipients has those
			}
		}
	}
	addrs, _ := m.Recipients()
	got, all := specs(t, addrs), true
	left := got
	for _, field := range fields {
		switch nameOf(field) {
		case prefix + "to", prefix + "cc", prefix + "bcc":
		default:
			continue
		}
		parsed, err := mail.ParseAddressList(valueOf(field))
		all = all && err == nil
		for _, p := range parsed {
			i := slices.Index(left, p.Address)
			if i < 0 {
				t.Errorf("%s: %s is not among the recipients %q, or not in order", name, p.Address, got)
				return 0
			}
			if left = left[i+1:]; all && i > 0 {
				t.Errorf("%s: recipients %q that net/mail doesn't read, before %s", name, got, p.Address)
			}
		}
	}
	if all && len(left) > 0 {
		t.Errorf("%s: recipients %q, of which net/mail doesn't read %q", name, got, left)
	}
	return len(got)
}

// sameCompleted completes the message: what was missing comes first, and of all the rest only the blind copies go.
func sameCompleted(t *testing.T, name string, m *message.Message, before model) {
	t.Helper()
	if err := m.Complete(defaults()); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	got := wire(t, m)
	header, body, _ := strings.Cut("\r\n"+got, "\r\n\r\n")
	sameText(t, name+", the completed one's body", body, before.body)
	fields := withoutTrace(wireFields(strings.TrimPrefix(header+"\r\n", "\r\n")))
	want := withoutBlind(withoutTrace(before.fields))
	added := []string{"resent-date", "resent-message-id", "resent-from", "date", "message-id", "from", "to"} // in this order
	for len(fields) > len(want) {
		i := slices.Index(added, nameOf(fields[0]))
		if i < 0 {
			t.Errorf("%s: %q is added on top of %.80q", name, fields[0], got)
			return
		}
		fields, added = fields[1:], added[i+1:]
	}
	for _, must := range []string{"date", "message-id", "from"} {
		if !slices.ContainsFunc(wireFields(strings.TrimPrefix(header+"\r\n", "\r\n")), func(f string) bool { return nameOf(f) == must }) {
			t.Errorf("%s: no %s in %.80q", name, must, got)
		}
	}
	sameText(t, name+", completed", refolded(fields), strings.ReplaceAll(refolded(want), "\x00", " "))
	inWireForm(t, name+", completed", got)
}

// refolded is the header with the fields that may be folded anew, for their length, on one line.
func refolded(fields []string) string {
	var b strings.Builder
	for _, f := range fields {
		if len(f) > 998 {
			f = strings.ReplaceAll(f, "\r\n", "")
		}
		b.WriteString(f)
	}
	return b.String()
}

// wireFields takes a header in wire form apart.
func wireFields(header string) (fields []string) {
	for line := range strings.Lines(header) {
		if len(fields) > 0 && strings.ContainsAny(line[:1], " \t") {
			fields[len(fields)-1] += line
		} else {
			fields = append(fields, line)
		}
	}
	return fields
}

func withoutBlind(fields []string) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool {
		return nameOf(f) == "bcc" || nameOf(f) == "resent-bcc"
	})
}

// withoutTrace leaves out Return-Path, which belongs to the mailbox a message lay in.
func withoutTrace(fields []string) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return nameOf(f) == "return-path" })
}

// FuzzComplete checks what Complete does to any header: no blind copy is left, however it is spelt, no other field is
// touched, and the wire form stays clean.
func FuzzComplete(f *testing.F) {
	for _, text := range []string{
		"From: a@y\nBcc: b@y,\n c@y\nbCC \t:d@y\nX-Bcc: stays\n\nBcc: body\n", "Resent-BCC:\n\n", "Date:\r\n \r\nMessage-ID:\r\rx\n", "text\n",
		"From a Thu Jan  1 00:00:00 1970\nReturn-Path: <x>\nTo: a@y\n", "\ufeffBcc: a@y\n\x00:\n", "X: 1\n \t\nBcc:b\n\t\n", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := message.Read(strings.NewReader(string(in)), message.ReadOptions{})
		if err != nil {
			return
		}
		defer m.Close()
		header, body, _ := strings.Cut("\r\n"+wire(t, m), "\r\n\r\n")
		before := model{fields: wireFields(strings.TrimPrefix(header+"\r\n", "\r\n")), body: body}
		sameCompleted(t, "the message", m, before)
		got := wire(t, m)
		header, _, _ = strings.Cut(got, "\r\n\r\n")
		if regexp.MustCompile(`(?im)^(resent-)?bcc[ \t]*:`).MatchString(header) {
			t.Errorf("%q: a blind copy in %q", in, header)
		}
		sameAgain(t, "the completed message", got, got)
	})
}
