package auth_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"postern/auth"
	"postern/auth/authtest"
)

// asker has the test's program run TestAsker by itself, on a terminal.
const asker = "POSTERN_TEST_ASKER"

// TestAsker is the other side of the tests below: it asks, until its standard input ends, or with "wait DURATION" the
// time of a source.
func TestAsker(t *testing.T) {
	if os.Getenv(asker) == "" {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	ask := func() (auth.Secret, error) { return auth.Ask(ctx, "Password: ") }
	if wait, limited := strings.CutPrefix(os.Getenv(asker), "wait "); limited {
		limit, bad := time.ParseDuration(wait)
		if bad != nil {
			t.Fatal(bad)
		}
		ask = func() (auth.Secret, error) {
			return auth.Source{Ask: true, User: "ann", Host: "h", Wait: limit}.Fetch(ctx)
		}
	}
	secret, err := ask()
	fmt.Printf("got %d octets, %v, later: %v\n", len(string(secret)), err, errors.Is(err, auth.ErrLater))
}

// terminal is a terminal with a program on it.
type terminal struct {
	t      *testing.T
	user   *os.File // the side where a person sits
	typed  *bufio.Reader
	stdin  io.WriteCloser
	stdout *bufio.Reader
	cmd    *exec.Cmd
}

func startAsker(t *testing.T, how string) *terminal {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAsker$", "-test.count=1")
	cmd.Env = append(os.Environ(), asker+"="+how)
	cmd.ExtraFiles = []*os.File{tty}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &terminal{t, user, bufio.NewReader(user), stdin, bufio.NewReader(stdout), cmd}
}

// waitForEcho waits until the terminal shows what is typed, or until it doesn't.
func (a *terminal) waitForEcho(want bool) {
	a.t.Helper()
	for {
		state, err := unix.IoctlGetTermios(int(a.user.Fd()), unix.TCGETS)
		if err != nil {
			a.t.Fatal(err)
		}
		if state.Lflag&unix.ECHO != 0 == want {
			return
		}
		runtime.Gosched()
	}
}

func (a *terminal) said() string {
	line, _ := a.stdout.ReadString('\n')
	return strings.TrimSpace(line)
}

// TestAsk: what is typed is not shown.
func TestAsk(t *testing.T) {
	a := startAsker(t, "on")
	if prompt, err := a.typed.ReadString(' '); err != nil || prompt != "Password: " {
		t.Fatalf("%q, %v", prompt, err)
	}
	a.waitForEcho(false)
	fmt.Fprintf(a.user, "%s\n", authtest.SesameOpen)
	if got := a.said(); got != "got 11 octets, <nil>, later: false" {
		t.Errorf("%q", got)
	}
	if shown, err := a.typed.ReadString('\n'); err != nil || shown != "\r\n" {
		t.Errorf("the terminal shows %q, %v", shown, err)
	}
	a.waitForEcho(true)
}

// TestAskEnds: where nobody answers the terminal is as it was before.
func TestAskEnds(t *testing.T) {
	a := startAsker(t, "on")
	if _, err := a.typed.ReadString(' '); err != nil {
		t.Fatal(err)
	}
	a.waitForEcho(false)
	a.stdin.Close()
	if got := a.said(); got != "got 0 octets, context canceled, later: false" {
		t.Errorf("%q", got)
	}
	a.waitForEcho(true)
}

// TestAskUnanswered: a person who never answers is a failure for now, and the terminal is as it was before.
func TestAskUnanswered(t *testing.T) {
	a := startAsker(t, "wait 200ms")
	if prompt, err := a.typed.ReadString(':'); err != nil || prompt != "Password of ann at h:" {
		t.Fatalf("%q, %v", prompt, err)
	}
	if got := a.said(); got != "got 0 octets, password: no answer within 200ms, later: true" {
		t.Errorf("%q", got)
	}
	a.waitForEcho(true)
}
