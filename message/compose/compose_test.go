package compose

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what came of testdata/golden into it")

// counting makes tokens that are the same in each run.
func counting() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("TOKEN%d", n)
	}
}

// draftOf reads a draft: lines of "key value", and the files that they name.
func draftOf(t *testing.T, dir, lines string) *Draft {
	t.Helper()
	d := &Draft{token: counting()}
	file := func(name string) *Source {
		s, err := FromFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for line := range strings.Lines(lines) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "subject":
			d.Subject = value
		case "text":
			d.Text = file(value)
		case "html":
			d.HTML, d.Folder = file(value), dir
		case "image":
			d.Images = append(d.Images, filepath.Join(dir, value))
		case "attach":
			d.Attachments = append(d.Attachments, filepath.Join(dir, value))
		case "field":
			f, err := ParseField(value)
			if err == nil {
				err = d.Add(f)
			}
			if err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("%q", line)
		}
	}
	return d
}

// written is the message that a draft makes.
func written(t testing.TB, d *Draft) string {
	t.Helper()
	m, err := d.Compose()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var out bytes.Buffer
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestGolden: messages as they go out; -update writes them anew.
func TestGolden(t *testing.T) {
	scripts, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(scripts) < 5 {
		t.Fatal(scripts, err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(script)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			draft, want := "", -1
			for i, f := range archive.Files {
				switch f.Name {
				case "draft":
					draft = string(f.Data)
				case "want":
					want = i
				default:
					if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			got := written(t, draftOf(t, dir, draft))
			wire(t, got)
			got = strings.ReplaceAll(got, "\r\n", "\n")
			if !strings.HasSuffix(got, "\n") {
				got += "\n"
			}
			if want < 0 {
				archive.Files = append(archive.Files, txtar.File{Name: "want"})
				want = len(archive.Files) - 1
			}
			if got == string(archive.Files[want].Data) {
				return
			}
			if !*update {
				t.Fatalf("got\n%s\nwant\n%s", got, archive.Files[want].Data)
			}
			archive.Files[want].Data = []byte(got)
			if err := os.WriteFile(script, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// wire holds a message against what a server takes: lines that end in CRLF, of 998 octets at most, in US-ASCII; header
// lines of 76 where they can be folded.
func wire(t testing.TB, text string) {
	t.Helper()
	rest := strings.ReplaceAll(text, "\r\n", "")
	if i := strings.IndexFunc(rest, func(r rune) bool { return r == '\r' || r == '\n' || r == 0 || r >= 0x80 }); i >= 0 {
		t.Errorf("octet %q is not 7-bit wire form", rest[i])
	}
	header := true
	for line := range strings.SplitSeq(text, "\r\n") {
		header = header && line != ""
		if len(line) > maxLine || header && len(line) > 76 && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, ": ") {
			t.Errorf("a line of %d octets: %.100q", len(line), line)
		}
	}
}

// TestRefused: what can't go is told of by name, before anything is sent.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"latin1": "Gr\xfc\xdfe\n", "nul": "a\x00b", "text.txt": "text", "page.html": `<img src="cid:gone.png"> x`, "lost.html": `<img src='lost.png'>`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	source := func(name string) *Source {
		s, err := FromFile(in(name))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		draft Draft
		want  string
	}{
		{Draft{Attachments: []string{in("nowhere")}}, "nowhere: no such file or directory"},
		{Draft{Attachments: []string{dir}}, ": is a folder"},
		{Draft{Images: []string{in("text.txt")}}, "text.txt is no image but text/plain: attach it"},
		{Draft{Images: []string{in("a.png")}}, "a.png: no such file or directory"},
		{Draft{Text: source("latin1")}, `latin1 is not UTF-8: convert it, as "iconv -f latin1 -t utf-8" does`},
		{Draft{Text: source("nul")}, "nul has NUL in it"},
		{Draft{HTML: source("page.html")}, "the HTML shows cid:gone.png, and no image has that name"},
		{Draft{HTML: source("lost.html")}, "the HTML shows lost.png, which is neither one of the images nor beside the page"},
		{Draft{HTML: FromString("page", `<img src="../a.png">`), Folder: dir}, "the HTML shows ../a.png, which is neither"},
		{Draft{HTML: FromString("page", `<img src="file:///a.png">`), Folder: dir}, "the HTML shows file:///a.png, which is neither"},
		{Draft{HTML: source("lost.html"), Folder: dir}, "lost.png: the HTML shows it, and it isn't there"},
		{Draft{Fields: []Field{{"X", "a\nBcc: b"}}}, "the field X: a line end or another control character"},
		{Draft{Fields: []Field{{"X Y", "a"}}}, "the field X Y: the name should be of printable characters"},
	} {
		m, err := c.draft.Compose()
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestNoReference: what a page says of src= in its text stays as it is, and needs no file; so does what a script's page shows.
func TestNoReference(t *testing.T) {
	for _, d := range []*Draft{
		{HTML: FromString("page", `<p title='a > b'>write src="lost.png" there</p>`)},
		{Text: FromString("page", `<p><img src="lost.png"></p>`), TextIsHTML: true},
	} {
		if got := written(t, d); !strings.Contains(got, ` src="lost.png"`) {
			t.Error(got)
		}
	}
}

// TestAdd: a field goes where the draft has a place for it, and what would break the message is refused.
func TestAdd(t *testing.T) {
	d := &Draft{}
	for _, text := range []string{"From: Ann <ann@example.org>", "To: a@x, b@x", "CC: c@x", "bcc: d@x", "Reply-To: e@x", "Subject: s", "X-A: 1", "X-A: 2", "Content-Type: text/html; charset=utf-8", "MIME-Version: 1.0"} {
		f, err := ParseField(text)
		if err == nil {
			err = d.Add(f)
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if d.From.Spec != "ann@example.org" || len(d.To) != 2 || len(d.Cc) != 1 || len(d.Bcc) != 1 || len(d.ReplyTo) != 1 || d.Subject != "s" || len(d.Fields) != 2 || !d.TextIsHTML {
		t.Errorf("%+v", d)
	}
	for _, text := range []string{"no field", "A B: x", "Resent-To: a@x", "Content-ID: <x>", "Received: x", "Subject: again", "From: a@x, b@x", "To: a@@x", "X: \xff", "Content-Type: image/png"} {
		f, err := ParseField(text)
		if err == nil {
			err = d.Add(f)
		}
		if err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if err := d.Add(Field{"Message-ID", "<1@x>"}); err != nil {
		t.Error(err)
	}
	if err := d.Add(Field{"Message-Id", "<2@x>"}); err == nil {
		t.Error("two of them")
	}
}

// TestChanged: a file that grows or changes while the message is written is told of, and nothing half goes out.
func TestChanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(file, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := (&Draft{Attachments: []string{file}}).Compose()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := os.WriteFile(file, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(&bytes.Buffer{}); err == nil || !strings.HasSuffix(err.Error(), "a.bin: it has changed while it was read") {
		t.Error(err)
	}
}

// TestPipe: what can be read but once is kept, a little of it in memory.
func TestPipe(t *testing.T) {
	for _, n := range []int{0, 10, inMemory, inMemory + 1, 3 * inMemory} {
		text := strings.Repeat("x", n)
		s, err := FromReader("pipe", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for range 2 {
			if got, err := s.whole(); err != nil || got != text {
				t.Errorf("%d: %d octets, %v", n, len(got), err)
			}
		}
	}
}

// TestPlainText: what readers without HTML see.
func TestPlainText(t *testing.T) {
	for page, want := range map[string]string{
		"<p>a &amp; b</p><p>c<br>d</p>":                                               "a & b\n\nc\nd\n",
		"<head><title>t</title><style>p {}</style></head><body>x <b>y</b>\n z</body>": "x y z\n",
		`<ul><li>1</li><li>2</li></ul>`:                                               "- 1\n- 2\n",
		`<a href="https://example.org">here</a> <img src="x" alt="a cat">`:            "here (https://example.org) [image: a cat]\n",
		`<a href="https://example.org">https://example.org</a>`:                       "https://example.org\n",
		"&uuml;&#252;&#xFC; &lt;b&gt; &unknown; &#0;":                                 "üüü <b> &unknown; &#0;\n",
		"": "\n",
	} {
		if got := plainText(page); got != want {
			t.Errorf("%q: %q, want %q", page, got, want)
		}
	}
}
