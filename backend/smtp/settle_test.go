package smtp_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"postern/backend"
)

// TestCancelledBehindTheDot: a message that has left whole when a signal comes has its reply waited for, so that it isn't sent
// once more; one that has not left is not sent at all.
func TestCancelledBehindTheDot(t *testing.T) {
	for _, c := range []struct{ cancelAt, want string }{
		{".", "250"},
		{"DATA", "interrupted"},
	} {
		t.Run(c.cancelAt, func(t *testing.T) {
			front, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer front.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				conn, err := front.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				fmt.Fprint(conn, "220 hi\r\n")
				body := false
				for in := bufio.NewScanner(conn); in.Scan(); {
					line := in.Text()
					if line == c.cancelAt {
						cancel()
					}
					switch {
					case line == ".":
						body = false
					case body:
						continue
					case line == "DATA":
						body = true
						fmt.Fprint(conn, "354 go on\r\n")
						continue
					}
					fmt.Fprint(conn, "250 2.0.0 ok\r\n")
				}
			}()
			transport := openAccount(t, fmt.Sprintf("backend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\n", front.Addr().(*net.TCPAddr).Port),
				backend.Surroundings{Hostname: "client.example.org"})
			defer transport.Close()
			if got := sendOne(t, ctx, transport); !strings.Contains(got, c.want) {
				t.Error(got)
			}
		})
	}
}
