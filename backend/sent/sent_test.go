package sent_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"postern/auth/authtest"
	"postern/backend/smtp/smtptest"
)

// TestMemoryServer has the library's own server keep copies over TLS: in the folder, seen, octet by octet.
func TestMemoryServer(t *testing.T) {
	identity, err := smtptest.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := identity.Client()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, identity.Authority, 0o600); err != nil {
		t.Fatal(err)
	}
	box := imapmemserver.NewUser("ann", authtest.SesameOpen)
	if err := errors.Join(box.Create("Sent", nil), box.Create("Été", nil)); err != nil { // it has no special use for either
		t.Fatal(err)
	}
	users := imapmemserver.New()
	users.AddUser(box)
	policy := &tls.Config{Certificates: []tls.Certificate{pair}}
	for _, c := range []struct{ story, security, folder, in string }{
		{"TLS at once", "tls", "", "Sent"},
		{"STARTTLS", "starttls", "", "Sent"},
		{"a folder by name", "tls", "Été", "Été"},
		{"a folder that is missing", "starttls", "Neu/Gesendet ü", "Neu/Gesendet ü"},
	} {
		t.Run(c.story, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var wire lockedBuffer
			server := imapserver.New(&imapserver.Options{
				NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
					return users.NewSession(), nil, nil
				},
				Caps:      imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapListExtended: {}, imap.CapSpecialUse: {}},
				TLSConfig: policy, Logger: log.New(io.Discard, "", 0), DebugWriter: &wire,
			})
			defer server.Close()
			port := listener.Addr().(*net.TCPAddr).Port
			if c.security == "tls" {
				listener = tls.NewListener(listener, policy)
			}
			go server.Serve(listener) // it ends with Close
			before := messages(t, box, c.in)
			shown := keep(t, fmt.Sprintf("tls = { ca = %q }\nsent = { imap = \"localhost:%d\", security = %q, folder = %q }\n", ca, port, c.security, c.folder), 2)
			want := fmt.Sprintf("* copy in %s at localhost:%d\n", c.in, port)
			if shown != want+want {
				t.Errorf("%swant twice: %s", shown, want)
			}
			if got := messages(t, box, c.in) - before; got != 2 {
				t.Errorf("%d messages", got)
			}
			if said := wire.String(); strings.Count(said, text) < 2 || shown != want+want || strings.Count(said, `(\Seen)`) < 2 {
				t.Errorf("the server has seen:\n%s", said)
			}
		})
	}
}

func messages(t *testing.T, box *imapmemserver.User, folder string) uint32 {
	status, err := box.Status(folder, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		return 0 // it is not there yet
	}
	return *status.NumMessages
}

// TestLarge: a large message needs no memory to speak of.
func TestLarge(t *testing.T) {
	wire := text + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 700_000)
	m := read(t, wire)
	size := len(wire)
	wire = ""
	server, err := smtptest.Serve(fmt.Sprintf(`S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready
C: T1 AUTHENTICATE PLAIN AGFubgBzZXNhbWUgb3Blbg==
S: T1 OK [CAPABILITY IMAP4rev1] in
C: T2 CAPABILITY
S: * CAPABILITY IMAP4rev1 LITERAL+
S: T2 OK
* like T3 APPEND .* \{%[1]d\}
S: + go on
* read %[1]d
C: 
S: T3 OK there
C: T4 LOGOUT
S: T4 OK
`, size), nil)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := open(t, fmt.Sprintf("sent = { imap = \"127.0.0.1:%d\", security = \"plain\" }\n", server.Port()), nil)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := folder.Keep(t.Context(), m); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	folder.Close()
	if _, err := server.Wait(); err != nil {
		t.Error(err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("%d octets of memory for %d", used, size)
	}
}

