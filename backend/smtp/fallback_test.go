package smtp_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/backend"
	"postern/backend/smtp/smtptest"
	"postern/message"
)

const (
	hello   = "S: 220 hi\nC: EHLO client.example.org\n"
	deliver = "C: MAIL FROM:<ann@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nC: DATA\nS: 354 go on\nC: [body]\nS: 250 queued\nC: QUIT\nS: 221 bye\n"
	takes   = hello + "S: 250 mail.example.org\n" + deliver
)

// TestNextHost has two hosts: what has to happen at the first one for the second to be asked, and what must not.
func TestNextHost(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, id.Authority, 0o600); err != nil {
		t.Fatal(err)
	}
	plain := "backend = \"plain\"\n"
	tls := fmt.Sprintf("backend = \"tls\"\ntls = { ca = %q }\n", ca)
	starttls := fmt.Sprintf("backend = \"starttls\"\ntls = { ca = %q }\n", ca)
	signIn := plain + "user = \"ann\"\npassword = \"sesame open\"\n"
	const taken = "bob@example.org: taken, 250 queued\n"
	const starts = "S: 250-a\nS: 250 STARTTLS\nC: STARTTLS\n"
	for _, c := range []struct{ name, keys, first, second, want string }{
		{"nobody listens", plain, "", takes, taken},
		{"421 greeting", plain, "S: 421 4.3.2 busy\n* hangup\n", takes, taken},
		{"450 greeting", plain, "S: 450 later\nC: QUIT\nS: 221 bye\n", takes, taken},
		{"lost before the greeting", plain, "* close\n", takes, taken},
		{"no SMTP", plain, "S: HTTP/1.1 400 Bad Request\n", takes, taken},
		{"421 to EHLO", plain, hello + "S: 421 bye\n* hangup\n", takes, taken},
		{"certificate of another", tls, "* tls elsewhere\n", "* tls good\n" + takes, taken},
		{"certificate expired", tls, "* tls expired\n", "* tls good\n" + takes, taken},
		{"no TLS there", tls, "S: 220 hi\n* anything\n", "* tls good\n" + takes, taken},
		{"lost in the handshake", tls, "* close\n", "* tls good\n" + takes, taken},
		{"STARTTLS for later", starttls, hello + starts + "S: 454 no key\nC: QUIT\nS: 221 bye\n", hello + starts + "S: 220 go\n* tls good\nC: EHLO client.example.org\nS: 250 a\n" + deliver, taken},
		{"no STARTTLS", starttls, hello + "S: 250 a\nC: QUIT\nS: 221 bye\n", hello + starts + "S: 220 go\n* tls good\nC: EHLO client.example.org\nS: 250 a\n" + deliver, taken},

		{"554 greeting", plain, "S: 554 no\nC: QUIT\nS: 221 bye\n", "", "all: refused, for good: FIRST: greeting: 554 no\n"},
		{"EHLO refused", plain, hello + "S: 554 no\nC: QUIT\nS: 221 bye\n", "", "all: refused, for good: FIRST: EHLO: 554 no\n"},
		{"sign-in refused", signIn, hello + "S: 250-a\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AGFubgBzZXNhbWUgb3Blbg==\nS: 535 no\nC: QUIT\nS: 221 bye\n", "", "all: denied, for good: FIRST: AUTH: 535 no\n"},
		{"sign-in for later", signIn, hello + "S: 250-a\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AGFubgBzZXNhbWUgb3Blbg==\nS: 454 later\nC: QUIT\nS: 221 bye\n", "", "all: again, for now: FIRST: AUTH: 454 later\n"},
		{"lost in the sign-in", signIn, hello + "S: 250-a\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AGFubgBzZXNhbWUgb3Blbg==\n* close\n", "", "all: again, for now: FIRST: AUTH: the connection was lost\n"},
		{"MAIL for later", plain, hello + "S: 250 a\nC: MAIL FROM:<ann@example.org>\nS: 451 later\nC: QUIT\nS: 221 bye\n", "", "bob@example.org: again, for now: FIRST: MAIL FROM:<ann@example.org>: 451 later\n"},

		{"both are down", plain, "", "* close\n", "all: again, for now: SECOND: greeting: the connection was lost; before that, FIRST: connect: FIRST: connection refused\n"},
		{"down, then a refusal", plain, "S: 421 busy\n* hangup\n", "S: 554 no\nC: QUIT\nS: 221 bye\n", "all: again, for now: SECOND: greeting: 554 no: before that, FIRST: greeting: 421 busy\n"},
		{
			"down, then no authorities", "backend = \"tls\"\ntls = { ca = \"/nowhere/ca.pem\" }\n", "", "* tls elsewhere\n",
			"all: config, for good: tls.ca: open /nowhere/ca.pem: no such file or directory; before that, FIRST: connect: FIRST: connection refused\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, second := serve(t, c.first, id), serve(t, c.second, id)
			got, shown := sendBy(t, fmt.Sprintf("host = [%q, %q]\n%s", first, second, c.keys))
			if got = strings.NewReplacer(first, "FIRST", second, "SECOND").Replace(got); got != c.want {
				t.Errorf("got  %swant %s\n%s", got, c.want, shown)
			}
			if note := "the next host is " + second + "\n"; strings.Contains(shown, note) != (c.second != "") {
				t.Errorf("the dialogue: %s", shown)
			}
			noSecrets(t, shown+got)
		})
	}
}

// serve plays a script, which the client has to follow, and gives the address. An empty script is an address where
// nobody listens.
func serve(t *testing.T, script string, id *smtptest.Identity) string {
	t.Helper()
	if script == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	server, err := smtptest.Serve(script, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := server.Wait(); err != nil && !strings.Contains(script, "* tls e") {
			t.Error(err)
		}
	})
	return server.Addr
}

// sendBy sends a small message by an account with keys, and tells the fates and the dialogue.
func sendBy(t *testing.T, keys string) (fates, dialogue string) {
	t.Helper()
	var shown lockedBuffer
	fates = sendWith(t, keys, backend.Surroundings{Hostname: "client.example.org", Dialogue: &shown})
	noSecrets(t, shown.String())
	return fates, shown.String()
}

// sendNameless does so on a host that has no name of its own.
func sendNameless(t *testing.T, keys string) (fates string) {
	t.Helper()
	var shown lockedBuffer
	return sendWith(t, "backend = \"plain\"\n"+keys, backend.Surroundings{Dialogue: &shown})
}

func sendWith(t *testing.T, keys string, s backend.Surroundings) (fates string) {
	t.Helper()
	transport := openAccount(t, keys, s)
	defer transport.Close()
	msg, err := message.Read(strings.NewReader("Subject: x\n\nx\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	statuses, err := transport.Send(context.Background(), &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, msg)
	fates = describe(statuses, err)
	noSecrets(t, fates)
	return fates
}
