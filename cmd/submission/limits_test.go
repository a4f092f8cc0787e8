package submission_test

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"postern/cmd/submission"
	"postern/message"
)

// repeat gives a text n times, then what follows.
func repeat(text string, n int, then string) io.Reader {
	return io.MultiReader(&repeated{text: strings.Repeat(text, 1000), n: n / 1000}, strings.NewReader(then))
}

type repeated struct {
	text string
	n    int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// TestMemory: neither a large message nor an endless line fills the memory.
func TestMemory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const line, size = "A line of text that has sixty-four octets with its line end...\r\n", 64 << 20
	count := size / len(line) / 1000 * 1000
	begin := "MAIL FROM:<>\r\nRCPT TO:<ann>\r\n"
	chunk := fmt.Sprintf("BDAT %d\r\n%s", 1000*len(line), strings.Repeat(line, 1000))
	for _, c := range []struct {
		story  string
		in     io.Reader
		octets int64
	}{
		{"DATA", io.MultiReader(strings.NewReader(begin+"DATA\r\n\r\n"), repeat(line, count, ".\r\nQUIT\r\n")), 2 + int64(count*len(line))},
		{"BDAT in one chunk", io.MultiReader(strings.NewReader(fmt.Sprintf("%sBDAT 2\r\n\r\nBDAT %d LAST\r\n", begin, count*len(line))), repeat(line, count, "QUIT\r\n")), 2 + int64(count*len(line))},
		{"BDAT in many", io.MultiReader(strings.NewReader(begin+"BDAT 2\r\n\r\n"), &repeated{text: chunk, n: count / 1000}, strings.NewReader("BDAT 0 LAST\r\nQUIT\r\n")), 2 + int64(count*len(line))},
		{"a line", repeat("0123456789", size/10, "\r\nQUIT\r\n"), 0},
	} {
		var octets int64
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := submission.Serve(c.in, io.Discard, "here.example", func(_ *message.Envelope, msg *message.Message) submission.Reply {
			octets = msg.Size()
			return submission.Reply{Code: 250, Status: "2.0.0", Lines: []string{"taken"}}
		})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err != nil || octets != c.octets || used > 3<<20 {
			t.Errorf("%s: %d octets delivered, want %d; %d allocated (%v)", c.story, octets, c.octets, used, err)
		}
	}
}

// TestManyRecipients: there is room for a large list, and an end to it.
func TestManyRecipients(t *testing.T) {
	var in strings.Builder
	in.WriteString("MAIL FROM:<>\n")
	for range 100001 {
		in.WriteString("RCPT TO:<ann>\n")
	}
	in.WriteString("DATA\n\n.\n")
	recipients := 0
	var out bytes.Buffer
	err := submission.Serve(strings.NewReader(in.String()), &out, "here.example", func(env *message.Envelope, _ *message.Message) submission.Reply {
		recipients = len(env.To)
		return submission.Reply{Code: 250, Lines: []string{"taken"}}
	})
	if err != nil || recipients != 100000 || strings.Count(out.String(), "\r\n452 4.5.3 ") != 1 {
		t.Errorf("%d recipients (%v)", recipients, err)
	}
}

// TestNoRoom: where the temporary file can't be, the message is refused for now, and the session goes on.
func TestNoRoom(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	large := "\r\n" + strings.Repeat("0123456789\r\n", 10000)
	for _, body := range []string{"DATA\r\n" + large + ".\r\n", fmt.Sprintf("BDAT %d LAST\r\n%s", len(large), large)} {
		replies, delivered, failure := serve(strings.NewReader("MAIL FROM:<>\r\nRCPT TO:<ann>\r\n" + body + "NOOP\r\nQUIT\r\n"))
		if !strings.Contains(replies, "\r\n452 4.3.1 ") || !strings.HasSuffix(replies, "\r\n250 2.0.0 ok\r\n221 2.0.0 bye\r\n") || delivered != "" || failure != "" {
			t.Errorf("%s\n%s\n%s", replies, delivered, failure)
		}
	}
}
