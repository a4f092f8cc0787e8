package smtp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foxcpp/go-mockdns"

	"postern/backend"
	"postern/backend/smtp/smtptest"
	"postern/conf"
	"postern/message"
)

// TestHosts has name lookups and hosts with several addresses, where the first that works is used.
func TestHosts(t *testing.T) {
	zones := map[string]mockdns.Zone{
		"two.example.org.":     {A: []string{"127.0.0.2", "127.0.0.1"}},
		"six.example.org.":     {A: []string{"127.0.0.1"}, AAAA: []string{"::1"}},
		"none.example.org.":    {A: []string{"127.0.0.2", "127.0.0.3"}},
		"broken.example.org.":  {Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}},
		"nowhere.example.org.": {},
	}
	dns, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	defer dns.Close()
	dns.PatchNet(net.DefaultResolver)
	defer mockdns.UnpatchNet(net.DefaultResolver)

	const script = "S: 220 hi\nC: EHLO client.example.org\nS: 250 mail.example.org\n" +
		"C: MAIL FROM:<ann@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nC: DATA\nS: 354 go on\nC: [body]\nS: 250 queued\nC: QUIT\nS: 221 bye\n"
	for _, c := range []struct{ host, script, want string }{
		{"two.example.org", script, "bob@example.org: taken, 250 queued\n"},
		{"six.example.org", script, "bob@example.org: taken, 250 queued\n"},
		{"127.0.0.1", script, "bob@example.org: taken, 250 queued\n"},
		// An address that greets with a refusal for now is passed over as well.
		{"two.example.org", "S: 421 busy\n* hangup\n", "all: again, for now: two.example.org: greeting: 421 busy: before that, connect: 127.0.0.2:PORT: connection refused\n"},
		{"none.example.org", "", "all: again, for now: none.example.org: connect: 127.0.0.3:PORT: connection refused; before that, connect: 127.0.0.2:PORT: connection refused\n"},
		{"broken.example.org", "", "all: again, for now: broken.example.org: name lookup: server misbehaving\n"},
		{"missing.example.org", "", "all: no host, for now: missing.example.org: name lookup: no such host\n"},
		{"nowhere.example.org", "", "all: no host, for now: nowhere.example.org: name lookup: no such host\n"},
	} {
		t.Run(c.host, func(t *testing.T) {
			server, err := smtptest.Serve(c.script, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := sendTo(t, fmt.Sprintf("host = %q\nport = %d\n", c.host, server.Port()))
			if c.script == "" {
				server.Abandon()
			} else if _, err := server.Wait(); err != nil {
				t.Error(err)
			}
			got = strings.ReplaceAll(got, fmt.Sprintf(":%d", server.Port()), ":PORT")
			if got != c.want {
				t.Errorf("got  %swant %s", got, c.want)
			}
		})
	}
}

// TestCancelled: a cancelled send breaks off, wherever it is, and is temporary; the server never sees the dot.
func TestCancelled(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"* connected", "C: EHLO", "C: STARTTLS", "* TLS", "C: MAIL", "C: DATA"} {
		t.Run(when, func(t *testing.T) {
			server, err := smtptest.Serve("S: 220 hi\nC: EHLO client.example.org\nS: 250-a\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n* tls good\n"+
				"C: EHLO client.example.org\nS: 250 a\nC: MAIL FROM:<ann@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nC: DATA\n* hangup\n", id)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			shown := writerFunc(func(p []byte) {
				if bytes.HasPrefix(p, []byte(when)) {
					cancel()
				}
			})
			cert, _ := id.Fingerprint("good")
			keys := fmt.Sprintf("backend = \"starttls\"\nhost = \"127.0.0.1\"\nport = %d\ntls = { pin = %q }\n", server.Port(), cert)
			transport := openAccount(t, keys, backend.Surroundings{Hostname: "client.example.org", Dialogue: shown})
			msg, err := message.Read(strings.NewReader("Subject: x\n\nx\n"), message.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				statuses, err := transport.Send(ctx, &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, msg)
				if err == nil {
					err = statuses[0].Err
				}
				ended <- err
			}()
			select {
			case err = <-ended:
			case <-time.After(10 * time.Second): // the stages' own limits are minutes
				t.Fatal("the send goes on")
			}
			var e *backend.Error
			if !errors.As(err, &e) || !backend.Temporary(err) || !strings.Contains(err.Error(), "interrupted") {
				t.Errorf("got %v", err)
			}
			server.Abandon() // how far it got is a matter of luck
		})
	}
}

// TestBody has what can happen in the middle of a body that is larger than any buffer, where the server goes on
// reading: the dialogues have the rest.
func TestBody(t *testing.T) {
	const before = "S: 220 hi\nC: EHLO client.example.org\nS: 250 mail.example.org\n" +
		"C: MAIL FROM:<ann@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nC: DATA\nS: 354 go on\n* read 100000\n"
	for _, c := range []struct{ name, end, want string }{
		{"refused and closed", "S: 552 5.3.4 too big\n* close\n", "refused, for good: 127.0.0.1: body: 552 5.3.4 too big"},
		{"refused and read on", "S: 552 5.3.4 too big\n* anything\n", "refused, for good: 127.0.0.1: body: 552 5.3.4 too big"},
		{"taken before it was sent", "S: 250 ok\n* anything\n", "protocol, for now: 127.0.0.1: body: 250 ok: a reply before anything was asked"},
		{"421 and closed", "S: 421 4.3.2 bye\n* close\n", "again, for now: 127.0.0.1: body: 421 4.3.2 bye"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, err := smtptest.Serve(before+c.end, nil)
			if err != nil {
				t.Fatal(err)
			}
			keys := fmt.Sprintf("backend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\ntimeout = \"2s\"\n", server.Port())
			var shown lockedBuffer
			transport := openAccount(t, keys, backend.Surroundings{Hostname: "client.example.org", Dialogue: &shown})
			msg, err := message.Read(strings.NewReader("Subject: x\n\n"+strings.Repeat("a line of the body\n", 1<<20)), message.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer msg.Close()
			statuses, err := transport.Send(context.Background(), &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, msg)
			if got := describe(statuses, err); got != "bob@example.org: "+c.want+"\n" {
				t.Errorf("got  %swant %s", got, c.want)
			}
			if strings.Contains(shown.String(), "\nC: .\n") {
				t.Errorf("the dialogue: %s", shown.String())
			}
			server.Abandon()
		})
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// openAccount opens an account with keys.
func openAccount(t *testing.T, keys string, s backend.Surroundings) backend.Transport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(file, []byte("[account.a]\n"+keys), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := opens.Open(config.Accounts[0], s)
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

// sendTo sends a small message by a plain account with keys, and tells the fates.
func sendTo(t *testing.T, keys string) string {
	t.Helper()
	transport := openAccount(t, "backend = \"plain\"\n"+keys, backend.Surroundings{Hostname: "client.example.org"})
	msg, err := message.Read(strings.NewReader("Subject: x\n\nx\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	statuses, err := transport.Send(context.Background(), &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, msg)
	return describe(statuses, err)
}
