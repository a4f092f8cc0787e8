package smtp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// recorder is a connection that keeps what is written to it, and never says anything.
type recorder struct {
	net.Conn
	said bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error)      { return r.said.Write(p) }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }

// slices reads at most n octets at a time.
type slicesOf struct {
	io.Reader
	n int
}

func (s slicesOf) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), s.n)]) }

// written is what the writer makes of a message, as DATA or BDAT has it.
func written(text string, cut int, dots bool) string {
	var out recorder
	var f flight
	body := slicesOf{strings.NewReader(text), cut}
	if dots {
		f.data(body, int64(len(text)), 1)
	} else {
		f.chunk(body, int64(len(text)), 1)
	}
	f.command(quitCommand)
	c := newConn(&out, dialogue{}, 0)
	c.launch(f)
	if c.failed != nil {
		panic(c.failed)
	}
	return out.said.String()
}

// FuzzWriter checks DATA against the definition of dot-stuffing (RFC 5321 section 4.5.2) and against BDAT, however the
// text is cut.
func FuzzWriter(f *testing.F) {
	f.Add("a\n.b\n..\n", 3)
	f.Add(".\n.\n.", 1)
	f.Add("x.y\n.z", 4)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		// What message gives: CR and LF only together, and a line end last.
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r", ""), "\n", "\r\n") + "\r\n"
		if len(text) > block/4 {
			return
		}
		cut = 1 + max(cut, -cut, 0)%len(text)
		var want strings.Builder
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, ".") {
				want.WriteByte('.')
			}
			want.WriteString(line)
		}
		got, ok := strings.CutSuffix(written(text, cut, true), ".\r\nQUIT\r\n")
		if !ok || got != want.String() {
			t.Fatalf("%q cut at %d: got %q, want %q", text, cut, got, want.String())
		}
		if strings.HasPrefix(got, ".\r\n") || strings.Contains(got, "\r\n.\r\n") {
			t.Fatalf("%q has an end of data: %q", text, got)
		}
		head, chunk, _ := strings.Cut(written(text, cut, false), "\r\n")
		if want := "BDAT " + strconv.Itoa(len(text)) + " LAST"; head != want || chunk != text+"QUIT\r\n" {
			t.Fatalf("%q: %q and %q", text, head, chunk)
		}
	})
}

// TestBlocks: a dot that begins a line is doubled wherever the ends of the blocks come to lie.
func TestBlocks(t *testing.T) {
	for shift := range 8 {
		text := strings.Repeat("x", shift) + "\r\n" + strings.Repeat(".\r\n..\r\nabc.\r\n", block/4)
		want := strings.ReplaceAll(text, "\n.", "\n..") + ".\r\nQUIT\r\n"
		client, server := net.Pipe()
		c := newConn(client, dialogue{}, 0)
		c.answered = 1
		got := make(chan string, 1)
		go func() {
			all, _ := io.ReadAll(io.LimitReader(server, int64(len(want))))
			got <- string(all)
			server.Close()
		}()
		var f flight
		f.data(strings.NewReader(text), int64(len(text)), 1)
		f.command(quitCommand)
		c.launch(f)
		if _, err := c.receive(stageDot); err == nil {
			t.Error("a reply")
		}
		if <-got != want {
			t.Errorf("shifted by %d: the wire differs", shift)
		}
		c.close()
	}
}

// TestUnreadable: a message that can't be read to its end, or has more or less than it should, never gets its dot.
func TestUnreadable(t *testing.T) {
	const text = "x\r\n"
	for name, c := range map[string]struct {
		body io.Reader
		size int
	}{
		"broken":    {io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("disk gone"))), 100},
		"too short": {strings.NewReader(text), 100},
		"too long":  {strings.NewReader(text + text), len(text)},
		"long":      {io.MultiReader(strings.NewReader(strings.Repeat(text, block)), iotest.ErrReader(errors.New("disk gone"))), 1 << 30},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := net.Pipe()
			var heard bytes.Buffer
			ended := make(chan struct{})
			go func() {
				_, _ = io.Copy(&heard, server)
				close(ended)
			}()
			con := newConn(client, dialogue{}, 0)
			con.answered = 1
			var f flight
			f.data(c.body, int64(c.size), 1)
			f.command(quitCommand)
			con.launch(f)
			_, err := con.receive(stageDot)
			var unread readError
			if !errors.As(err, &unread) {
				t.Errorf("error %v", err)
			}
			con.close()
			<-ended
			if strings.HasSuffix(heard.String(), ".\r\n") || strings.Contains(heard.String(), "QUIT") {
				t.Errorf("the server got an end")
			}
		})
	}
}

// short is a connection that takes some octets and then fails.
type short struct {
	recorder
	takes int
}

func (s *short) Write(p []byte) (int, error) {
	if len(p) <= s.takes {
		return len(p), nil
	}
	return s.takes, errors.New("broken")
}

// TestMayHaveLeft: the server may have a message when its dot has left, whatever becomes of the QUIT behind it.
func TestMayHaveLeft(t *testing.T) {
	const text = "x\r\n"
	for takes := range len(text+".\r\nQUIT\r\n") + 1 {
		c := newConn(&short{takes: takes}, dialogue{}, 0)
		c.answered = 1
		var f flight
		f.data(strings.NewReader(text), int64(len(text)), 1)
		f.command(quitCommand)
		c.launch(f)
		if got, want := c.mayHaveLeft(1), takes >= len(text+".\r\n"); got != want {
			t.Errorf("%d octets have left: %v", takes, got)
		}
	}
}