// TestInterrupted: a signal ends a copy wherever it is, and the time limit does so with its own words.
func TestInterrupted(t *testing.T) {
	for _, script := range []string{
		"* hangup\n",
		"S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\n* like .*\n* hangup\n",
		"S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\n* like .*\nS: T1 OK [CAPABILITY IMAP4rev1] in\n* like .*\nS: * CAPABILITY IMAP4rev1\nS: T2 OK\n* like T3 APPEND .*\n* hangup\n",
	} {
		server, err := smtptest.Serve(script, nil)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := open(t, fmt.Sprintf("sent = { imap = \"127.0.0.1:%d\", security = \"plain\" }\n", server.Port()), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		m, ended := read(t, text), make(chan error, 1)
		go func() { ended <- folder.Keep(ctx, m) }()
		select {
		case <-server.Hung:
			cancel()
			err = <-ended
		case err = <-ended:
			cancel()
		}
		if err == nil || !strings.HasSuffix(err.Error(), ": interrupted") {
			t.Errorf("%v", err)
		}
		folder.Close()
		if _, err := server.Wait(); err != nil {
			t.Error(err)
		}
	}
	folder, err := open(t, "sent = { imap = \"127.0.0.1:9\", security = \"plain\" }\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithDeadlineCause(t.Context(), time.Now(), errors.New("no end within 30s"))
	defer cancel()
	if err := folder.Keep(late, read(t, text)); err == nil || !strings.HasSuffix(err.Error(), ": no end within 30s") {
		t.Errorf("%v", err)
	}
}

// TestMaildir: the copy is among what was read, as text of this machine; a failure names the place.
func TestMaildir(t *testing.T) {
	var shown bytes.Buffer
	path := filepath.Join(t.TempDir(), "Sent")
	folder, err := open(t, fmt.Sprintf("sent = { maildir = %q }\n", path), &shown)
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Keep(t.Context(), read(t, text)); err != nil {
		t.Error(err)
	}
	names, _ := filepath.Glob(path + "/*/*")
	if len(names) != 1 || !regexp.MustCompile(`/cur/[0-9]+\.M[0-9]+P[0-9]+R[A-Z2-7]+\.h:2,S$`).MatchString(names[0]) {
		t.Fatalf("there is %q", names)
	}
	if data, _ := os.ReadFile(names[0]); string(data) != strings.ReplaceAll(text, "\r\n", "\n") {
		t.Errorf("the copy is %q", data)
	}
	if want := "* copy in " + path + "\n"; shown.String() != want {
		t.Errorf("%q is shown", shown.String())
	}
	if folder, err = open(t, fmt.Sprintf("sent = { maildir = %q }\n", path+"/not/there"), nil); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("no copy in %[1]s: mkdir %[1]s: no such file or directory", path+"/not/there")
	if err := folder.Keep(t.Context(), read(t, text)); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestKeys has tables that can't be meant, and those that mean no copy.
func TestKeys(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{`sent = {}`, ""},
		{`from = "ann@example.org"`, ""},
		{`sent = { imap = "imap.example.org", maildir = "x" }`, ".sent: there are imap and maildir: a copy goes to one of them"},
		{`sent = { folder = "x" }`, ".sent: there is neither imap nor maildir, and nowhere for a copy to go"},
		{`sent = { maildir = "x", folder = "y" }`, ".sent: with maildir nothing else has an effect"},
		{`sent = { maildir = "x", password = { env = "X" } }`, ".sent: with maildir nothing else has an effect"},
		{`sent = { imap = "ann:sesame open@host" }`, `.sent.imap: there is an @, and a host stands alone here: user and password have keys of their own`},
		{`sent = { imap = "srv:example.org" }`, `.sent.imap: "srv:example.org" is no host: a domain finds servers for mail to be sent`},
		{`sent = { imap = "host:0" }`, `.sent.imap: "host:0" has no port from 1 to 65535 behind its colon`},
		{`sent = { imap = "host", security = "ssl" }`, `.sent.security: "ssl" is none of plain, starttls, tls`},
		{`sent = { imap = "host", folder = "a\nb" }`, `.sent.folder: "a\nb" has a character that no folder's name has`},
		{`tls = { pin = "12" }` + "\n" + `sent = { imap = "host" }`, `.tls.pin: "12" is no SHA-256 in hexadecimal, sha256: and 64 digits`},
	} {
		folder, err := open(t, c.keys+"\n", nil)
		got := ""
		if err != nil {
			_, got, _ = strings.Cut(err.Error(), "account.a")
		}
		if got != c.want || folder != nil {
			t.Errorf("%s: %v", c.keys, err)
		}
		if secret, _ := authtest.Leak(fmt.Sprint(err)); secret != "" {
			t.Errorf("%v shows %q", err, secret)
		}
	}
}

// lockedBuffer is written to by a server's connections.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
