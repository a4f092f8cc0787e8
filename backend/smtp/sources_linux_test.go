package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/auth/authtest"
	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
	"postern/message"
)

// slowSources are the accounts whose secret takes for ever, and how the error begins; $DIR has what they need.
var slowSources = map[string]struct{ keys, want string }{
	"file":           {`password = { file = "$DIR/pipe" }`, "password file $DIR/pipe"},
	"command":        {`password = { command = ["/bin/sleep", "600"] }`, "password command /bin/sleep"},
	"keyring":        {`password = { keyring = true }`, "keyring"},
	"credential":     {`password = { credential = "pipe" }`, "credential pipe"},
	"netrc":          {`password = { netrc = "$DIR/pipe" }`, "netrc file $DIR/pipe"},
	"git_credential": {`password = { git_credential = true }`, "git credential: nothing for ann at 127.0.0.1"},
}

// notSlow are the sources with nothing to wait for.
var notSlow = []string{"env"}

// TestSlowSources: a secret that doesn't come in time is a failure for now. A person on the terminal is in auth's
// TestAskUnanswered.
func TestSlowSources(t *testing.T) {
	dir := slowPlaces(t)
	for _, source := range passwordSources(t) {
		if _, ok := slowSources[source]; ok == slices.Contains(notSlow, source) {
			t.Errorf("%s: is there something to wait for, or not?", source)
		}
	}
	for source, slow := range slowSources {
		t.Run(source, func(t *testing.T) {
			addr := serve(t, hello+"S: 250-a\nS: 250 AUTH PLAIN\nC: QUIT\nS: 221 bye\n", nil)
			keys := fmt.Sprintf("backend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\nuser = \"ann\"\n%s\n", portOf(t, addr), slow.keys)
			transport := openAccount(t, strings.ReplaceAll(keys, "$DIR", dir), backend.Surroundings{Hostname: "client.example.org"})
			defer transport.Close()
			smtp.Hasten(transport, 100*time.Millisecond)
			result := describe(transport.Send(t.Context(), envelope(t, ""), short(t)))
			want := "all: again, for now: 127.0.0.1: AUTH: " + strings.ReplaceAll(slow.want, "$DIR", dir) + ": no answer within 100ms\n"
			if result != want {
				t.Errorf("got %s, want %s", result, want)
			}
		})
	}
}

// TestSlowCertificate: the key of the account's certificate may be a pipe, too.
func TestSlowCertificate(t *testing.T) {
	dir := slowPlaces(t)
	account := fmt.Sprintf("backend = \"tls\"\nhost = \"127.0.0.1\"\nport = 1\ntls = { cert = %[1]q, key = %[1]q }\ntimeout = \"100ms\"\n", dir+"/pipe")
	for _, interrupted := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		want := "all: again, for now: tls.cert: no answer within 100ms\n"
		if interrupted {
			cancel()
			want = "all: again, for now: 127.0.0.1: connect: interrupted\n"
		}
		transport := openAccount(t, account, backend.Surroundings{})
		if got := describe(transport.Send(ctx, envelope(t, ""), short(t))); got != want {
			t.Errorf("got %swant %s", got, want)
		}
		cancel()
		transport.Close()
	}
}

func short(t *testing.T) *message.Message {
	t.Helper()
	msg, err := message.Read(strings.NewReader("Subject: x\n\ntext\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { msg.Close() })
	return msg
}

// slowPlaces has, in the folder that it names, a pipe that nobody writes to, and a git that doesn't end; the keyring is
// locked, and nobody comes to unlock it.
func slowPlaces(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	keyring, err := authtest.ServeKeyring(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keyring.Close)
	keyring.Lock(authtest.Unanswered)
	err = errors.Join(
		syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600),
		os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\nexec /bin/sleep 600\n"), 0o700),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", keyring.Address)
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("PATH", dir)
	return dir
}

// passwordSources are the keys of a password's table.
func passwordSources(t *testing.T) []string {
	t.Helper()
	var p conf.Password
	_, list, ok := strings.Cut(fmt.Sprint(p.UnmarshalTOML(map[string]any{"?": ""})), "known are ")
	if !ok {
		t.Fatal("the sources are not told")
	}
	return strings.Split(list, ", ")
}
