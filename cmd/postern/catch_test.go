package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"postern/auth/authtest"
)

// unread is an output that nobody reads any more.
type unread struct{}

func (unread) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestCatchUnread: a server whose words go nowhere has nothing to do.
func TestCatchUnread(t *testing.T) {
	for _, args := range [][]string{{"catch", "--listen", ":0"}, {"catch", "--listen", ":0", "--json"}} {
		var complaint strings.Builder
		if status := companion(args, streams{strings.NewReader(""), unread{}, &complaint}); status != exIOErr || complaint.String() != "postern: broken pipe\n" {
			t.Errorf("%q: status %d, %q", args, status, complaint.String())
		}
	}
}

// TestListenAddress: a server that takes anything is for this machine, unless an address says else.
func TestListenAddress(t *testing.T) {
	for text, want := range map[string]string{
		":2525": "127.0.0.1:2525", "127.0.0.2:25": "127.0.0.2:25", "0.0.0.0:0": "0.0.0.0:0", "[::1]:2525": "[::1]:2525", "localhost:25": "localhost:25",
		"2525": "", "": "", "::1:25": "", "[::1]": "", ":smtp": "", ":-1": "", ":65536": "",
	} {
		if got, err := listenAddress(text); got != want || (err == nil) != (want != "") {
			t.Errorf("--listen %q is %q: %v", text, got, err)
		}
	}
}

// catcher is a postern catch that a script has started.
type catcher struct {
	cmd    *exec.Cmd
	first  string
	rest   chan string // all lines behind the first ones
	stderr *os.File
}

// catches starts "postern catch" at a free port, and writes its profile into catch.toml: catches [ARG...]. $PORT is its
// port. Its first line tells that it listens, so that nobody has to wait.
func catches(ts *testscript.TestScript, _ bool, args []string) {
	c := &catcher{cmd: exec.Command("postern", slices.Concat([]string{"catch", "--listen", "127.0.0.1:0"}, args)...), rest: make(chan string, 1)}
	c.cmd.Dir = ts.MkAbs(".")
	c.cmd.Env = append(os.Environ(), "HOME="+c.cmd.Dir, "TMPDIR="+c.cmd.Dir)
	var err error
	c.stderr, err = os.CreateTemp(c.cmd.Dir, "catch-stderr")
	ts.Check(err)
	c.cmd.Stderr = c.stderr
	stdout, err := c.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(c.cmd.Start())
	ts.Defer(func() { _ = c.cmd.Process.Kill() })
	lines := bufio.NewReader(stdout)
	if c.first, err = lines.ReadString('\n'); err != nil {
		ts.Fatalf("%q: %v", c.first, err)
	}
	address, profile := c.greeting(ts, lines)
	_, port, _ := strings.Cut(address, ":")
	ts.Setenv("PORT", port)
	ts.Check(os.WriteFile(ts.MkAbs("catch.toml"), []byte(profile), 0o644))
	go func() {
		text, _ := io.ReadAll(lines)
		c.rest <- string(text)
	}()
	ts.Value("peers").(*peers).catcher = c
}

// greeting reads on until the profile is there.
func (c *catcher) greeting(ts *testscript.TestScript, lines *bufio.Reader) (address, profile string) {
	if strings.HasPrefix(c.first, "{") {
		var g struct{ Event, Listening, Profile string }
		ts.Check(json.Unmarshal([]byte(c.first), &g))
		return g.Listening, g.Profile
	}
	address = strings.TrimSpace(strings.TrimPrefix(c.first, "listening on "))
	for inside := false; ; {
		line, err := lines.ReadString('\n')
		ts.Check(err)
		inside = inside || strings.HasPrefix(line, "[account.")
		switch {
		case strings.HasPrefix(line, "to try it: "):
			return address, profile
		case inside:
			profile += line
		}
	}
}

// caught waits for the end of it, and writes what it told into FILE: caught STATUS FILE [INT|TERM]. What it complained
// of goes into FILE.err.
func caught(ts *testscript.TestScript, _ bool, args []string) {
	c := ts.Value("peers").(*peers).catcher
	if len(args) == 3 {
		ts.Check(c.cmd.Process.Signal(map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[args[2]]))
	}
	text := <-c.rest
	_ = c.cmd.Wait() // the status tells
	complaints, err := os.ReadFile(c.stderr.Name())
	ts.Check(err)
	ts.Check(os.Remove(c.stderr.Name()))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+".err"), complaints, 0o600))
	if got := c.cmd.ProcessState.ExitCode(); strconv.Itoa(got) != args[0] {
		ts.Fatalf("postern catch ended with %d, want %s:\n%s%s", got, args[0], text, complaints)
	}
	if secret, form := authtest.Leak(text + string(complaints)); secret != "" {
		ts.Fatalf("postern catch shows %q as %q", secret, form)
	}
}
