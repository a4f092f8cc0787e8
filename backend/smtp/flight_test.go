package smtp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/backend"
	"postern/backend/smtp/smtptest"
	"postern/conf"
	"postern/message"
)

// recorder is a connection that keeps what is written to it.
type recorder struct {
	net.Conn
	said bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error)      { return r.said.Write(p) }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }

// flights counts the client's flights on a connection: the times it says something after it has heard something.
type flights struct {
	net.Conn
	writes, flights int
	speaking        bool
}

func (f *flights) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	f.speaking = f.speaking && n == 0
	return n, err
}

func (f *flights) Write(p []byte) (int, error) {
	f.writes++
	if !f.speaking {
		f.flights++
	}
	f.speaking = true
	return f.Conn.Write(p)
}

// TestFlights counts round trips, the one of TCP and the greeting's included, as users on slow links feel them.
func TestFlights(t *testing.T) {
	id, err := smtptest.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	const hello = "C: EHLO client.example.org\nS: 250-mail.example.org\nS: 250-PIPELINING\n"
	const signIn = "S: 250 AUTH PLAIN\nC: AUTH PLAIN AGFubgBwdw==\nS: 235 ok\n"
	for _, recipients := range []int{1, 20} {
		for _, c := range []struct {
			name   string
			sec    security
			keys   string
			script string
			want   int
		}{
			{"plain", never, "", "S: 220 hi\n" + hello + "S: 250 8BITMIME\n", 5},
			{
				"starttls", upgraded, "user = \"ann\"\npassword = \"pw\"\n",
				"S: 220 hi\n" + hello + "S: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n* tls good\n" + hello + signIn, 9,
			},
			{"tls", implicit, "user = \"ann\"\npassword = \"pw\"\n", "* tls good\nS: 220 hi\n" + hello + signIn, 7},
		} {
			t.Run(fmt.Sprintf("%s/%d", c.name, recipients), func(t *testing.T) {
				env := &message.Envelope{From: "ann@example.org"}
				script := c.script + "C: MAIL FROM:<ann@example.org>\n"
				for i := range recipients {
					to := fmt.Sprintf("to%d@example.org", i)
					env.To = append(env.To, to)
					script += "C: RCPT TO:<" + to + ">\n"
				}
				script += "C: DATA\nS: 250 ok\n" + strings.Repeat("S: 250 ok\n", recipients) + "S: 354 go\nC: [body]\nC: QUIT\nS: 250 ok\n"
				count := sendCounted(t, id, c.sec, c.keys, script, env)
				got := 1 + count.flights
				if c.sec != implicit {
					got++ // the greeting
				}
				if got != c.want {
					t.Errorf("%d round trips in %d writes, want %d", got, count.writes, c.want)
				}
				if c.sec == never && count.writes != count.flights {
					t.Errorf("%d writes for %d flights", count.writes, count.flights)
				}
			})
		}
	}
}

// sendCounted sends a message of 2 KB and gives the counts.
func sendCounted(t *testing.T, id *smtptest.Identity, sec security, keys, script string, env *message.Envelope) *flights {
	server, err := smtptest.Serve(script, id)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), id.Authority, 0o600); err != nil {
		t.Fatal(err)
	}
	if sec != never {
		keys += "tls = { ca = \"ca.pem\" }\n"
	}
	profile := "[account.a]\nhost = \"127.0.0.1\"\nhelo = \"client.example.org\"\n" + keys
	if err := os.WriteFile(filepath.Join(dir, "c.toml"), []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{filepath.Join(dir, "c.toml")}, true)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := open(config.Accounts[0], backend.Surroundings{}, sec)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Dial("tcp", server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	count := &flights{Conn: tcp}
	tr := opened.(*transport)
	s := &session{transport: tr, ctx: context.Background(), roots: tr.loadRoots(), conn: newConn(count, dialogue{}, 0)}
	if err := s.greet(); err != nil {
		t.Fatal(err)
	}
	if err := s.authenticate(); err != nil {
		t.Fatal(err)
	}
	msg, err := message.Read(strings.NewReader("Subject: x\n\n"+strings.Repeat("text of a line\n", 130)), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	statuses, failed := s.transact(env, msg)
	if failed != nil {
		t.Fatal(failed)
	}
	for _, st := range statuses {
		if st.Err != nil {
			t.Error(st.Err)
		}
	}
	tcp.Close()
	if _, err := server.Wait(); err != nil {
		t.Error(err)
	}
	return count
}
