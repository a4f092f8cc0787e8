package smtp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"postern/backend"
	"postern/backend/smtp/smtptest"
	"postern/conf"
	"postern/message"
)

// transportWith opens an account with a user and the password source.
func transportWith(t *testing.T, port int, source string) backend.Transport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	text := fmt.Sprintf("[account.a]\nbackend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\nuser = \"ann\"\npassword = %s\n", port, source)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := opens.Open(config.Accounts[0], backend.Surroundings{Hostname: "client.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func sendOne(t *testing.T, ctx context.Context, transport backend.Transport) string {
	t.Helper()
	msg, err := message.Read(strings.NewReader("From: ann@example.org\n\nHello.\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer msg.Close()
	statuses, err := transport.Send(ctx, envelope(t, ""), msg)
	return describe(statuses, err)
}

func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPasswordIsFetchedWhileConnecting: the server's greeting waits for the password command, which would never run if
// it waited for the server to offer AUTH.
func TestPasswordIsFetchedWhileConnecting(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	server, err := smtptest.Serve(strings.Join([]string{
		"S: 220 mail.example.org", "C: EHLO client.example.org", "S: 250-mail.example.org", "S: 250 AUTH PLAIN",
		"C: AUTH PLAIN AGFubgBzZXNhbWUgb3Blbg==", "S: 535 no", "C: QUIT", "S: 221 bye", "",
	}, "\n"), id)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	running := fifo(t)
	go func() {
		client, err := front.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		_, _ = os.ReadFile(running) // until the command has opened and closed it
		behind, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", server.Port()))
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(behind, client)
			behind.Close()
		}()
		_, _ = io.Copy(client, behind)
	}()
	transport := transportWith(t, front.Addr().(*net.TCPAddr).Port,
		fmt.Sprintf(`{ command = ["/bin/sh", "-c", "echo >%s; echo sesame open"] }`, running))
	defer transport.Close()
	got := sendOne(t, context.Background(), transport)
	if got != "all: denied, for good: 127.0.0.1: AUTH: 535 no\n" {
		t.Error(got)
	}
	noSecrets(t, got)
	if _, err := server.Wait(); err != nil {
		t.Error(err)
	}
}

// TestPasswordCommandEndsWithTheConnection: what was begun and is not needed is ended before the failure is told.
func TestPasswordCommandEndsWithTheConnection(t *testing.T) {
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	running := fifo(t)
	ended := make(chan struct{})
	go func() {
		client, err := front.Accept()
		if err != nil {
			return
		}
		reader, err := os.Open(running) // when the command runs
		if err != nil {
			return
		}
		fmt.Fprint(client, "554 no service\r\n")
		client.Close()
		_, _ = io.ReadAll(reader) // until it has ended
		close(ended)
	}()
	transport := transportWith(t, front.Addr().(*net.TCPAddr).Port,
		fmt.Sprintf(`{ command = ["/bin/sh", "-c", "exec 3>%s; exec sleep 600"] }`, running))
	if got := sendOne(t, context.Background(), transport); got != "all: refused, for good: 127.0.0.1: greeting: 554 no service\n" {
		t.Error(got)
	}
	<-ended
	transport.Close()
}

// TestNobodyIsAskedForNothing: where the server can't be reached the password is not fetched.
func TestNobodyIsAskedForNothing(t *testing.T) {
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := front.Addr().(*net.TCPAddr).Port
	front.Close()
	asked := filepath.Join(t.TempDir(), "asked")
	transport := transportWith(t, port, fmt.Sprintf(`{ command = ["/bin/sh", "-c", "echo >%s"] }`, asked))
	defer transport.Close()
	if got := sendOne(t, context.Background(), transport); !strings.Contains(got, "connection refused") {
		t.Error(got)
	}
	if _, err := os.Stat(asked); err == nil {
		t.Error("the password command has run")
	}
}

// TestInterruptedPassword: a signal while a password is being fetched is temporary, whatever the source makes of it.
func TestInterruptedPassword(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	server, err := smtptest.Serve("S: 220 mail.example.org\nC: EHLO client.example.org\nS: 250-mail.example.org\nS: 250 AUTH PLAIN\n* anything\n", id)
	if err != nil {
		t.Fatal(err)
	}
	running := fifo(t)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = os.ReadFile(running)
		cancel()
	}()
	transport := transportWith(t, server.Port(), fmt.Sprintf(`{ command = ["/bin/sh", "-c", "echo >%s; exec sleep 600"] }`, running))
	defer transport.Close()
	if got := sendOne(t, ctx, transport); !strings.HasPrefix(got, "all: again, for now: ") || !strings.HasSuffix(got, ": interrupted\n") {
		t.Error(got)
	}
}
