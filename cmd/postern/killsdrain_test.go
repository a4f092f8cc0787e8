//go:build linux

package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestKilledDrain: whatever a drain meets, each message comes, whole, and nothing is left behind. It may come twice only where the
// drain was broken off.
func TestKilledDrain(t *testing.T) {
	r := newRig(t)
	letters := []string{
		letter("one", "bob@example.org", 0), letter("two", "bob@example.org", 200<<10), letter("three", "bob@example.org", 2<<10),
	}
	t.Run("to a mailbox", func(t *testing.T) {
		r := *r
		r.T = t
		r.configure(fmt.Sprintf("backend = \"maildir\"\npath = %q\n", r.dir+"/box"))
		r.each("", []string{"-q"}, r.filled(letters...), func(r *rig, e ended) {
			before := r.boxed(letters...)
			if left := r.names("queue/q"); e.status == 0 && len(left) > 0 {
				r.Errorf("exit status 0, and %v left", left)
			}
			if again := r.run("", nil, "-q"); again.status != 0 || again.stderr != "" {
				r.Errorf("sendmail -q after it: %+v", again)
			}
			r.emptied()
			for i, n := range r.boxed(letters...) {
				if n < 1 || n > 2 || n == 2 && (before[i] != 1 || e.status == 0) {
					r.Errorf("letter %d has come %d times, %d of them before", i, n, before[i])
				}
			}
		})
	})
	t.Run("to a server", func(t *testing.T) {
		r := *r
		r.T = t
		s := serveLetters(t)
		r.configure(fmt.Sprintf("backend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\n", s.port))
		all := append(letters, // some recipients later, one never and told of, one never and kept
			letter("four", "bob@example.org, later@example.org", 0), letter("five", "never@example.org", 0), letter("six", "never@example.org", 0))
		filled := r.filled(all...)
		prepare := func() {
			filled()
			s.begin(false)
		}
		r.each("", []string{"-q"}, prepare, func(r *rig, e ended) {
			before := s.begin(true)
			for range 2 { // a report that the first has made goes with the second
				if again := r.run("", nil, "-q"); again.status != 0 && len(r.names("queue/failed")) == 0 && strings.Count(again.stderr, "550") == 0 {
					r.Errorf("sendmail -q after it: %+v", again)
				}
			}
			if left := r.names("queue/q"); len(left) > 0 {
				r.Errorf("q/ has %v", left)
			}
			if bad := r.names("queue/corrupt"); len(bad) > 0 {
				r.Errorf("corrupt/ has %v", bad)
			}
			if kept := strings.Join(r.names("queue/failed"), " "); strings.Count(kept, " ") != 1 || strings.Count(kept, ".state") != 1 {
				r.Errorf("failed/ has %q", kept)
			}
			after := s.begin(false)
			for _, key := range []string{"one bob", "two bob", "three bob", "four bob", "four later", "report ann"} {
				twice := before[key] == 1 || key == "report ann" && e.status != 0 // a report may wait already
				if n := before[key] + after[key]; n < 1 || n > 2 || n == 2 && !twice {
					r.Errorf("%s has come %d times before and %d times after", key, before[key], after[key])
				}
				delete(before, key)
				delete(after, key)
			}
			if len(before)+len(after) > 0 {
				r.Errorf("the server has got %v %v", before, after)
			}
		})
	})
}

// filled makes a disk with a queue that has these letters; the one named six has no sender.
func (r *rig) filled(letters ...string) (prepare func()) {
	r.Helper()
	r.empty()
	for _, text := range letters {
		args := []string{"-odq", "-i", "-t"}
		if strings.Contains(text, "Subject: six\n") {
			args = append(args, "-f", "<>")
		}
		if e := r.run(text, nil, args...); e.status != 0 {
			r.Fatal(e)
		}
	}
	template := filepath.Join(r.TempDir(), "template")
	if err := os.CopyFS(template, os.DirFS(r.dir)); err != nil {
		r.Fatal(err)
	}
	return func() {
		r.empty()
		if err := os.CopyFS(r.dir, os.DirFS(template)); err != nil {
			r.Fatal(err)
		}
		if err := os.Chmod(r.dir+"/queue", 0o700); err != nil {
			r.Fatal(err)
		}
	}
}

// letterServer counts what it has taken, by the subject and the recipient.
type letterServer struct {
	*testing.T
	port int

	mu    sync.Mutex
	kind  bool // takes mail for later@
	taken map[string]int
}

func serveLetters(t *testing.T) *letterServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &letterServer{T: t, port: listener.Addr().(*net.TCPAddr).Port, taken: map[string]int{}}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() {
				defer conn.Close()
				s.session(bufio.NewReader(conn), conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		sessions.Wait()
	})
	return s
}

// begin gives what has come until now.
func (s *letterServer) begin(kind bool) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.taken
	s.kind, s.taken = kind, map[string]int{}
	return taken
}

func (s *letterServer) session(in *bufio.Reader, out io.Writer) {
	fmt.Fprint(out, "220 here\r\n")
	var to []string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		reply := "250 ok"
		switch verb := strings.ToUpper(line[:min(4, len(line))]); verb {
		case "EHLO":
			reply = "250-here\r\n250 PIPELINING"
		case "MAIL", "RSET":
			to = nil
		case "RCPT":
			name, _, _ := strings.Cut(line[strings.Index(line, "<")+1:], "@")
			s.mu.Lock()
			switch {
			case name == "never":
				reply = "550 no"
			case name == "later" && !s.kind:
				reply = "451 later"
			default:
				to = append(to, name)
			}
			s.mu.Unlock()
		case "DATA":
			if reply = "503 nobody"; len(to) > 0 {
				fmt.Fprint(out, "354 go on\r\n")
				if !s.take(in, to) {
					return
				}
				reply = "250 taken"
			}
		case "QUIT":
			fmt.Fprint(out, "221 bye\r\n")
			return
		}
		if _, err := fmt.Fprintf(out, "%s\r\n", reply); err != nil {
			return
		}
	}
}

// take reads a message to its end, which has to be the message's own.
func (s *letterServer) take(in *bufio.Reader, to []string) bool {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimSuffix(line, "\r\n") + "\n")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, subject, _ := strings.Cut(text.String(), "Subject: ")
	subject, _, _ = strings.Cut(subject, "\n")
	_, boundary, isReport := strings.Cut(text.String(), "boundary=")
	sizes := map[string]int{"two": 200 << 10, "three": 2 << 10}
	_, body, _ := strings.Cut(text.String(), "\n\n")
	_, want, _ := strings.Cut(letter(subject, "", sizes[subject]), "\n\n")
	switch {
	case isReport:
		boundary, _, _ = strings.Cut(boundary, "\n")
		boundary = strings.Trim(boundary, "\"")
		if subject = "report"; !strings.Contains(text.String(), "--"+boundary+"--") {
			s.Errorf("a report without an end:\n%s", &text)
		}
	case body != want:
		s.Errorf("a part of a message came: %d octets in place of %d", len(body), len(want))
	}
	for _, name := range to {
		s.taken[subject+" "+name]++
	}
	return true
}
