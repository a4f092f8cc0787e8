package smtp_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"postern/auth/authtest"
	"postern/backend"
	"postern/backend/smtp"
	"postern/backend/smtp/smtptest"
	"postern/conf"
	"postern/message"
)

var update = flag.Bool("update", false, "write what happened into the dialogues")

// What the dialogues sign in with; the password may show nowhere.
const (
	user     = "ann"
	password = authtest.SesameOpen
	token    = authtest.Token
)

var opens = backend.Registry{"plain": smtp.Plain, "starttls": smtp.StartTLS, "tls": smtp.TLS, "lmtp": smtp.LMTP}

var identity = sync.OnceValues(smtptest.NewIdentity)

// TestMain has many tests wait for their servers at the same time, who let them wait on purpose.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // the command line overrules it
	flag.Parse()
	os.Exit(m.Run())
}

// TestDialogues plays each file of testdata. A file has an account (the keys besides host, port and user), the
// envelope, the message where it matters or the size that it is padded to, the script of the server, and what has to
// come of it: the dialogue as -v shows it, the result, and the body as it crossed the wire where that matters. $CA,
// $PIN and $KEYPIN stand for what the run has made.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogues", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			playFile(t, file)
		})
	}
}

func playFile(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	part := map[string]string{}
	for _, f := range archive.Files {
		part[f.Name] = string(f.Data)
	}
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	server, err := smtptest.Serve(part["server"], id)
	if err != nil {
		t.Fatal(err)
	}
	var dialogue lockedBuffer
	result := send(t, part, server, id, &dialogue)
	body, err := server.Wait()
	if err != nil {
		t.Errorf("against the script: %v\n%s", err, dialogue.String())
	}
	got := map[string]string{"dialogue": dialogue.String(), "result": result, "body": strings.ReplaceAll(string(body), "\r\n", "\n")}
	for _, name := range []string{"dialogue", "result"} {
		if _, ok := part[name]; !ok {
			t.Fatalf("there is no %s", name)
		}
	}
	for i, f := range archive.Files {
		text, ok := got[f.Name]
		if !ok {
			continue
		}
		text = plain(text, server, id)
		if *update {
			archive.Files[i].Data = []byte(text)
		} else if text != part[f.Name] {
			t.Errorf("%s:\n%s\nwant:\n%s", f.Name, text, part[f.Name])
		}
		noSecrets(t, text)
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// send makes the account and the message, and sends it.
func send(t *testing.T, part map[string]string, server *smtptest.Server, id *smtptest.Identity, dialogue *lockedBuffer) string {
	dir := t.TempDir()
	authority := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(authority, id.Authority, 0o600); err != nil {
		t.Fatal(err)
	}
	clientCert, clientKey, err := id.Client()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"client.pem": clientCert, "client.key": clientKey} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := id.Fingerprint("stranger")
	keys := strings.NewReplacer("$CA", authority, "$PIN", cert, "$KEYPIN", key).Replace(part["account"])
	profile := fmt.Sprintf("[account.test]\nport = %d\n%s", server.Port(), keys)
	if !strings.Contains(profile, "host =") {
		profile += "host = \"127.0.0.1\"\n"
	}
	if strings.Contains(profile, "auth =") && !strings.Contains(profile, "user =") {
		profile += fmt.Sprintf("user = %q\npassword = %q\n", user, password)
	}
	file := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := opens.Open(config.Accounts[0], backend.Surroundings{Hostname: "client.example.org", Dialogue: dialogue})
	if err == nil {
		err = config.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer transport.Close()
	text := part["message"]
	if text == "" {
		text = "From: ann@example.org\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.org>\nSubject: hi\n\nHello.\n"
	}
	if size, ok := part["size"]; ok {
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil {
			t.Fatal(err)
		}
		const line = "a line of the body\n"
		text += strings.Repeat(line, n/len(line))
	}
	msg, err := message.Read(strings.NewReader(text), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer msg.Close()
	envelopes := strings.Split(part["envelope"], "\n\n") // of several messages on the same connection, or of one
	if len(envelopes) == 1 {
		statuses, err := transport.Send(context.Background(), envelope(t, envelopes[0]), msg)
		fates := describe(statuses, err)
		noSecrets(t, fates)
		return fates
	}
	var result strings.Builder
	err = transport.(backend.Carrier).SendEach(context.Background(), func() *backend.Item {
		if len(envelopes) == 0 {
			return nil
		}
		env := envelope(t, envelopes[0])
		envelopes = envelopes[1:]
		return &backend.Item{Env: env, Msg: msg, Done: func(statuses []backend.Status, err error) {
			result.WriteString(describe(statuses, err))
		}}
	})
	if err != nil {
		fmt.Fprintf(&result, "no connection: %s\n", fate(err))
	}
	return result.String()
}

// envelope reads "from ADDRESS" and "to ADDRESS" lines, and those of the terms; the default is one of each of the first.
func envelope(t *testing.T, text string) *message.Envelope {
	if text == "" {
		return &message.Envelope{From: "ann@example.org", To: []string{"bob@example.org"}}
	}
	env := &message.Envelope{}
	for line := range strings.Lines(text) {
		what, addr, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		var err error
		switch what {
		case "from":
			env.From = addr
		case "to":
			env.To = append(env.To, addr)
		case "require-tls":
			env.Terms.RequireTLS = true
		case "deliver-by":
			words := strings.Fields(addr)
			env.Terms.DeliverBy.Within, err = time.ParseDuration(words[0])
			env.Terms.DeliverBy.Return = slices.Contains(words, "return")
			env.Terms.DeliverBy.Trace = slices.Contains(words, "trace")
		case "priority":
			env.Terms.Priority, err = strconv.Atoi(addr)
		case "submitter":
			env.Terms.Submitter = &addr
		case "hold-for":
			env.Terms.HoldFor, err = time.ParseDuration(addr)
		case "hold-until":
			env.Terms.HoldUntil, err = time.Parse(time.RFC3339, addr)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return env
}

var kinds = map[backend.Kind]string{
	backend.Unknown: "unknown", backend.Again: "again", backend.Uncertain: "uncertain", backend.NoRecipient: "no recipient",
	backend.NoHost: "no host", backend.Refused: "refused", backend.Protocol: "protocol", backend.Denied: "denied",
	backend.Data: "data", backend.Local: "local", backend.Config: "config",
}

// describe tells the fates: a line for all, or one for each recipient.
func describe(statuses []backend.Status, err error) string {
	if err != nil {
		return "all: " + fate(err) + "\n"
	}
	var b strings.Builder
	for _, s := range statuses {
		if s.Err != nil {
			fmt.Fprintf(&b, "%s: %s\n", s.Rcpt, fate(s.Err))
		} else {
			fmt.Fprintf(&b, "%s: taken, %s\n", s.Rcpt, s.Reply)
		}
	}
	return b.String()
}

func fate(err error) string {
	var e *backend.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("not a *backend.Error: %#v", err)
	}
	how := "for good"
	if backend.Temporary(err) {
		how = "for now"
	}
	return fmt.Sprintf("%s, %s: %v", kinds[e.Kind], how, strings.Join(strings.Fields(err.Error()), " "))
}

var cipher = regexp.MustCompile(`TLS_[A-Z0-9_]+`)

// plain replaces what differs from run to run.
func plain(text string, server *smtptest.Server, id *smtptest.Identity) string {
	text = strings.ReplaceAll(text, fmt.Sprintf(":%d", server.Port()), ":PORT")
	text = strings.ReplaceAll(text, fmt.Sprintf("port %d", server.Port()), "port PORT")
	for _, name := range []string{"good", "stranger", "expired", "elsewhere"} {
		sum, key := id.Fingerprint(name)
		text = strings.NewReplacer(sum, "FINGERPRINT", key, "KEYPIN").Replace(text)
	}
	text = regexp.MustCompile(`current time \S+ is after [^\s;]+`).ReplaceAllString(text, "current time NOW is after THEN")
	text = regexp.MustCompile(`(S: 334 [cd]j|in base64: [rv]=)\S{20,}`).ReplaceAllString(text, "${1}…") // made of a nonce
	return cipher.ReplaceAllString(text, "CIPHER")
}

func noSecrets(t *testing.T, text string) {
	t.Helper()
	if secret, form := authtest.Leak(text); secret != "" {
		t.Errorf("%q shows as %q: %s", secret, form, text)
	}
}

// lockedBuffer is a buffer that a cancelled send may still write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
