package compose

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"postern/message"
)

// node is a part as Python's email package finds it.
type node struct {
	Type, Name, Disposition, ID, Text, SHA256 string
	Defects                                   []string
	Parts                                     []node
}

// TestPython has another parser, Python's, find the tree, the text, the names and the octets that went in.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	picture := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 3000)...)
	for i := range 3000 {
		picture[8+i] = byte(i * 7)
	}
	files := map[string]string{
		"Foto von Übersee.png": string(picture),
		"logo.gif":             "GIF89a logo",
		"Ein sehr langer Name für eine Datei, der in keine Zeile passt, mit Ümläuten, (Klammern); und \"mehr\" 2026.pdf": "%PDF-1.7 \x00\xff",
		"日本語の名前のファイル.txt": "日本語のテキスト\n二行目\n",
		"plain name.txt":  "one\ntwo\n",
		"mail.eml":        "Subject: inner\r\n\r\ntext\r\n",
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		return paths
	}
	long := "Ein sehr langer Name für eine Datei, der in keine Zeile passt, mit Ümläuten, (Klammern); und \"mehr\" 2026.pdf"
	text := "Grüße!\n\n[image: logo.gif] in the middle\n" + strings.Repeat("long ", 300) + "\n.\nFrom here\ntrailing \t\n"
	d := &Draft{
		From:        &message.Address{Name: "Jörg \"J\" Müller, Ümläut", Spec: "joerg@example.org"},
		To:          []message.Address{{Name: "Doe, John", Spec: "john@example.org"}, {Name: strings.Repeat("Ångström ", 12) + "Ö", Spec: "a@example.org"}, {Spec: "plain@example.org"}},
		Subject:     strings.Repeat("Überraschung für alle, ", 12) + "Ende 🎉",
		Text:        FromString("the text", text),
		Images:      in("Foto von Übersee.png", "logo.gif"),
		Attachments: in(long, "日本語の名前のファイル.txt", "plain name.txt", "mail.eml"),
	}
	out := written(t, d)
	wire(t, out)
	cmd := exec.Command(python, "testdata/tree.py")
	cmd.Stdin = strings.NewReader(out)
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	var got struct {
		Subject  string
		To, From [][2]string
		Defects  []string
		Root     node
	}
	if err := json.Unmarshal(said, &got); err != nil {
		t.Fatal(err)
	}
	if got.Subject != d.Subject || len(got.Defects) > 0 {
		t.Errorf("subject %q, defects %v", got.Subject, got.Defects)
	}
	if want := [][2]string{{d.From.Name, d.From.Spec}}; !reflect.DeepEqual(got.From, want) {
		t.Errorf("from %q", got.From)
	}
	for i := range got.To { // Python before 3.13 keeps the space between two encoded words of a name, which counts for nothing (RFC 2047 section 6.2)
		got.To[i][0] = strings.Join(strings.Fields(got.To[i][0]), " ")
	}
	if want := [][2]string{{d.To[0].Name, d.To[0].Spec}, {d.To[1].Name, d.To[1].Spec}, {"", d.To[2].Spec}}; !reflect.DeepEqual(got.To, want) {
		t.Errorf("to %q", got.To)
	}
	var shape func(n node) string
	shape = func(n node) string {
		if len(n.Defects) > 0 {
			t.Errorf("%s %s: %v", n.Type, n.Name, n.Defects)
		}
		if n.Parts == nil {
			return n.Type
		}
		var inner []string
		for _, p := range n.Parts {
			inner = append(inner, shape(p))
		}
		return n.Type + "(" + strings.Join(inner, " ") + ")"
	}
	if got := shape(got.Root); got != "multipart/mixed(multipart/alternative(text/plain multipart/related(text/html image/png image/gif)) application/pdf text/plain text/plain message/rfc822)" {
		t.Fatal(got)
	}
	alternative, files2 := got.Root.Parts[0], got.Root.Parts[1:]
	if got := strings.ReplaceAll(alternative.Parts[0].Text, "\r\n", "\n"); got != text {
		t.Errorf("the text is %q", got)
	}
	related := alternative.Parts[1].Parts
	for i, name := range []string{"Foto von Übersee.png", "logo.gif"} {
		image := related[1+i]
		if image.Name != name || image.SHA256 != sum(files[name]) || image.Disposition != "inline" {
			t.Errorf("%+v", image)
		}
		if strings.Count(related[0].Text, `src="cid:`+image.ID+`"`) != 1 {
			t.Errorf("%s is not in %s", image.ID, related[0].Text)
		}
	}
	for i, name := range []string{long, "日本語の名前のファイル.txt", "plain name.txt", "mail.eml"} {
		f := files2[i]
		if f.Name != name || f.Disposition != "attachment" {
			t.Errorf("%q, not %q; %s", f.Name, name, f.Disposition)
		}
	}
	if files2[0].SHA256 != sum(files[long]) || files2[3].Text != "inner" ||
		strings.ReplaceAll(files2[1].Text, "\r\n", "\n") != files["日本語の名前のファイル.txt"] || strings.ReplaceAll(files2[2].Text, "\r\n", "\n") != files["plain name.txt"] {
		t.Errorf("%+v", files2)
	}
}

func sum(data string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(data))) }
