package smtp

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func same(s string) string { return s }

// TestReadReply has the forms of a reply. The result is code, status and text, or the error.
func TestReadReply(t *testing.T) {
	for in, want := range map[string]string{
		"250 ok\r\n":       "250 ok",
		"250\r\n":          "250",
		"250 \r\n":         "250",
		"250-\r\n250\r\n":  "250",
		"250 2.1.0 ok\r\n": "250 2.1.0 ok",
		"250-2.1.0 a\r\n250-2.1.0 b\r\n250 c\r\n": "250 2.1.0 a b c",
		"250 2.1.0\r\n":              "250 2.1.0",
		"550 5.7.26 long detail\r\n": "550 5.7.26 long detail",
		"550 4.2.1 other class\r\n":  "550 4.2.1 other class",
		"250 1.2.3 no class\r\n":     "250 1.2.3 no class",
		"250 2.1.0.4 no status\r\n":  "250 2.1.0.4 no status",
		"334 2.0.0\r\n":              "334 2.0.0",
		"250 ok\n":                   "250 ok",
		"250  a \t b\r\n":            "250 a b",
		"25\r\n":                     `! not an SMTP reply: "25"`,
		"\r\n":                       `! not an SMTP reply: ""`,
		"2500\r\n":                   `! not an SMTP reply: "2500"`,
		"250x\r\n":                   `! not an SMTP reply: "250x"`,
		"150 ok\r\n":                 `! not an SMTP reply: "150 ok"`,
		"999 ok\r\n":                 `! not an SMTP reply: "999 ok"`,
		"+250 ok\r\n":                `! not an SMTP reply: "+250 ok"`,
		"250-a\r\n251 b\r\n":         "! a reply with two codes, 250 and 251",
		"250 ok":                     "! EOF",
		"250-a\r\n250 b":             "! EOF",
		"":                           "! EOF",
	} {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(in), maxChallengeLine), same, func(string) {})
		got := r.String()
		if err != nil {
			got = "! " + err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestTemporary(t *testing.T) {
	for in, want := range map[string]bool{
		"450 x\r\n": true, "450 4.2.0 x\r\n": true, "450 5.1.1 x\r\n": true, "550 x\r\n": false, "550 5.1.1 x\r\n": false, "550 4.2.1 x\r\n": true, "354 x\r\n": true,
	} {
		r, err := readReply(bufio.NewReader(strings.NewReader(in)), same, func(string) {})
		if err != nil || r.temporary() != want {
			t.Errorf("%q: %v %v", in, r.temporary(), err)
		}
	}
}

// FuzzReadReply checks what holds for whatever a server sends: how it is split has no effect, what is not a whole
// reply is an error, and nothing that is shown can harm a terminal.
func FuzzReadReply(f *testing.F) {
	for _, in := range []string{"250 ok\r\n", "250-a\r\n250 b\r\n", "220\n", "250-2.0.0 x\r\n250", "\x1b[2J\r\n", "354 \xff\xfe\u202e\r\n", "2\x000 x\r\n"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		read := func(r io.Reader) (reply, []string, error) {
			var shown []string
			re, err := readReply(bufio.NewReaderSize(r, maxChallengeLine), same, func(line string) { shown = append(shown, line) })
			return re, shown, err
		}
		whole, shown, err := read(bytes.NewReader(in))
		bytewise, _, err2 := read(iotest.OneByteReader(bytes.NewReader(in)))
		if (err == nil) != (err2 == nil) || err == nil && whole.String() != bytewise.String() {
			t.Fatalf("%q: %v %v, octet by octet %v %v", in, whole, err, bytewise, err2)
		}
		if err == nil {
			last := bytes.LastIndexByte(in, '\n')
			if whole.code < 200 || whole.code > 599 || last < 0 {
				t.Fatalf("%q is no reply, and gives %v", in, whole)
			}
		}
		for _, line := range append(shown, whole.lines...) {
			for _, r := range line {
				if r < ' ' || r >= 0x7f && r < 0xa0 || isDirection(r) || r == utf8.RuneError {
					t.Fatalf("%q shows %q", in, line)
				}
			}
		}
	})
}

// TestCheckPath: what is not one path never gets into a command.
func TestCheckPath(t *testing.T) {
	for path, fine := range map[string]bool{
		"ann@example.org": true, `"a b"@x`: true, `"a> b"@x`: true, `"a\"b"@x`: true, `"a\\"@x`: true, "ann@[IPv6:2001:db8::1]": true, "": true, "postmaster": true,
		"a b@x": false, "a@x>": false, "<a@x": false, `"a\\"@x> SIZE=1`: false, `"a@x> SIZE=1`: false, "a@x\r\nRSET": false, "a@x\n": false, "a\x00@x": false,
		"\x7f@x": false, "ü@x": true, strings.Repeat("a", 600) + "@x": false,
	} {
		if err := checkPath(path); (err == nil) != fine {
			t.Errorf("%q: %v", path, err)
		}
	}
}
