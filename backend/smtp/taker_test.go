package smtp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/backend"
	"postern/message"
)

// taker is a server that reads a command, answers it, and reads the next: while nobody reads its answer, it reads
// nothing. It takes everything but refused recipients.
type taker struct {
	net.Conn
	r      *bufio.Reader
	offers []string
	refuse string // a recipient
	keep   int    // replies are kept back until so many more messages are there; 0: none are
	first  int    // messages before keep counts

	kept     strings.Builder
	replies  int
	rcpts    int
	messages []string
	octets   int // of chunks, also of one that never came whole
	odd      []string
}

// serve answers until the client leaves.
func (h *taker) serve() {
	defer h.Close()
	h.r = bufio.NewReaderSize(h.Conn, 4096)
	h.say("220 hi\r\n")
	for {
		line, err := h.r.ReadString('\n')
		if err != nil {
			return
		}
		verb, arg, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), " ")
		switch verb {
		case "EHLO":
			h.say("250-mail.example.org\r\n")
			for _, o := range h.offers {
				h.say("250-" + o + "\r\n")
			}
			h.say("250 8BITMIME\r\n")
		case "MAIL", "RSET":
			h.rcpts = 0
			h.answer("250 " + verb)
		case "RCPT":
			if h.refuse != "" && strings.Contains(arg, h.refuse) {
				h.answer("550 no such user")
				continue
			}
			h.rcpts++
			h.answer("250 RCPT " + strconv.Itoa(h.rcpts))
		case "DATA", "BDAT":
			if !h.message(verb, arg) {
				return
			}
		case "QUIT":
			h.answer("221 bye")
			h.release()
			return
		default:
			h.odd = append(h.odd, line)
			h.answer("500 what?")
		}
	}
}

// message reads one; ok is false when it does not come to its end.
func (h *taker) message(verb, arg string) (ok bool) {
	var body []byte
	if verb == "DATA" {
		h.answer("354 go")
		for {
			line, err := h.r.ReadString('\n')
			if err != nil {
				return false
			}
			if line == ".\r\n" {
				break
			}
			body = append(body, strings.TrimPrefix(line, ".")...)
		}
	} else {
		size, err := strconv.Atoi(strings.TrimSuffix(arg, " LAST"))
		if err != nil {
			h.odd = append(h.odd, arg)
			return false
		}
		body = make([]byte, size)
		n, err := io.ReadFull(h.r, body)
		h.octets += n
		if err != nil {
			return false
		}
	}
	if h.rcpts == 0 {
		h.answer("554 nobody to have it")
		return true
	}
	h.messages = append(h.messages, string(body))
	h.answer("250 message " + strconv.Itoa(len(h.messages)))
	if h.keep > 0 && len(h.messages)-h.first == h.keep {
		h.first = len(h.messages)
		h.release()
	}
	return true
}

// answer says a reply, or keeps it back.
func (h *taker) answer(text string) {
	h.replies++
	if h.keep > 0 && (h.first > 0 || h.replies > 2) { // the first envelope, without which no window opens
		h.kept.WriteString(text + "\r\n")
		return
	}
	h.say(text + "\r\n")
}

func (h *taker) release() {
	h.say(h.kept.String())
	h.kept.Reset()
}

func (h *taker) say(text string) { _, _ = io.WriteString(h.Conn, text) }

// call brings a session with h to the point of MAIL, over the two ends of a connection.
func (h *taker) call(t *testing.T, client, theirs net.Conn, k keys) (s *session, ended chan struct{}) {
	t.Helper()
	h.Conn, ended = theirs, make(chan struct{})
	go func() { h.serve(); close(ended) }()
	tr := &transport{keys: k, surrounding: backend.Surroundings{Hostname: "client.example.org"}}
	s = &session{transport: tr, server: server{Host: "mail.example.org"}, ctx: context.Background(), conn: newConn(client, dialogue{}, 20*time.Second)}
	if err := s.greet(); err != nil {
		t.Fatal(err)
	}
	return s, ended
}

// tcpPair is a connection on the loopback, with buffers of that many octets if it isn't 0.
func tcpPair(t *testing.T, buffers int) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{client, server} {
		if buffers == 0 {
			continue
		}
		if err := c.(*net.TCPConn).SetReadBuffer(buffers); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).SetWriteBuffer(buffers); err != nil {
			t.Fatal(err)
		}
	}
	return client, server
}

// post has the session carry n messages of size octets to recipients, and gives what became of each.
func post(t *testing.T, s *session, n, size, recipients int) (fates [][]backend.Status) {
	t.Helper()
	env := &message.Envelope{From: "ann@example.org"}
	for i := range recipients {
		env.To = append(env.To, fmt.Sprintf("to%d@example.org", i))
	}
	given := 0
	s.run(&mailbag{next: func() *backend.Item {
		if given == n {
			return nil
		}
		msg, err := message.Read(strings.NewReader(text(given, size)), message.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		place := len(fates)
		fates, given = append(fates, nil), given+1
		return &backend.Item{Env: env, Msg: msg, Done: func(statuses []backend.Status, err error) {
			if fates[place] != nil {
				t.Errorf("message %d is done twice", place)
			}
			fates[place] = append(statuses, backend.Status{Err: err})
			msg.Close()
		}}
	}})
	return fates
}

// text is a message of some size in wire form, with dots at the beginnings of its lines.
func text(number, size int) string {
	line := "." + strings.Repeat("a line of the message, ", 20) + "\r\n"
	return fmt.Sprintf("Subject: %d\r\n\r\n", number) + strings.Repeat(line, 1+size/len(line))
}

// allTaken tells where a fate is not that the server has the message.
func allTaken(t *testing.T, fates [][]backend.Status, n, recipients int) {
	t.Helper()
	if len(fates) != n {
		t.Errorf("%d messages were asked for, want %d", len(fates), n)
	}
	for i, statuses := range fates {
		if len(statuses) != recipients+1 {
			t.Fatalf("message %d: %v", i, statuses)
		}
		for _, st := range statuses {
			if st.Err != nil {
				t.Fatalf("message %d: %s: %v", i, st.Rcpt, st.Err)
			}
		}
	}
}

// complete tells where what the server has are not the messages, octet for octet.
func (h *taker) complete(t *testing.T, n, size int) {
	t.Helper()
	if len(h.odd) > 0 {
		t.Errorf("the server got %d odd commands, the first %.80q", len(h.odd), h.odd[0])
	}
	if len(h.messages) != n {
		t.Fatalf("the server has %d messages, want %d", len(h.messages), n)
	}
	for i, m := range h.messages {
		if m != text(i, size) {
			t.Errorf("message %d differs", i)
		}
	}
}
