package compose

import (
	"mime"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"postern/message"
)

// FuzzCompose: whatever subject, name, text, file and file's name there are, the message is one that a server takes, and
// a reader finds the same in it; or the draft is refused.
func FuzzCompose(f *testing.F) {
	f.Add("Grüße", "Jörg \"J.\" Müller", "Zeile\n\n.dot\nFrom x\n", "Übersicht.pdf", []byte("%PDF"))
	f.Add(strings.Repeat("Schöne ", 40), "Doe, John", strings.Repeat("x", 2000), strings.Repeat("größer", 20)+".txt", []byte("a\r\nb"))
	f.Add("a\r\nBcc: b", "", "\xff", "a\nb", []byte{0, 1, 2})
	f.Add(strings.Repeat("x", 3000), "=?utf-8?q?x?=", "=20 \t\n", "a;b=\"c\".eml", []byte("Subject: x\n\n\xe4\n"))
	f.Fuzz(func(t *testing.T, subject, name, text, file string, data []byte) {
		base := baseName(file)
		path := filepath.Join(t.TempDir(), base)
		if os.WriteFile(path, data, 0o600) != nil || base == "." || base == ".." { // no name of a file's
			t.Skip()
		}
		d := &Draft{Subject: subject, To: []message.Address{{Name: name, Spec: "to@example.org"}}, Text: FromString("the text", text), Attachments: []string{path}, token: counting()}
		m, err := d.Compose()
		if err != nil {
			if ours := strings.HasPrefix(err.Error(), "the text ") || strings.HasPrefix(err.Error(), "the field To: "); !ours {
				t.Fatal(err)
			}
			return
		}
		defer m.Close()
		var out strings.Builder
		if err := m.Write(&out); err != nil {
			t.Fatal(err)
		}
		header, parts := leaves(t, out.String())
		if strings.EqualFold(filepath.Ext(base), ".eml") {
			wire(t, strings.Map(func(r rune) rune { return min(r, 'x') }, out.String()))
		} else {
			wire(t, out.String())
		}
		for key := range header {
			switch key {
			case "To", "Subject", "Mime-Version", "Content-Type", "Content-Transfer-Encoding":
			default:
				t.Errorf("a field %s", key)
			}
		}
		if utf8.ValidString(subject) && !strings.Contains(subject, "=?") {
			got, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
			if err != nil || oneLine(got) != oneLine(subject) {
				t.Errorf("the subject is %q (%v), not %q", got, err, oneLine(subject))
			}
		}
		if utf8.ValidString(name) && !strings.Contains(name, "=?") { // encoded words stay as somebody has made them
			list, err := header.AddressList("To")
			if err != nil || len(list) != 1 || list[0].Address != "to@example.org" || oneLine(list[0].Name) != oneLine(name) {
				t.Errorf("To is %v (%v), not %q", list, err, name)
			}
		}
		if len(parts) != 2 {
			t.Fatalf("%d parts", len(parts))
		}
		lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, string(byteOrderMark)))
		if got := asText(parts[0].data); got != lines {
			t.Errorf("the text is %q, not %q", got, lines)
		}
		if parts[1].name != base {
			t.Errorf("the file's name is %q, not %q", parts[1].name, base)
		}
		got := string(parts[1].data)
		if m.Root.Parts[1].text {
			got = asText(parts[1].data)
		}
		if got != string(data) && parts[1].kind != "message/rfc822" {
			t.Errorf("the file is %q, not %q", got, data)
		}
	})
}
