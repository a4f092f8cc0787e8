package message_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"postern/message"
)

func read(t *testing.T, text string, o message.ReadOptions) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader(text), o)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func wire(t *testing.T, m *message.Message) string {
	t.Helper()
	data, err := io.ReadAll(m.Open())
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != m.Size() {
		t.Errorf("Size says %d, Open gives %d octets", m.Size(), len(data))
	}
	return string(data)
}

// TestRead has the wire form of messages as callers write them.
func TestRead(t *testing.T) {
	dots := message.ReadOptions{DotEnds: true}
	for _, c := range []struct {
		story, in string
		o         message.ReadOptions
		want      string
	}{
		{"line feeds", "A: 1\nB: 2\n\nbody\n", message.ReadOptions{}, "A: 1\r\nB: 2\r\n\r\nbody\r\n"},
		{"CRLF stays", "A: 1\r\n\r\nbody\r\n", message.ReadOptions{}, "A: 1\r\n\r\nbody\r\n"},
		{"mixed, as PHP's mail()", "A: 1\r\nB: 2\n\nbody\nmore\r\n", message.ReadOptions{}, "A: 1\r\nB: 2\r\n\r\nbody\r\nmore\r\n"},
		{"no final newline", "A: 1\n\nbody", message.ReadOptions{}, "A: 1\r\n\r\nbody\r\n"},
		{"header only", "A: 1\n", message.ReadOptions{}, "A: 1\r\n\r\n"},
		{"header only, no newline", "A: 1", message.ReadOptions{}, "A: 1\r\n\r\n"},
		{"nothing at all", "", message.ReadOptions{}, "\r\n"},
		{"text first is the body", "Hello there.\nBye.\n", message.ReadOptions{}, "\r\nHello there.\r\nBye.\r\n"},
		{"no blank line behind the header", "A: 1\nHello there.\n", message.ReadOptions{}, "A: 1\r\n\r\nHello there.\r\n"},
		{"a blank line first", "\nA: 1\n", message.ReadOptions{}, "\r\nA: 1\r\n"},
		{"folded fields as they are", "A: 1\n\t2\n  3\n\nx\n", message.ReadOptions{}, "A: 1\r\n\t2\r\n  3\r\n\r\nx\r\n"},
		{"white space first is body", " A: 1\n", message.ReadOptions{}, "\r\n A: 1\r\n"},
		{"odd spacing and case stay", "sUBJECT :  x \nX:y\n\n", message.ReadOptions{}, "sUBJECT :  x \r\nX:y\r\n\r\n"},
		{"a mailbox line", "From ann@example.org Thu Jan  1 00:00:00 1970\nA: 1\n\nx\n", message.ReadOptions{}, "A: 1\r\n\r\nx\r\n"},
		{"a quoted mailbox line", ">From ann@example.org Thu Jan  1 00:00:00 1970\nA: 1\n\nx\n", message.ReadOptions{}, "A: 1\r\n\r\nx\r\n"},
		{"text that begins with From", "From here on all is well\n", message.ReadOptions{}, "\r\nFrom here on all is well\r\n"},
		{"text with a time of day", "From 10:30 to 12:00 the host is down\n", message.ReadOptions{}, "\r\nFrom 10:30 to 12:00 the host is down\r\n"},
		{"a mailbox line behind a mark", "\xef\xbb\xbfFrom ann Thu Jan  1 00:00:00 1970\nA: 1\n\nx\n", message.ReadOptions{}, "A: 1\r\n\r\nx\r\n"},
		{"a mailbox line in the body", "A: 1\n\nFrom ann Thu Jan  1 00:00:00 1970\n", message.ReadOptions{}, "A: 1\r\n\r\nFrom ann Thu Jan  1 00:00:00 1970\r\n"},
		{"a bare CR in the body is a line end", "A: 1\n\n10%\r20%\r\r30%\n", message.ReadOptions{}, "A: 1\r\n\r\n10%\r\n20%\r\n30%\r\n"},
		{"a bare CR in the header is a space", "A: 1\r2\r\r3\n\nx\n", message.ReadOptions{}, "A: 1 2 3\r\n\r\nx\r\n"},
		{"a byte order mark", "\xef\xbb\xbfA: 1\n\nx\n", message.ReadOptions{}, "A: 1\r\n\r\nx\r\n"},
		{"a byte order mark before text", "\xef\xbb\xbfx\n", message.ReadOptions{}, "\r\n\xef\xbb\xbfx\r\n"},
		{"a quoted mailbox line in the header", "A: 1\n>From x Thu Jan  1 00:00:00 1970\nB: 2\n\nx\n", message.ReadOptions{}, "A: 1\r\nB: 2\r\n\r\nx\r\n"},
		{"CR CR LF is one line end", "A: 1\r\r\nB: 2\r\r\n\r\r\nx\r\r\n", message.ReadOptions{}, "A: 1\r\nB: 2\r\n\r\nx\r\n"},
		{"a CR at the end", "A: 1\n\nx\r", message.ReadOptions{}, "A: 1\r\n\r\nx\r\n"},
		{"NUL and 8-bit pass", "A: \xff\n\n\x00\xff\n", message.ReadOptions{}, "A: \xff\r\n\r\n\x00\xff\r\n"},
		{"with -i a dot is a dot", "A: 1\n\n.\n..\nx\n", message.ReadOptions{}, "A: 1\r\n\r\n.\r\n..\r\nx\r\n"},
		{"without -i a lone dot ends", "A: 1\n\nx\n.\ny\n", dots, "A: 1\r\n\r\nx\r\n"},
		{"a lone dot with CRLF", "A: 1\r\n\r\nx\r\n.\r\ny\r\n", dots, "A: 1\r\n\r\nx\r\n"},
		{"a lone dot at the end of input", "A: 1\n\nx\n.", dots, "A: 1\r\n\r\nx\r\n"},
		{"doubled dots are undone", "A: 1\n\n..\n..x\n.y\n...\n", dots, "A: 1\r\n\r\n.\r\n.x\r\n.y\r\n..\r\n"},
		{"a dot in the line is none", "A: 1\n\nx.\n x\n", dots, "A: 1\r\n\r\nx.\r\n x\r\n"},
		{"a lone dot in the header", "A: 1\n.\nB: 2\n", dots, "A: 1\r\n\r\n"},
		{"a dot between bare CRs ends nothing", "A: 1\n\nx\r.\ry\n", dots, "A: 1\r\n\r\nx\r\n.\r\ny\r\n"},
	} {
		if got := wire(t, read(t, c.in, c.o)); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.story, c.in, got, c.want)
		}
	}
}

