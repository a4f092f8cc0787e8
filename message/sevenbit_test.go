package message_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	gomessage "github.com/emersion/go-message"

	"postern/message"
)

// sevenBit converts text and checks what holds for every result.
func sevenBit(t *testing.T, text string) (string, error) {
	t.Helper()
	m := read(t, text, message.ReadOptions{})
	before := wire(t, m)
	out, err := m.SevenBit()
	if after := wire(t, m); after != before {
		t.Errorf("the message itself becomes %q", after)
	}
	if err != nil {
		return "", err
	}
	defer out.Close()
	got := wire(t, out)
	checkSevenBit(t, text, got, out)
	return got, nil
}

func checkSevenBit(t *testing.T, in, got string, out *message.Message) {
	t.Helper()
	for _, c := range []byte(got) {
		if c >= 0x80 {
			t.Fatalf("%q becomes %q: not 7-bit", in, got)
		}
	}
	if out.EightBit() {
		t.Errorf("%q: EightBit after SevenBit", in)
	}
	_, body, _ := strings.Cut("\r\n"+got, "\r\n\r\n")
	long := false
	for _, line := range strings.Split(body, "\r\n") {
		long = long || len(line) > 998
	}
	if unfit := long || strings.Contains(body, "\x00"); unfit != out.Unfit() {
		t.Fatalf("%q becomes %q: Unfit is %v", in, got, out.Unfit())
	}
	if !strings.HasSuffix(got, "\r\n") || strings.ContainsAny(strings.ReplaceAll(got, "\r\n", ""), "\r\n") {
		t.Fatalf("%q becomes %q", in, got)
	}
	again, err := message.Read(strings.NewReader(got), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if w := wire(t, again); w != got {
		t.Fatalf("%q becomes %q, read again %q", in, got, w)
	}
	twice, err := again.SevenBit()
	if err != nil {
		t.Fatalf("%q becomes %q, and that: %v", in, got, err)
	}
	defer twice.Close()
	if w := wire(t, twice); w != got {
		t.Fatalf("%q becomes %q, and that %q", in, got, w)
	}
}

// leaves are the decoded contents of a message's parts, in order, by the standard library.
func leaves(t *testing.T, header map[string][]string, body io.Reader) (all []string) {
	t.Helper()
	get := func(k string) string { return strings.Join(header[k], "") }
	kind, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return all
			}
			if err != nil {
				t.Fatal(err)
			}
			if kind == "multipart/digest" && p.Header.Get("Content-Type") == "" {
				p.Header.Set("Content-Type", "message/rfc822")
			}
			all = append(all, leaves(t, p.Header, p)...)
		}
	case kind == "message/rfc822":
		m, err := mail.ReadMessage(body)
		if err != nil {
			t.Fatal(err)
		}
		return leaves(t, m.Header, m.Body)
	}
	switch strings.ToLower(get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return []string{"!"} // as it came: not by the rules
	}
	return []string{string(data)}
}

func sameLeaves(t *testing.T, story, in, out string) {
	t.Helper()
	var got [2][]string
	for i, text := range []string{in, out} {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got[i] = leaves(t, m.Header, m.Body)
	}
	if len(got[0]) != len(got[1]) {
		t.Fatalf("%s: %d parts become %d", story, len(got[0]), len(got[1]))
	}
	for i := range got[0] {
		if a, b := got[0][i], got[1][i]; a != b && a != "!" && strings.TrimSuffix(a, "\r\n") != strings.TrimSuffix(b, "\r\n") {
			t.Errorf("%s: part %d is %.300q, was %.300q", story, i, b, a)
		}
	}
}

