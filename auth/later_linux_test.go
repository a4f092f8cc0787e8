package auth_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/auth"
	"postern/auth/authtest"
)

// TestLater has what may be there later with nothing set anew, and what somebody has to mend: the exit statuses 75 and
// 77 of a sendmail.
func TestLater(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	long := filepath.Join(dir, "long")
	busy := filepath.Join(dir, "busy")
	err := errors.Join(
		syscall.Mkfifo(pipe, 0o600), os.WriteFile(long, []byte(strings.Repeat("x", 70000)), 0o600),
		os.WriteFile(busy, []byte("#!/bin/sh\n"), 0o700), os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\nkill -9 $$\n"), 0o700),
	)
	if err != nil {
		t.Fatal(err)
	}
	open, err := os.OpenFile(busy, os.O_WRONLY, 0) // ETXTBSY for who runs it
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+dir+"/nobody")
	t.Setenv("PATH", dir)
	for _, c := range []struct {
		source auth.Source
		want   string
		later  bool
	}{
		{auth.Source{File: pipe}, "password file " + pipe + ": no answer within 50ms", true},
		{auth.Source{Netrc: pipe}, "netrc file " + pipe + ": no answer within 50ms", true},
		{auth.Source{Credential: "pipe"}, "credential pipe: no answer within 50ms", true},
		{auth.Source{Command: []string{"/bin/sleep", "600"}}, "password command /bin/sleep: no answer within 50ms", true},
		{sh("echo wait >&2; exec /bin/sleep 600"), "password command /bin/sh: no answer within 50ms", true},
		{sh("echo the provider is away >&2; exit 75"), "password command /bin/sh: exit status 75: the provider is away", true},
		{sh("kill -9 $$"), "password command /bin/sh: signal: killed", true},
		{auth.Source{Command: []string{busy}}, "password command " + busy + ": fork/exec " + busy + ": text file busy", true},
		{auth.Source{GitCredential: true, Host: "h", User: "ann"}, "git credential: nothing for ann at h: signal: killed", true},
		{auth.Source{Keyring: true, Host: "h", User: "ann"}, "keyring: session bus: dial unix " + dir + "/nobody: connect: no such file or directory", true},

		{auth.Source{File: dir + "/none"}, "password file " + dir + "/none: no such file or directory", false},
		{auth.Source{File: long + "/x"}, "password file " + long + "/x: not a directory", false},
		{auth.Source{File: dir}, "password file " + dir + ": is a directory", false},
		{auth.Source{File: long}, "password file " + long + ": more than 65536 octets", false},
		{auth.Source{Netrc: write(t, "netrc", "", 0o644)}, "netrc file ", false},
		{auth.Source{Env: "POSTERN_TEST_NOT_SET"}, "environment variable POSTERN_TEST_NOT_SET: it is not set", false},
		{sh("exit 1"), "password command /bin/sh: exit status 1", false},
		{sh("no-such-program"), "password command /bin/sh: exit status 127", false},
		{sh(":"), "password command /bin/sh: it is empty", false},
		{auth.Source{Command: []string{long}}, "password command " + long + ": fork/exec " + long + ": permission denied", false},
		{auth.Source{Command: []string{"no-such-program"}}, "password command no-such-program: exec: ", false},
	} {
		c.source.Wait = time.Minute
		if strings.HasSuffix(c.want, "within 50ms") {
			c.source.Wait = 50 * time.Millisecond
		}
		secret, err := c.source.Fetch(context.Background())
		if err == nil || secret != "" || !strings.HasPrefix(err.Error(), c.want) || errors.Is(err, auth.ErrLater) != c.later {
			t.Errorf("got %v, later: %v, want %s", err, errors.Is(err, auth.ErrLater), c.want)
		}
	}
	// Whoever is told to stop does so.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, source := range []auth.Source{{File: pipe}, {Netrc: pipe}} {
		if _, err := source.Fetch(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// TestPipe: a file may be a pipe, whose writer takes its time to begin and to end.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the reader
		if err == nil {
			fmt.Fprintln(w, authtest.SesameOpen)
			w.Close()
		}
	}()
	if got := fetched(t, context.Background(), auth.Source{File: pipe}); got != authtest.SesameOpen {
		t.Errorf("got %q", got)
	}
	held, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	fmt.Fprint(held, "half of a secr")
	if got := fetched(t, context.Background(), auth.Source{File: pipe, Wait: 50 * time.Millisecond}); got != "! password file "+pipe+": no answer within 50ms" {
		t.Errorf("got %q", got)
	}
}