// TestReadAroundBuffers puts every kind of line end on each side of the reader's buffer.
func TestReadAroundBuffers(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r\r\n", "\r", "\r\r", ""} {
		for size := 64<<10 - 4; size <= 64<<10+2; size++ {
			text := strings.Repeat("x", size)
			want := "A: 1\r\n\r\n" + text + "\r\n"
			if end != "" {
				want += "next\r\n"
			}
			in := "A: 1\n\n" + text + end
			if end != "" {
				in += "next\n"
			}
			if got := wire(t, read(t, in, message.ReadOptions{})); got != want {
				t.Fatalf("%d octets and %q: got %d octets, want %d", size, end, len(got), len(want))
			}
			atEnd := wire(t, read(t, "A: 1\n\n"+text+end, message.ReadOptions{}))
			if atEnd != "A: 1\r\n\r\n"+text+"\r\n" {
				t.Fatalf("%d octets and %q at the end: %d octets", size, end, len(atEnd))
			}
		}
	}
}

// TestLargeBody goes through the temporary file, which has no name.
func TestLargeBody(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	line := strings.Repeat("0123456789", 7) + "\n"
	body := strings.Repeat(line, 20000)
	m := read(t, "Subject: large\n\n"+body, message.ReadOptions{})
	want := "Subject: large\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n")
	for range 2 { // Open gives it as often as needed
		if got := wire(t, m); got != want {
			t.Fatalf("%d octets came back, want %d", len(got), len(want))
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("the temporary file has a name: %v", left)
	}
}

// TestNoRoom has no place for the temporary file: the message is not taken in part.
func TestNoRoom(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	_, err := message.Read(strings.NewReader("A: 1\n\n"+strings.Repeat("x\n", 1<<16)), message.ReadOptions{})
	var spool *message.SpoolError
	if !errors.As(err, &spool) {
		t.Errorf("got %v, want a *SpoolError", err)
	}
}

// TestReadError is a failure in the middle of the input, at each octet: never a shorter message.
func TestReadError(t *testing.T) {
	text := "A: 1\nB: 2\n\nbody\nmore\n"
	broken := errors.New("broken pipe")
	for n := range len(text) {
		in := io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(broken))
		_, err := message.Read(in, message.ReadOptions{})
		var read *message.ReadError
		if !errors.As(err, &read) || !errors.Is(err, broken) {
			t.Errorf("after %d octets: got %v, want a *ReadError", n, err)
		}
	}
}

