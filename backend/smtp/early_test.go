package smtp

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestAnswersTooEarly: a positive reply that has come before the end of a message leaves is no answer to it.
func TestAnswersTooEarly(t *testing.T) {
	const size = 64 * block // so that the reply is read before the end is near
	for _, dots := range []bool{true, false} {
		for blocks := range 3 {
			client, server := net.Pipe()
			c := newConn(client, dialogue{}, 10*time.Second)
			c.answered = 1 // the greeting
			whole := make(chan bool, 1)
			go func() {
				defer server.Close()
				_, _ = io.CopyN(io.Discard, server, int64(blocks*block+100)) // a block has begun
				_, _ = io.WriteString(server, "250 early\r\n")
				rest, _ := io.ReadAll(server)
				whole <- len(rest)+blocks*block+100 >= size
			}()
			launchLong(c, size, dots)
			if r, err := c.receive(stageDot); err == nil {
				t.Errorf("dots %v, %d blocks: %v is the answer", dots, blocks, r)
			}
			c.close()
			if <-whole {
				t.Errorf("dots %v, %d blocks: the message went on to its end", dots, blocks)
			}
		}
	}
}

// launchLong launches a message of size octets, as DATA or BDAT has it.
func launchLong(c *conn, size int, dots bool) {
	var f flight
	body := strings.NewReader(strings.Repeat(strings.Repeat("x", 62)+"\r\n", size/64))
	if dots {
		f.data(body, int64(size), 1)
	} else {
		f.chunk(body, int64(size), 1)
	}
	c.launch(f)
}

// slow is a connection whose reader gets nothing before the writer waits for it or is through.
type slow struct {
	net.Conn
	c *conn
}

func (s *slow) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	for n > 0 {
		s.c.mu.Lock()
		ready := s.c.holding || !s.c.writing
		s.c.mu.Unlock()
		if ready {
			break
		}
		runtime.Gosched()
	}
	return n, err
}

// TestEarlyAndUnread: the same where the reply is there and has not been read yet when the end is to leave.
func TestEarlyAndUnread(t *testing.T) {
	for _, dots := range []bool{true, false} {
		client, server := net.Pipe()
		late := &slow{Conn: client}
		c := newConn(late, dialogue{}, 10*time.Second)
		late.c, c.answered = c, 1
		go func() {
			defer server.Close()
			_, _ = io.CopyN(io.Discard, server, block)
			_, _ = io.WriteString(server, "250 early\r\n")
			_, _ = io.Copy(io.Discard, server)
		}()
		const size = 5 * block
		launchLong(c, size, dots)
		if r, err := c.receive(stageDot); err == nil {
			t.Errorf("dots %v: %v is the answer", dots, r)
		}
		c.close()
	}
}

// TestNothingBehindAFailure: where a flight has not left whole, nothing leaves any more: it would be the message's rest.
func TestNothingBehindAFailure(t *testing.T) {
	const text = "one\r\ntwo\r\nthree\r\nfour\r\n"
	for takes := range len(text) {
		wire := &short{takes: takes}
		c := newConn(wire, dialogue{}, 0)
		c.answered = 1
		var f flight
		f.data(strings.NewReader(text), int64(len(text)), 1)
		c.launch(f)
		before := c.failed
		wire.takes = 1000 // it gets better
		c.send(quitCommand)
		if before == nil || c.failed == nil {
			t.Errorf("%d octets: %v, then %v", takes, before, c.failed)
		}
	}
}
