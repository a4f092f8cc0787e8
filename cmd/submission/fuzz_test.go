package submission_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postern/cmd/submission"
	"postern/message"
)

var replyLine = regexp.MustCompile(`^[2-5][0-9][0-9][ -][^\x00-\x1f\x7f]*$`)

// FuzzServe: whatever comes, in reads of whatever size, each reply is one; a message in wire form is delivered; and a
// client that is gone at some place has had done what it would have seen done up to there, and nothing else.
func FuzzServe(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(readFuzz(data), uint16(7), uint16(100))
	}
	f.Fuzz(func(t *testing.T, in []byte, piece, cut uint16) {
		wire := func(msg *message.Message) {
			body, err := io.ReadAll(msg.Open())
			rest := strings.ReplaceAll(string(body), "\r\n", "")
			if err != nil || strings.ContainsAny(rest, "\r\n") || !strings.HasSuffix(string(body), "\r\n") || int64(len(body)) != msg.Size() {
				t.Fatalf("not in wire form: %q (%v)", body, err)
			}
		}
		play := func(r io.Reader) (string, string) {
			var out bytes.Buffer
			var d deliveries
			err := submission.Serve(r, &out, "here.example", func(env *message.Envelope, msg *message.Message) submission.Reply {
				wire(msg)
				return d.deliver(env, msg)
			})
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			return out.String(), d.text
		}
		replies, delivered := play(bytes.NewReader(in))
		for line := range strings.SplitSeq(strings.TrimSuffix(replies, "\r\n"), "\r\n") {
			if len(line) > 510 || !replyLine.MatchString(line) {
				t.Fatalf("the reply %q", line)
			}
		}
		if r, d := play(inPieces{bytes.NewReader(in), max(int(piece), 1)}); r != replies || d != delivered {
			t.Fatalf("%d octets a read: %q %q, else %q %q", piece, r, d, replies, delivered)
		}
		if r, d := play(bytes.NewReader(in[:min(int(cut), len(in))])); !strings.HasPrefix(replies, r) || !strings.HasPrefix(delivered, d) {
			t.Fatalf("%d octets alone: %q %q, else %q %q", cut, r, d, replies, delivered)
		}
	})
}

// readFuzz is what the client of a dialogue sends, as far as it is text.
func readFuzz(data []byte) []byte {
	var sent []byte
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "C: "); ok {
			sent = append(append(sent, strings.TrimSuffix(text, "\n")...), "\r\n"...)
		} else if text, ok := strings.CutPrefix(line, "L: "); ok {
			sent = append(sent, text...)
		}
	}
	return sent
}
