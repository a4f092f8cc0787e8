package smtp

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"postern/backend"
	"postern/backend/smtp/smtptest"
	"postern/message"
)

const (
	hello = "S: 220 hi\nC: EHLO client.example.org\nS: 250-mail.example.org\nS: 250 8BITMIME\n"
	mail  = "C: MAIL FROM:<ann@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nC: DATA\nS: 354 go\nC: [body]\nS: 250 taken\nC: QUIT\n"
)

// TestPrepare: a connection made ahead of its message is as good as one made for it.
func TestPrepare(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		send   bool
		fails  string // how the message fails; empty: it does not
	}{
		"sent":            {hello + mail, true, ""},
		"closed":          {hello + "C: QUIT\n", false, ""},
		"refused":         {"S: 554 not you\nC: QUIT\n", true, "greeting: 554 not you"},
		"refused, closed": {"S: 554 not you\nC: QUIT\n", false, ""},
		"gone, closed":    {hello + "* close\n", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := smtptest.Serve(c.script, nil)
			if err != nil {
				t.Fatal(err)
			}
			tr := local25(server.Port())
			tr.Prepare()
			<-tr.ahead.done
			if c.send {
				sendTo25(t, tr, c.fails)
			}
			if err := tr.Close(); err != nil {
				t.Error(err)
			}
			if _, err := server.Wait(); err != nil && !strings.Contains(c.script, "close") { // a server that has closed hears nothing
				t.Error(err)
			}
		})
	}
}

// TestPrepareSilent: a server that says nothing keeps nobody from closing, and nobody from leaving.
func TestPrepareSilent(t *testing.T) {
	server, err := smtptest.Serve("* hangup\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := local25(server.Port())
	tr.Prepare()
	tr.Close()
	server.Abandon()

	if server, err = smtptest.Serve("* hangup\n", nil); err != nil {
		t.Fatal(err)
	}
	tr = local25(server.Port())
	tr.Prepare()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tr.Send(ctx, &message.Envelope{To: []string{"bob@example.org"}}, nil); err == nil || !backend.Temporary(err) {
		t.Errorf("error %v", err)
	}
	tr.Close()
	server.Abandon()
}

// TestPrepareNobody: that nobody is there is told by the message that follows.
func TestPrepareNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	tr := local25(port)
	tr.Prepare()
	sendTo25(t, tr, "connection refused")
	tr.Close()
}

func local25(port int) *transport {
	return &transport{
		keys: keys{Auth: "none"}, servers: here(port), surrounding: backend.Surroundings{Hostname: "client.example.org"},
	}
}

// here is the host list of a server that a test runs.
func here(port int) []server {
	return []server{{Host: "127.0.0.1", Port: port, name: "127.0.0.1", certificate: "127.0.0.1"}}
}

// sendTo25 sends a message, which has to fail as said.
func sendTo25(t *testing.T, tr *transport, fails string) {
	t.Helper()
	msg, err := message.Read(strings.NewReader("Subject: x\n\nhi\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer msg.Close()
	statuses, err := tr.Send(context.Background(), &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, msg)
	for _, st := range statuses {
		err = errors.Join(err, st.Err)
	}
	switch {
	case fails == "" && err != nil:
		t.Error(err)
	case fails != "" && (err == nil || !strings.Contains(err.Error(), fails)):
		t.Errorf("error %v, want %q", err, fails)
	}
}
