package smtp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"postern/backend"
	"postern/message"
)

// obeying is a server with CHUNKING that takes everything, and gives what it has got.
func obeying(c net.Conn, got chan<- string) {
	defer close(got)
	r := bufio.NewReader(c)
	fmt.Fprint(c, "220 hi\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			got <- line
			return
		}
		var size int64
		switch {
		case strings.HasPrefix(line, "EHLO "):
			fmt.Fprint(c, "250-a\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
		case strings.HasPrefix(line, "BDAT "):
			fmt.Sscanf(line, "BDAT %d LAST", &size)
			var body strings.Builder
			if _, err := io.CopyN(&body, r, size); err != nil {
				return
			}
			got <- body.String()
			fmt.Fprint(c, "250 queued\r\n")
		case strings.HasPrefix(line, "MAIL "), strings.HasPrefix(line, "RCPT "), line == "RSET\r\n", line == "QUIT\r\n":
			fmt.Fprint(c, "250 ok\r\n")
		default:
			got <- line
			return
		}
	}
}

// TestLongMessagesInARow: a flight that is still being written is not mixed with the next one, which may be ready as
// soon as the envelope is answered.
func TestLongMessagesInARow(t *testing.T) {
	client, server := net.Pipe()
	got := make(chan string, 10)
	go obeying(server, got)
	s := &session{transport: &transport{}, ctx: context.Background(), conn: newConn(client, dialogue{}, 0)}
	if err := s.greet(); err != nil {
		t.Fatal(err)
	}
	var want []string
	fates := ""
	s.run(&mailbag{next: func() *backend.Item {
		if len(want) == 4 {
			return nil
		}
		text := "Subject: x\n\n" + strings.Repeat(fmt.Sprintf("a line of message %d\n", len(want)), 20_000)
		want = append(want, strings.ReplaceAll(text, "\n", "\r\n"))
		msg, err := message.Read(strings.NewReader(text), message.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return &backend.Item{Env: &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, Msg: msg, Done: func(s []backend.Status, err error) {
			msg.Close()
			if err == nil {
				err = s[0].Err
			}
			fates += fmt.Sprint(err, ";")
		}}
	}})
	if fates != strings.Repeat("<nil>;", len(want)) {
		t.Error(fates)
	}
	for i, w := range want {
		if g := <-got; g != w {
			t.Errorf("message %d differs: %d octets of %d", i, len(g), len(w))
		}
	}
}

// TestForNobody: a message without recipients is at its end at once, and no server hears of it.
func TestForNobody(t *testing.T) {
	told := 0
	item := &backend.Item{Env: &message.Envelope{From: "ann@example.org"}, Done: func(s []backend.Status, err error) {
		if told++; len(s) > 0 || err != nil {
			t.Errorf("%v, %v", s, err)
		}
	}}
	tr := &transport{servers: []server{{Host: "nowhere.invalid", name: "nowhere.invalid"}}}
	err := tr.SendEach(context.Background(), func() *backend.Item {
		now := item
		item = nil
		return now
	})
	if err != nil || told != 1 {
		t.Errorf("%v, told %d times", err, told)
	}
}