// TestSevenBitFiles has a message and what becomes of it in each file, with "=====" between them. The first line is
// the story.
func TestSevenBitFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/sevenbit/*.txt")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(data), "\n")
		in, want, _ := strings.Cut(text, "\n=====\n")
		in = strings.ReplaceAll(in+"\n", "\n", "\r\n")
		got, err := sevenBit(t, in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if os.Getenv("UPDATE") != "" {
			os.WriteFile(name, []byte(strings.ReplaceAll(string(data[:len(data)-len(want)])+got, "\r\n", "\n")), 0o644)
			continue
		}
		if got != strings.ReplaceAll(want, "\n", "\r\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		sameLeaves(t, name, in, got)
		if _, err := gomessage.Read(strings.NewReader(got)); err != nil && !gomessage.IsUnknownCharset(err) {
			t.Errorf("%s: go-message: %v", name, err)
		}
	}
}

// TestSevenBitRefused has what can't be converted, and what is left alone all the same.
func TestSevenBitRefused(t *testing.T) {
	signed := "MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=s\n\n--s\n\n%\n--s--\n"
	fill := func(text, with string) string { return strings.Replace(text, "%", with, 1) }
	for _, c := range []struct{ story, in, want string }{
		{"8-bit in a signed part", fill(signed, "ü"), "a signed part has 8-bit text, and converting it would break the signature"},
		{"overlong lines in a signed part", fill(signed, strings.Repeat("x", 1200)), ""},
		{"NUL in a signed part", fill(signed, "\x00"), ""},
		{"an encrypted part", "Content-Type: multipart/encrypted; boundary=e\n\n--e\n\nü\n", "a signed part has 8-bit text, and converting it would break the signature"},
		{"S/MIME", "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: binary\n\nü\n", "a signed part has 8-bit text, and converting it would break the signature"},
		{"a fragment", "Content-Type: message/partial; id=1\n\nü\n", "a part of type message/partial or message/external-body has 8-bit text, and must not be encoded"},
		{"no boundary", "Content-Type: multipart/mixed\n\nü\n", "a multipart without a boundary has 8-bit text"},
		{"a boundary that isn't ASCII", "Content-Type: multipart/mixed; boundary=ü\n\n--ü\n\nx\n--ü--\n", "a boundary has 8-bit text"},
		{"a boundary that never comes", "Content-Type: multipart/mixed; boundary=b\n\nü\n", "a multipart has 8-bit text or lines that are too long, and no parts"},
		{"an unknown encoding", "Content-Transfer-Encoding: X-UUENCODE\n\nü\n", "a part has 8-bit text or lines that are too long, and the encoding x-uuencode"},
		{"an address", "To: a@y, Jürgen <jürgen@example.org>\n\nx\n", "the address jürgen@example.org in To needs SMTPUTF8"},
		{"a bare address", "Cc: jürgen@example.org, a@y\n\nx\n", "the address jürgen@example.org in Cc needs SMTPUTF8"},
		{"a domain", "Resent-From: j@müller.example\n\nx\n", "the address j@müller.example in Resent-From needs SMTPUTF8"},
		{"a name that never ends", "To: \"Jürgen <j@y>\n\nx\n", "the field To has 8-bit text and can't be read: \"\\\"Jürgen <j@y>\""},
		{"a type", "Content-Type: text/grün\n\nx\n", "the field Content-Type has 8-bit text outside of a parameter's value"},
		{"a field of a part is encoded", "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: ü\n\nx\n--b--\n", ""},
		{"messages within messages", strings.Repeat("Content-Type: message/rfc822\n\n", 40) + "\nü\n", "the message has parts in over 32 levels"},
		{"parts without end", "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 10001), "the message has over 10000 parts"},
	} {
		_, err := sevenBit(t, c.in)
		var refused message.ConversionError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.story, err)
		case c.want != "" && (!errors.As(err, &refused) || err.Error() != c.want):
			t.Errorf("%s: got %v, want %s", c.story, err, c.want)
		}
	}
}

// TestUnfit has what no server has to take, at the edges and around the reader's buffer.
func TestUnfit(t *testing.T) {
	for _, c := range []struct {
		story, in string
		want      bool
	}{
		{"998 octets", strings.Repeat("x", 998) + "\n", false},
		{"999 octets", strings.Repeat("x", 999) + "\n", true},
		{"999 octets and no line end", strings.Repeat("x", 999), true},
		{"lines with bare CRs", strings.Repeat(strings.Repeat("x", 990)+"\r", 100), false},
		{"a long line of two that a CR parts", "x\r" + strings.Repeat("y", 999), true},
		{"NUL", "a\x00b\n", true},
		{"many lines", strings.Repeat("0123456789abcdef\n", 10000), false},
		{"8-bit is fit", "ü\n", false},
		{"a long line in the header is none", "", false},
	} {
		head := "A: " + strings.Repeat("x", 1200) + "\n\n"
		if got := read(t, head+c.in, message.ReadOptions{}).Unfit(); got != c.want {
			t.Errorf("%s: %v", c.story, got)
		}
	}
}

// TestSevenBitAroundBuffers has characters and delimiters at each side of the reader's buffer.
func TestSevenBitAroundBuffers(t *testing.T) {
	for _, kind := range []string{"text/plain; charset=utf-8", "application/octet-stream"} {
		for size := 64<<10 - 8; size <= 64<<10+2; size++ {
			for _, line := range []string{strings.Repeat("x", size), strings.Repeat("abc \n", size/5) + "yyyyy"[:size%5]} {
				in := strings.ReplaceAll("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "+
					kind+"\n\n"+line+"日本\n--b\n\nplain\n--b--\n", "\n", "\r\n")
				got, err := sevenBit(t, in)
				if err != nil {
					t.Fatal(err)
				}
				sameLeaves(t, kind, in, got)
			}
		}
	}
}

// TestSevenBitCharset tells UTF-8 from other text wherever the pieces are cut.
func TestSevenBitCharset(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{strings.Repeat("日", 1<<16) + "\n", "utf-8"},
		{"a" + strings.Repeat("日", 1<<16) + "\n", "utf-8"},
		{"aa" + strings.Repeat("日", 1<<16) + "\n", "utf-8"},
		{strings.Repeat("日", 1<<16) + "\xe6\n", "unknown-8bit"},
		{"\xe6\n\x97\xa5\n", "unknown-8bit"},
		{"\xe6\x97", "unknown-8bit"},
		{strings.Repeat("x", 64<<10-9) + "\xe6\n", "unknown-8bit"},
	} {
		got, err := sevenBit(t, "Subject: x\n\n"+c.body)
		if err != nil || !strings.Contains(got, "charset="+c.want+"\r\n") {
			t.Errorf("%.20q: %.200q, %v", c.body, got, err)
		}
	}
}

// TestSevenBitMemory converts a message that is much larger than what may stay in memory.
func TestSevenBitMemory(t *testing.T) {
	const size = 64 << 20
	for _, c := range []struct{ story, header, text string }{
		{"quoted-printable", "Subject: large\n\n", strings.Repeat("x", 61) + "ü\n"},
		{"base64", "Content-Type: image/png\n\n", "\xff\xfe" + strings.Repeat("x", 61) + "\n"},
		{"one line", "Subject: large\n\n", strings.Repeat("y", 1<<16)},
	} {
		m, err := message.Read(io.MultiReader(strings.NewReader(c.header), &endless{c.text, size}), message.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := m.SevenBit()
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 || out.Size() < size {
			t.Errorf("%s: %d octets allocated for a message of %d", c.story, used, out.Size())
		}
		m.Close()
		out.Close()
	}
}

// TestSevenBitNoRoom has no place for the temporary file any more.
func TestSevenBitNoRoom(t *testing.T) {
	m := read(t, "A: 1\n\n"+strings.Repeat("ü\n", 1<<16), message.ReadOptions{})
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	if _, err := m.SevenBit(); !errors.As(err, new(*message.SpoolError)) {
		t.Errorf("got %v, want a *SpoolError", err)
	}
}

// FuzzSevenBit checks what holds for every message that can be converted, see checkSevenBit.
func FuzzSevenBit(f *testing.F) {
	files, _ := filepath.Glob("testdata/sevenbit/*.txt")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		_, data, _ = bytes.Cut(data, []byte("\n"))
		data, _, _ = bytes.Cut(data, []byte("\n=====\n"))
		f.Add(data)
	}
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n--b\n \xff\n--b--"))
	f.Add([]byte("To: [(] \xff <a@y>\n\n\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := message.Read(bytes.NewReader(in), message.ReadOptions{})
		if err != nil {
			return
		}
		defer m.Close()
		out, err := m.SevenBit()
		if err != nil {
			if !errors.As(err, new(message.ConversionError)) && !errors.As(err, new(message.HeaderError)) {
				t.Fatalf("%q: %v", in, err)
			}
			return
		}
		defer out.Close()
		checkSevenBit(t, string(in), wire(t, out), out)
	})
}
