package smtp

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
	"postern/conf"
	"postern/message"
)

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
	const dataHello = "C: EHLO client.example.org\nS: 250-mail.example.org\nS: 250-PIPELINING\n"
	const chunkHello = dataHello + "S: 250-CHUNKING\n"
	const user = "user = \"ann\"\npassword = \"hunter2\"\n"
	const signIn = "S: 250 AUTH PLAIN\nC: AUTH PLAIN AGFubgBodW50ZXIy\nS: 235 ok\n"
	for _, recipients := range []int{1, 20} {
		for _, c := range []struct {
			name        string
			sec         security
			keys        string
			before, end string // the script up to EHLO's reply that counts, and what follows that
			data, chunk int    // round trips by DATA and by BDAT
		}{
			{"plain", never, "", "S: 220 hi\n", "S: 250 8BITMIME\n", 5, 4},
			{"starttls", upgraded, user, "S: 220 hi\n" + dataHello + "S: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n* tls good\n", signIn, 9, 8},
			{"tls", implicit, user, "* tls good\nS: 220 hi\n", signIn, 7, 6},
		} {
			for _, chunked := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/chunked=%v/%d", c.name, chunked, recipients), func(t *testing.T) {
					env := &message.Envelope{From: "ann@example.org"}
					hello, content, want := dataHello, "C: DATA\nS: 250 ok\n"+strings.Repeat("S: 250 ok\n", recipients)+"S: 354 go\nC: [body]\nC: QUIT\nS: 250 ok\n", c.data
					if chunked {
						hello, content, want = chunkHello, "C: [chunk]\nC: QUIT\n"+strings.Repeat("S: 250 ok\n", recipients+2), c.chunk
					}
					script := c.before + hello + c.end + "C: MAIL FROM:<ann@example.org>\n"
					for i := range recipients {
						to := fmt.Sprintf("to%d@example.org", i)
						env.To = append(env.To, to)
						script += "C: RCPT TO:<" + to + ">\n"
					}
					script += content
					count := sendCounted(t, id, c.sec, c.keys, script, env)
					got := 1 + count.flights
					if c.sec != implicit {
						got++ // the greeting
					}
					if got != want {
						t.Errorf("%d round trips in %d writes, want %d", got, count.writes, want)
					}
					if c.sec == never && count.writes != count.flights {
						t.Errorf("%d writes for %d flights", count.writes, count.flights)
					}
				})
			}
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
	opened, err := open(config.Accounts[0], backend.Surroundings{}, sec, false)
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
	s := &session{transport: tr, server: tr.servers[0], ctx: context.Background(), roots: tr.loadRoots(), conn: newConn(count, dialogue{}, 0)}
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
	var statuses []backend.Status
	at := 0 // flights until the fate is known; that of the connection's end is nobody's
	items := []*backend.Item{{Env: env, Msg: msg, Done: func(s []backend.Status, err error) {
		if statuses, at = s, count.flights; err != nil {
			t.Error(err)
		}
	}}}
	s.run(&mailbag{next: func() *backend.Item {
		if len(items) == 0 {
			return nil
		}
		now := items[0]
		items = items[1:]
		return now
	}})
	for _, st := range statuses {
		if st.Err != nil {
			t.Error(st.Err)
		}
	}
	tcp.Close()
	if _, err := server.Wait(); err != nil {
		t.Error(err)
	}
	count.flights = at
	return count
}
