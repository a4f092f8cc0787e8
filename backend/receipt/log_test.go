package receipt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"postern/backend/receipt"
	"postern/conf"
)

// some is a receipt with n recipients.
func some(id string, n int) receipt.Receipt {
	r := receipt.Receipt{ID: id, Account: "a", From: "ann@example.org"}
	for i := range n {
		r.To = append(r.To, receipt.Recipient{To: fmt.Sprintf("to%d@example.org", i), Result: receipt.Sent})
	}
	return r
}

// fails is what a log calls that has to be written.
func fails(t *testing.T) func(error) {
	return func(err error) { t.Error(err) }
}

// TestFileIsShared: each line of several writers at once is whole, whatever its length.
func TestFileIsShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	const writers, lines = 8, 30
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			l := receipt.New(conf.Log{To: "file", Path: path}, io.Discard, fails(t))
			for i := range lines {
				l.Write(some(fmt.Sprintf("%d/%d", w, i), 1+200*(i%3)))
			}
		})
	}
	all.Wait()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(data)) {
		var r receipt.Receipt
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %.100q", err, line)
		}
		seen[r.ID] = len(r.To)
	}
	for w := range writers {
		for i := range lines {
			if id := fmt.Sprintf("%d/%d", w, i); seen[id] != 1+200*(i%3) {
				t.Errorf("%s has %d recipients", id, seen[id])
			}
		}
	}
}

// TestManyRecipients: what a socket would cut off comes in parts, and every recipient is in one.
func TestManyRecipients(t *testing.T) {
	for _, to := range []string{"syslog", "journal"} {
		path := filepath.Join(t.TempDir(), "s")
		conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const recipients = 500
		read := make(chan []string)
		go func() {
			var got []string
			datagram := make([]byte, 64<<10)
			for len(got) < recipients {
				n, err := conn.Read(datagram)
				if err != nil {
					break
				}
				_, line, _ := strings.Cut(string(datagram[:n]), "{")
				line, _, _ = strings.Cut(line, "\n")
				var r receipt.Receipt
				if err := json.Unmarshal([]byte("{"+line), &r); err != nil || len(line) > 8000 {
					t.Errorf("a line of %d octets: %v", len(line), err)
				}
				for _, to := range r.To {
					got = append(got, to.To)
				}
			}
			read <- got
		}()
		receipt.New(conf.Log{To: to, Path: path}, io.Discard, fails(t)).Write(some("x", recipients))
		got := <-read
		for i, want := range some("x", recipients).To {
			if i >= len(got) || got[i] != want.To {
				t.Fatalf("%s: %d recipients, and at place %d not %s", to, len(got), i, want.To)
			}
		}
	}
}

// TestStreamSocket: some syslogs listen on a stream.
func TestStreamSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	receipt.New(conf.Log{To: "syslog", Path: path}, io.Discard, fails(t)).Write(some("x", 1))
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "<22>") || !strings.HasSuffix(string(text), "}\n") {
		t.Errorf("%q, %v", text, err)
	}
}

// TestHungSocket: a log that takes nothing more costs its patience once, and is told of once.
func TestHungSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var told []error
	l := receipt.New(conf.Log{To: "syslog", Path: path}, io.Discard, func(err error) { told = append(told, err) })
	written := 0
	for ; len(told) == 0 && written < 100_000; written++ {
		l.Write(some("x", 50))
	}
	if len(told) != 1 || !errors.Is(told[0], os.ErrDeadlineExceeded) {
		t.Fatalf("after %d receipts: %v", written, told)
	}
	for range 1000 { // which would take a quarter of an hour otherwise
		l.Write(some("x", 50))
	}
	if len(told) != 1 {
		t.Errorf("%v", told)
	}
}

// TestSafeToShow: a log is read in a terminal.
func TestSafeToShow(t *testing.T) {
	r := some("x", 1)
	r.MessageID = "<a\x1b[2J\u009b2J\x7f\u202egrü&ße\xff@x>"
	line := r.String()
	if !strings.Contains(line, `"message_id":"<a\u001b[2J\u009b2J\u007f\u202egrü&ße\ufffd@x>"`) {
		t.Errorf("%q", line)
	}
	var back receipt.Receipt
	if err := json.Unmarshal([]byte(line), &back); err != nil || back.MessageID != strings.ToValidUTF8(r.MessageID, "\ufffd") || !slices.Equal(back.To, r.To) {
		t.Errorf("%q, %v", back.MessageID, err)
	}
}

func TestOff(t *testing.T) {
	for _, to := range []string{"", "off"} {
		if receipt.New(conf.Log{To: to}, nil, nil) != nil {
			t.Errorf("%q is a log", to)
		}
	}
}
