package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// slowServer takes one message, of which it reads a little at a time until it is let go.
func slowServer(t *testing.T) (port int, letGo func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	free := make(chan struct{})
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(64 << 10)
		r := bufio.NewReader(c)
		fmt.Fprint(c, "220 ready\r\n")
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line != "DATA\r\n" {
				fmt.Fprint(c, "250 ok\r\n")
				continue
			}
			fmt.Fprint(c, "354 go on\r\n")
			for octets := 0; line != ".\r\n"; octets += len(line) {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
				if octets >= 64<<10 {
					octets = 0
					select {
					case <-tick.C:
					case <-free:
					}
				}
			}
			fmt.Fprint(c, "250 queued\r\n")
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, sync.OnceFunc(func() { close(free) })
}

// machine is a folder with a configuration for a server, and with the program.
type machine struct {
	t   *testing.T
	dir string
}

func newMachine(t *testing.T, port int) machine {
	t.Helper()
	m := machine{t, t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postern", "sendmail"} { // TestMain knows it by these names
		if err := os.Symlink(self, filepath.Join(m.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	config := fmt.Sprintf("[account.slow]\nbackend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\nfrom = \"ann@example.org\"\nqueue = \"fallback\"\n", port)
	for name, data := range map[string][]byte{"config.toml": []byte(config), "large.bin": make([]byte, 18<<20)} {
		if err := os.WriteFile(filepath.Join(m.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// command is one of the program's under the name that it begins with.
func (m machine) command(stderr *os.File, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(m.dir, args[0]), args[1:]...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "POSTERN_CONFIG="+filepath.Join(m.dir, "config.toml"), "XDG_STATE_HOME="+filepath.Join(m.dir, "state"), "HOME="+m.dir)
	if stderr != nil {
		cmd.Stderr = stderr
	}
	m.t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
		}
	})
	return cmd
}

// send is a large file on its way.
func (m machine) send(stderr *os.File) *exec.Cmd {
	return m.command(stderr, "postern", "send", "-s", "x", "--body", "y", "-a", "large.bin", "bob@example.org")
}

// terminal is a terminal: the side where a person sits, and the program's.
func terminal(t *testing.T) (user, tty *os.File) {
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
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return user, tty
}

// TestProgressOnTerminal: who looks on at a send or at a run of the queue sees how far it is, and in the end no trace of
// that.
func TestProgressOnTerminal(t *testing.T) {
	for name, start := range map[string]func(machine, *os.File) *exec.Cmd{
		"send": machine.send,
		"queue run": func(m machine, tty *os.File) *exec.Cmd {
			put := m.command(nil, "sendmail", "-odq", "-i", "bob@example.org")
			put.Stdin = strings.NewReader("Subject: x\n\n" + strings.Repeat(strings.Repeat("x", 71)+"\n", 24<<20/72))
			if out, err := put.CombinedOutput(); err != nil {
				m.t.Fatalf("%v %s", err, out)
			}
			return m.command(tty, "postern", "queue", "run")
		},
	} {
		t.Run(name, func(t *testing.T) {
			port, letGo := slowServer(t)
			user, tty := terminal(t)
			cmd := start(newMachine(t, port), tty)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tty.Close()
			line := regexp.MustCompile(`\r[0-9.]+ MB of 2[0-9.]+ MB, [0-9.]+ [kM]B/s, [0-9ms]+ left`)
			var shown bytes.Buffer
			buf := make([]byte, 4096)
			for {
				n, err := user.Read(buf)
				shown.Write(buf[:n])
				if line.Match(shown.Bytes()) {
					letGo()
				}
				if err != nil { // the program has closed the terminal
					break
				}
			}
			letGo()
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v\n%q", err, shown.String())
			}
			if text := shown.String(); !line.MatchString(text) || !strings.HasSuffix(text, " \r") {
				t.Errorf("%q", text)
			}
		})
	}
}

// TestNoProgressInPipes: a program that reads standard error sees nothing of it, however long it takes.
func TestNoProgressInPipes(t *testing.T) {
	port, letGo := slowServer(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	begun := time.Now()
	cmd := newMachine(t, port).send(w)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	time.AfterFunc(progressAfter+time.Second, letGo)
	said, err := io.ReadAll(r)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil || len(said) > 0 {
		t.Errorf("%q, %v", said, err)
	}
	if spent := time.Since(begun); spent < progressAfter {
		t.Errorf("it took %v, which says nothing", spent)
	}
}
