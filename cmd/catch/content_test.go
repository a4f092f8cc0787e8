package catch_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/rogpeppe/go-internal/txtar"

	"postern/cmd/catch"
)

var update = flag.Bool("update", false, "rewrite what is shown in testdata/*.txt")

// TestShown sends each message of testdata to a server, and compares what a person is shown and what a program gets.
// The messages have Go's escapes, so that every octet of them can be seen.
func TestShown(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d messages: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			shown, record := show(t, unescape(archive.Files[0].Data))
			got := &txtar.Archive{Comment: archive.Comment, Files: []txtar.File{archive.Files[0], {Name: "shown", Data: shown}, {Name: "record", Data: record}}}
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if text := txtar.Format(got); !bytes.Equal(text, want) {
				t.Errorf("not as in the file; -update rewrites it:\n%s", text)
			}
		})
	}
}

// unescape has the octets of a message: its line ends become CRLF, and \xHH is an octet.
func unescape(text []byte) string {
	octet := regexp.MustCompile(`\\x[0-9a-f]{2}`)
	return octet.ReplaceAllStringFunc(strings.ReplaceAll(string(text), "\n", "\r\n"), func(s string) string {
		var b [1]byte
		for _, c := range s[2:] {
			b[0] = b[0]<<4 | byte(strings.IndexRune("0123456789abcdef", c))
		}
		return string(b[:])
	})
}

// show is what a server tells of a message, without what differs each time.
func show(t *testing.T, message string) (shown, record []byte) {
	t.Helper()
	var text, object bytes.Buffer
	s, err := catch.Listen("127.0.0.1:0", catch.Options{Show: func(e catch.Event) {
		if e.Message == nil {
			return
		}
		if err := e.Message.Write(&text, func(s string) string { return s }); err != nil {
			t.Error(err)
		}
		encoder := json.NewEncoder(&object)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(e.Record()); err != nil {
			t.Error(err)
		}
		object = *bytes.NewBufferString(catch.Printable(object.String()))
		if !json.Valid(object.Bytes()) {
			t.Errorf("no JSON: %s", &object)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	running := &trial{Server: s, ended: make(chan error, 1)}
	go func() { running.ended <- s.Serve(t.Context()) }()
	c := running.dial(t)
	c.say("", "220")
	c.say("EHLO me\n"+mail, "250", "250", "250")
	if _, err := c.Write([]byte("BDAT " + strconv.Itoa(len(message)) + " LAST\r\n" + message)); err != nil {
		t.Fatal(err)
	}
	c.say("", "250")
	s.Close()
	<-running.ended
	for _, varies := range []struct{ pattern, to string }{
		{`(message 1), [0-9:]+, from [0-9.:]+`, "$1, TIME, from CLIENT"},
		{`"(time|client)": "[^"]*"`, `"$1": "-"`},
	} {
		pattern := regexp.MustCompile(varies.pattern)
		shown = pattern.ReplaceAll(text.Bytes(), []byte(varies.to))
		text = *bytes.NewBuffer(shown)
		record = pattern.ReplaceAll(object.Bytes(), []byte(varies.to))
		object = *bytes.NewBuffer(record)
	}
	return shown, record
}

// FuzzRead: whatever comes, a message is shown in bounded length, and a terminal is safe from it.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(unescape(archive.Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, message string) {
		c := catch.Read(strings.NewReader(message))
		if len(c.Text) > 4*(64<<10) || len(c.Attachments) > 501 {
			t.Fatalf("%d octets of text, %d attachments", len(c.Text), len(c.Attachments))
		}
		for _, text := range []string{c.Text, c.Trouble} {
			for _, r := range catch.Printable(text) {
				if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
					t.Fatalf("%q is shown", r)
				}
			}
		}
	})
}
