package catch_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/cmd/catch"
)

// trial is a server with what it has told.
type trial struct {
	*catch.Server
	lock   sync.Mutex
	events []catch.Event
	bodies []string
	ended  chan error
}

func serve(t *testing.T, o catch.Options) *trial {
	t.Helper()
	s := &trial{ended: make(chan error, 1)}
	o.Show = func(e catch.Event) {
		s.lock.Lock()
		defer s.lock.Unlock()
		s.events = append(s.events, e)
		if e.Message != nil && e.Message.Size < 1<<20 {
			data, err := io.ReadAll(e.Message.Open())
			if err != nil {
				t.Error(err)
			}
			s.bodies = append(s.bodies, string(data))
		}
	}
	var err error
	if s.Server, err = catch.Listen("127.0.0.1:0", o); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() { s.ended <- s.Serve(ctx) }()
	t.Cleanup(stop)
	return s
}

// told are the events of a kind.
func (s *trial) told(kind string) (found []catch.Event) {
	s.lock.Lock()
	defer s.lock.Unlock()
	for _, e := range s.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// client speaks by hand.
type client struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (s *trial) dial(t *testing.T) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t, c, bufio.NewReader(c)}
}

// say sends text with CRLF, and wants a reply with each code in turn.
func (c *client) say(text string, codes ...string) {
	c.t.Helper()
	if text != "" {
		if _, err := io.WriteString(c, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, code := range codes {
		line := "   -"
		for len(line) > 3 && line[3] == '-' {
			var err error
			if line, err = c.in.ReadString('\n'); err != nil {
				c.t.Fatalf("%q: %v in place of %s", text, err, code)
			}
		}
		if !strings.HasPrefix(line, code) {
			c.t.Fatalf("%q: %q in place of %s", text, line, code)
		}
	}
}

// gone wants the connection closed.
func (c *client) gone() {
	c.t.Helper()
	if line, err := c.in.ReadString('\n'); err == nil {
		c.t.Fatalf("%q in place of the end", line)
	}
}
