package smtp

import (
	"context"
	"strings"
	"testing"

	"postern/backend/smtp/smtptest"
	"postern/message"
)

// TestPreparedLost: a connection that was made ahead of its message, and that the server gives up before it comes, costs
// nothing but another one.
func TestPreparedLost(t *testing.T) {
	const hello = "S: 220 hi\nC: EHLO client.example.org\nS: 250-mail\n"
	const second = "* next\n" + hello + "S: 250 8BITMIME\nC: MAIL FROM:<ann@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nC: DATA\nS: 354 go\nC: [body]\nS: 250 queued\nC: QUIT\nS: 221 bye\n"
	for name, c := range map[string]struct {
		first  string
		expire bool
	}{
		"421, PIPELINING":    {"S: 250 PIPELINING\nS: 421 4.4.2 timeout exceeded\n* close\n", false},
		"421":                {"S: 250 8BITMIME\nS: 421 4.4.2 timeout exceeded\n* close\n", false},
		"closes, PIPELINING": {"S: 250 PIPELINING\n* close\n", false},
		"closes":             {"S: 250 8BITMIME\n* close\n", false},
		// What the server is told when the message takes too long for it to wait.
		"we give up":             {"S: 250 8BITMIME\nC: QUIT\nS: 221 bye\n", true},
		"we give up, PIPELINING": {"S: 250 PIPELINING\nC: QUIT\nS: 221 bye\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := smtptest.Serve(hello+c.first+second, nil)
			if err != nil {
				t.Fatal(err)
			}
			tr := &transport{keys: keys{Auth: "none", HELO: "client.example.org"}, servers: here(server.Port())}
			tr.Prepare()
			tr.Prepare() // once is enough
			a := tr.ahead
			<-a.done
			if c.expire {
				a.expire()
			}
			msg, err := message.Read(strings.NewReader("Subject: x\n\ntext\n"), message.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			statuses, err := tr.Send(context.Background(), &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, msg)
			if err != nil || statuses[0].Reply != "250 queued" {
				t.Errorf("%v, %v", statuses, err)
			}
			tr.Close()
			if _, err := server.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPreparedUnused: of a message that is not sent the server hears nothing but QUIT.
func TestPreparedUnused(t *testing.T) {
	server, err := smtptest.Serve("S: 220 hi\nC: EHLO client.example.org\nS: 250 mail\nC: QUIT\nS: 221 bye\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &transport{keys: keys{Auth: "none", HELO: "client.example.org"}, servers: here(server.Port())}
	tr.Prepare()
	<-tr.ahead.done
	tr.Close()
	tr.Close()
	if _, err := server.Wait(); err != nil {
		t.Error(err)
	}
}
