package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/backend/smtp/smtptest"
)

// TestEarlyConnection: the connection is made while the message is still being written, once its header is there.
func TestEarlyConnection(t *testing.T) {
	const header = "From: ann@example.org\nTo: bob@example.org\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.org>\n\n"
	const hello = "S: 220 mail.example.org\nC: EHLO client.example.org\nS: 250 mail.example.org\n"
	const sent = "C: MAIL FROM:<ann@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nC: DATA\nS: 354 go on\nC: [body]\nS: 250 queued\nC: QUIT\nS: 221 bye\n"
	for _, c := range []struct {
		name, script string
		body         string
		roomless     bool
		status       int
		want         string
	}{
		{"the rest follows", hello + sent, "text\n", false, exOK, ""},
		{"a message that turns out bad leaves a QUIT at most", hello + "* anything\n", strings.Repeat("text\n", 20_000), true, exCantCreat, "keeping the message in a temporary file"},
		{"what went wrong is told with the message", "S: 554 5.3.2 no mail here\nC: QUIT\nS: 221 bye\n", "text\n", false, exUnavailable, "greeting: 554 5.3.2 no mail here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, err := smtptest.Serve(c.script, nil)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			config := filepath.Join(dir, "c.toml")
			profile := fmt.Sprintf("[account.a]\nbackend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\nhelo = \"client.example.org\"\n[aliases]\nfile = \"\"\n", server.Port())
			if err := os.WriteFile(config, []byte(profile), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("TMPDIR", dir)
			if c.roomless {
				t.Setenv("TMPDIR", filepath.Join(dir, "missing"))
			}
			input, writing := io.Pipe()
			shown, showing := io.Pipe()
			status := make(chan int, 1)
			go func() {
				status <- sendmail([]string{"sendmail", "-v", "-C", config, "-t"}, streams{in: input, out: io.Discard, err: showing})
				showing.Close()
				input.Close()
			}()
			said := bufio.NewScanner(shown)
			var all strings.Builder
			until := func(prefixes ...string) {
				for said.Scan() {
					fmt.Fprintln(&all, said.Text())
					for _, p := range prefixes {
						if strings.HasPrefix(said.Text(), p) {
							return
						}
					}
				}
			}
			fmt.Fprint(writing, header)
			until("S: 250 mail.example.org", "S: 554") // and the message has not ended
			go func() {
				fmt.Fprint(writing, c.body)
				writing.Close()
			}()
			until()
			if got := <-status; got != c.status || !strings.Contains(all.String(), c.want) {
				t.Errorf("status %d, want %d with %q:\n%s", got, c.status, c.want, all.String())
			}
			if c.roomless && strings.Contains(all.String(), "C: MAIL") {
				t.Errorf("the server has heard of the message:\n%s", all.String())
			}
			if _, err := server.Wait(); err != nil {
				t.Errorf("against the script: %v", err)
			}
		})
	}
}

// TestNoEarlyConnection: no server is called for a message that only goes into the queue.
func TestNoEarlyConnection(t *testing.T) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "c.toml")
	profile := fmt.Sprintf("[queue]\ndir = %q\n[account.a]\nbackend = \"plain\"\nqueue = \"always\"\nhost = \"127.0.0.1\"\nport = %d\n[aliases]\nfile = \"\"\n",
		dir+"/queue", listener.Addr().(*net.TCPAddr).Port)
	if err := os.WriteFile(config, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	input, writing := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- sendmail([]string{"sendmail", "-odq", "-C", config, "-t"}, streams{in: input, out: io.Discard, err: io.Discard})
	}()
	fmt.Fprint(writing, "From: ann@example.org\nTo: bob@example.org\n\n")
	if err := listener.SetDeadline(time.Now().Add(50 * soon)); err != nil {
		t.Fatal(err)
	}
	if _, err := listener.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server is called: %v", err)
	}
	writing.Close()
	if got := <-status; got != exOK {
		t.Errorf("status %d", got)
	}
}
