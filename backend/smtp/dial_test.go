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

// TestCancelled: a cancelled send breaks off and is temporary; the server never sees the dot.
func TestCancelled(t *testing.T) {
	server, err := smtptest.Serve("S: 220 hi\nC: EHLO client.example.org\n* anything\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	shown := writerFunc(func(p []byte) {
		if bytes.HasPrefix(p, []byte("C: EHLO")) {
			cancel()
		}
	})
	transport := openPlain(t, fmt.Sprintf("host = \"127.0.0.1\"\nport = %d\n", server.Port()), backend.Surroundings{Hostname: "client.example.org", Dialogue: shown})
	msg, err := message.Read(strings.NewReader("Subject: x\n\nx\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = transport.Send(ctx, &message.Envelope{To: []string{"bob@example.org"}}, msg)
	var e *backend.Error
	if !errors.As(err, &e) || !backend.Temporary(err) || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v", err)
	}
	server.Abandon() // whether the EHLO got out is a matter of luck
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// openPlain opens a plain account with keys.
func openPlain(t *testing.T, keys string, s backend.Surroundings) backend.Transport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(file, []byte("[account.a]\nbackend = \"plain\"\n"+keys), 0o600); err != nil {
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
	transport := openPlain(t, keys, backend.Surroundings{Hostname: "client.example.org"})
	msg, err := message.Read(strings.NewReader("Subject: x\n\nx\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	statuses, err := transport.Send(context.Background(), &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}, msg)
	return describe(statuses, err)
}
