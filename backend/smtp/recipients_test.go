package smtp

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"postern/backend"
	"postern/message"
)

// limited is a server that takes limit recipients in a transaction and forgives overshoot beyond them; then each is an
// error, and it closes after 20: Postfix with smtpd_recipient_limit, smtpd_recipient_overshoot_limit and
// smtpd_hard_error_limit. offered counts RCPT.
func limited(t testing.TB, limit, overshoot int) (port int, offered *atomic.Int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	offered = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveLimited(c, limit, overshoot, offered)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, offered
}

func serveLimited(c net.Conn, limit, overshoot int, offered *atomic.Int64) {
	defer c.Close()
	r, w := bufio.NewReader(c), bufio.NewWriter(c)
	fmt.Fprint(w, "220 hi\r\n")
	taken, over, faults, inMessage := 0, 0, 0, false
	for {
		if r.Buffered() == 0 {
			w.Flush()
		}
		line, err := r.ReadString('\n')
		switch {
		case err != nil:
			return
		case inMessage && line == ".\r\n":
			inMessage = false
			fmt.Fprint(w, "250 2.0.0 queued\r\n")
		case inMessage:
		case strings.HasPrefix(line, "EHLO "):
			fmt.Fprint(w, "250-mail\r\n250 PIPELINING\r\n")
		case strings.HasPrefix(line, "MAIL "), line == "RSET\r\n":
			taken, over = 0, 0
			fmt.Fprint(w, "250 2.1.0 ok\r\n")
		case strings.HasPrefix(line, "RCPT "):
			offered.Add(1)
			if taken < limit {
				taken++
				fmt.Fprint(w, "250 2.1.5 ok\r\n")
				continue
			}
			if over++; over > overshoot {
				faults++
			}
			if faults > 20 {
				fmt.Fprint(w, "421 4.7.0 too many errors\r\n")
				w.Flush()
				return
			}
			fmt.Fprint(w, "452 4.5.3 too many recipients\r\n")
		case line == "DATA\r\n":
			inMessage = true
			fmt.Fprint(w, "354 go on\r\n")
		default:
			fmt.Fprint(w, "221 bye\r\n")
			w.Flush()
			return
		}
	}
}

// TestLimitedServers: as many recipients as one likes have the message, whatever the server takes at a time, and each is
// offered about once.
func TestLimitedServers(t *testing.T) {
	const many = 10_000
	for name, c := range map[string]struct {
		limit, overshoot int
		atMost           int64 // RCPT
	}{
		"a thousand at a time, as Postfix":   {1000, 1000, many},
		"a hundred at a time, and patient":   {100, 1 << 30, many + maxRcpts},
		"no limit":                           {1 << 30, 0, many},
		"one at a time, after the first few": {1, 1 << 30, many + maxRcpts},
	} {
		t.Run(name, func(t *testing.T) {
			port, offered := limited(t, c.limit, c.overshoot)
			tr := &transport{keys: keys{Auth: "none", HELO: "client.example.org"}, servers: here(port)}
			env := &message.Envelope{From: "ann@example.org"}
			for i := range many {
				env.To = append(env.To, fmt.Sprintf("to%d@example.org", i))
			}
			msg, err := message.Read(strings.NewReader("Subject: x\n\ntext\n"), message.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			statuses, err := tr.Send(context.Background(), env, msg)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range statuses {
				if s.Err != nil || s.Reply == "" {
					t.Fatalf("%s: %v %q", s.Rcpt, s.Err, s.Reply)
				}
			}
			if offered.Load() > c.atMost {
				t.Errorf("%d RCPT for %d recipients", offered.Load(), many)
			}
		})
	}
}

// TestLongPath: A-labels can make an address longer than a command may be.
func TestLongPath(t *testing.T) {
	s := &session{transport: &transport{}}
	if p, err := s.path("recipient", "bob@"+strings.Repeat("ü.", 150)+"example"); err == nil || err.Kind != backend.Data {
		t.Errorf("%v, %v", p, err)
	}
}