func TestHeaderRefused(t *testing.T) {
	field := "X-Long: " + strings.Repeat("y", 990) + "\n"
	for _, in := range []string{
		strings.Repeat(field, message.MaxHeader/len(field)+1) + "\nbody\n",
		"X: " + strings.Repeat("y", message.MaxHeader+1) + "\n\nbody\n",
		"To: a@y\rBcc: eve@y\n\nbody\n",
		"To: a@y\n\rBcc: eve@y\n\nbody\n",
		"To: a@y\rSubject: all lines end so\r\rbody\r",
		strings.Repeat("X:\n", 10001) + "\nbody\n",
		"X: 1\n" + strings.Repeat(" folded\n", message.MaxHeader/8) + "\nbody\n",
	} {
		if _, err := message.Read(strings.NewReader(in), message.ReadOptions{}); !errors.As(err, new(message.HeaderError)) {
			t.Errorf("%d octets: got %v, want a HeaderError", len(in), err)
		}
	}
	read(t, strings.Repeat(field, 1000)+"\nbody\n", message.ReadOptions{}) // just under it
	read(t, strings.Repeat("z", 3*message.MaxHeader), message.ReadOptions{})
}

func TestEightBit(t *testing.T) {
	for text, want := range map[string]bool{
		"A: 1\n\nplain\n": false, "A: 1\n\nGr\xc3\xbc\n": true, "A: \xc3\xbc\n\nplain\n": true,
		"A: 1\n\n0123456789abcde\xff\n": true, "A: 1\n\n0123456\x7f\n": false,
	} {
		if got := read(t, text, message.ReadOptions{}).EightBit(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzRead checks what holds for every input: the wire form has no stray CR or LF, reading it again changes nothing,
// and how the input is cut into reads has no effect.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"A: 1\n\nbody\n", "A: 1\r\n\r\n.\r\n", "a\rb\r\nc\n\n.\n..\n", "From x Thu Jan 1 00:00 1970\nBcc: y\n z\n\n", "\r\r\n\r", ">From : 1:00\n", "B :\n:\n",
	} {
		f.Add([]byte(text), true, uint8(1))
		f.Add([]byte(text), false, uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, dots bool, split uint8) {
		o := message.ReadOptions{DotEnds: dots}
		m, err := message.Read(bytes.NewReader(in), o)
		if errors.As(err, new(message.HeaderError)) && bytes.Contains(in, []byte("\r")) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		defer m.Close()
		got := wire(t, m)
		if i := strings.IndexAny(strings.ReplaceAll(got, "\r\n", ""), "\r\n"); i >= 0 || !strings.HasSuffix(got, "\r\n") {
			t.Fatalf("%q becomes %q", in, got)
		}
		// Every octet but line ends is kept. Dots, mailbox lines and the byte order mark have their own tests.
		changes := o.DotEnds || bytes.Contains(in, []byte("From ")) || bytes.HasPrefix(in, []byte("\xef\xbb\xbf"))
		if !changes && letters(got) != letters(string(in)) {
			t.Fatalf("%q becomes %q", in, got)
		}
		again, err := message.Read(strings.NewReader(got), message.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if w := wire(t, again); w != got {
			t.Fatalf("%q becomes %q, and that becomes %q", in, got, w)
		}
		cut, err := message.Read(&pieces{in, int(split)%7 + 1}, o)
		if err != nil {
			t.Fatal(err)
		}
		defer cut.Close()
		if w := wire(t, cut); w != got {
			t.Fatalf("%q becomes %q, in pieces %q", in, got, w)
		}
	})
}

// letters is text without line ends and the spaces that stand in for them.
func letters(text string) string {
	return strings.NewReplacer("\r", "", "\n", "", " ", "").Replace(text)
}

// TestMemory reads a message that is much larger than what may stay in memory.
func TestMemory(t *testing.T) {
	const size = 64 << 20
	line := strings.Repeat("x", 63) + "\n"
	for _, text := range []string{line, strings.Repeat("y", 1<<16)} { // with lines, and one line without end
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := message.Read(io.MultiReader(strings.NewReader("Subject: large\n\n"), &endless{text, size}), message.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, m.Open())
		if err != nil || n < size || n != m.Size() {
			t.Errorf("%d octets of %d: %v", n, m.Size(), err)
		}
		m.Close()
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 3<<20 {
			t.Errorf("%d octets allocated for a message of %d", used, size)
		}
	}
}

// endless is a reader that repeats a text up to a size.
type endless struct {
	text string
	left int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), e.left)], e.text)
	e.left -= n
	return n, nil
}

// pieces is a reader that gives a few octets at a time.
type pieces struct {
	left []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[:min(p.size, len(p.left))])
	p.left = p.left[n:]
	return n, nil
}
