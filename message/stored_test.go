package message

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStored: a message comes out of a store as it went in, with what was known of it.
func TestStored(t *testing.T) {
	long := strings.Repeat("X-Filler: 0123456789 0123456789 0123456789\n", 3000)
	for name, text := range map[string]string{
		"small":         "From: ann@example.org\nTo: bob@example.org\nSubject: x\n\nhi\n",
		"no body":       "From: ann@example.org\n\n",
		"no header":     "\nhi\n",
		"8-bit":         "Subject: x\n\ngr\xc3\xbc\xc3\x9fe\n",
		"NUL":           "Subject: x\n\na\x00b\n",
		"long line":     "Subject: x\n\n" + strings.Repeat("y", 2000) + "\n",
		"long header":   long + "\nhi\n",
		"spooled":       "Subject: x\n\n" + strings.Repeat("0123456789abcde\n", 20000),
		"resent":        "Resent-From: carol@example.org\nResent-To: dave@example.org\nFrom: ann@example.org\n\nhi\n",
		"edge of 4 KiB": "X: " + strings.Repeat("z", 900) + "\n" + strings.Repeat("Y: "+strings.Repeat("z", 500)+"\n", 6) + "\nhi\n",
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Read(strings.NewReader(text), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			whole, _ := io.ReadAll(m.Open())
			f, err := os.Create(filepath.Join(t.TempDir(), "m"))
			if err != nil {
				t.Fatal(err)
			}
			const before = "{} \n"
			if _, err := io.Copy(f, io.MultiReader(strings.NewReader(before), m.Open())); err != nil {
				t.Fatal(err)
			}
			got, err := Stored(f, int64(len(before)), m.Size(), m.Traits())
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				again, err := io.ReadAll(got.Open())
				if err != nil || !bytes.Equal(again, whole) {
					t.Errorf("%v: %.200q", err, again)
				}
			}
			if got.Size() != m.Size() || got.EightBit() != m.EightBit() || got.Unfit() != m.Unfit() || got.HasNUL() != m.HasNUL() || got.SentAgain() != m.SentAgain() {
				t.Error("not what it was")
			}
			if err := got.Close(); err != nil {
				t.Error(err)
			}
			if _, err := f.Stat(); err == nil {
				t.Error("the store is still open")
			}
		})
	}
	for name, text := range map[string]string{"no blank line": "Subject: x\r\n", "nothing": "", "LF alone": "Subject: x\n\nhi\n"} {
		if m, err := Stored(kept{strings.NewReader(text)}, 0, int64(len(text)), Traits{}); err == nil {
			t.Errorf("%s: %v", name, m.HeaderLines())
		}
	}
	if _, err := Stored(kept{strings.NewReader("Subject")}, 0, 100, Traits{}); err == nil {
		t.Error("a store that is cut off is none")
	}
}

type kept struct{ *strings.Reader }

func (kept) Close() error { return nil }
