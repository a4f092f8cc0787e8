//go:build linux

package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests of this file have the real program killed, or fail, at its system calls, with strace's help. There are many: without
// POSTERN_KILLS only each fortieth is tried. It is the step from one to the next; 1 is all of them.
const usualStep = 40

// killed are the calls that a program is killed before; those of Go's runtime lead nowhere else.
var killed = strings.Fields(`openat read pread64 write pwrite64 fsync fdatasync close fstat newfstatat statfs fcntl flock lseek
	mkdirat renameat renameat2 linkat unlinkat unlink rmdir getdents64 utimensat futimesat utimes ftruncate fallocate
	copy_file_range sendfile splice socket connect getsockopt setsockopt getsockname getpeername sendto recvfrom exit_group`)

// full are those that a full disk lets fail.
var full = strings.Fields("openat write pwrite64 fsync close mkdirat renameat linkat copy_file_range sendfile ftruncate")

// fault is one that strace injects.
type fault struct {
	call string
	when int
	what string // an error or SIGKILL
	on   bool   // all that follow fail, too
}

func (f fault) String() string {
	return fmt.Sprintf("%s %s %d%s", f.what, f.call, f.when, map[bool]string{true: "+"}[f.on])
}

// inject is the fault as strace knows it.
func (f fault) inject() string {
	kind := "error="
	if f.what == "SIGKILL" {
		kind = "signal="
	}
	return fmt.Sprintf("inject=%s:%s%s:when=%d%s", f.call, kind, f.what, f.when, map[bool]string{true: "+"}[f.on])
}

// rig has what the tests share: the program, and a folder for one queue after the other.
type rig struct {
	*testing.T
	sendmail, strace, dir, config string
	env                           []string
	step                          int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") == "true" { // .ci/run installs it
			t.Fatal("strace is not installed: nothing is killed")
		}
		t.Skip("strace is not installed: nothing is killed")
	}
	if out, err := exec.Command(strace, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: nothing is killed: %v: %s", err, out)
	}
	r := &rig{T: t, strace: strace, dir: filepath.Join(inMemory(t), "disk"), step: usualStep}
	if text := os.Getenv("POSTERN_KILLS"); text != "" {
		if r.step, err = strconv.Atoi(text); err != nil || r.step < 1 {
			t.Fatalf("POSTERN_KILLS=%s is no step from one fault to the next", text)
		}
	}
	r.sendmail = buildRealSendmail(t)
	r.config = filepath.Join(t.TempDir(), "config.toml")
	// One thread does all the work, so that a call has the same number in each run, or nearly.
	r.env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "TMPDIR=" + r.dir, "GOMAXPROCS=1"}
	return r
}

// inMemory is a folder that costs no time to sync: nothing here ends the machine.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "postern-kills-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// configure writes the account, whose name is rig.
func (r *rig) configure(keys string) {
	r.Helper()
	text := fmt.Sprintf("[queue]\ndir = %q\n[aliases]\nfile = \"\"\n[account.rig]\nqueue = \"always\"\nfrom = \"ann@example.org\"\n%s", r.dir+"/queue", keys)
	if err := os.WriteFile(r.config, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
}

// ended is how a run ended.
type ended struct {
	status int // -1 where it was killed
	stderr string
	trace  string
}

// run runs sendmail, under strace where there are words for it.
func (r *rig) run(stdin string, strace []string, args ...string) ended {
	r.Helper()
	return r.exec(stdin, strace, append([]string{r.sendmail, "-C", r.config}, args...)...)
}

// exec runs a command line in the same way.
func (r *rig) exec(stdin string, strace []string, argv ...string) ended {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	log := filepath.Join(filepath.Dir(r.config), "trace")
	if strace != nil {
		argv = slices.Concat([]string{r.strace, "-f", "-y", "-qq", "-o", log}, strace, argv)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stderr strings.Builder
	cmd.Env, cmd.Stdin, cmd.Stderr = r.env, strings.NewReader(stdin), &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		r.Fatalf("%v hangs\n%s", argv, &stderr)
	}
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		r.Fatal(err)
	}
	e := ended{status: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
	if strace != nil {
		trace, err := os.ReadFile(log)
		if err != nil {
			r.Fatal(err)
		}
		e.trace = string(trace)
	}
	if cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		e.status = -1
	}
	return e
}

var oneCall = regexp.MustCompile(`^(\d+) +([a-z0-9_]+)\(`)

// faults are those of a run, from its first call that touches the disk of the test on.
func (r *rig) faults(stdin string, args ...string) (all []fault) {
	r.Helper()
	e := r.run(stdin, []string{"-e", "trace=" + known(killed)}, args...)
	counts := map[string]int{} // strace counts by thread, and by call
	before := map[string]int{} // how many come too early in any thread
	begun := false
	for line := range strings.Lines(e.trace) {
		m := oneCall.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		counts[m[1]+m[2]]++
		n := counts[m[1]+m[2]]
		if begun = begun || strings.Contains(line, r.dir); !begun {
			before[m[2]] = max(before[m[2]], n)
		}
		f := fault{m[2], n, "SIGKILL", false}
		if n <= before[m[2]] || slices.Contains(all, f) {
			continue
		}
		all = append(all, f)
		if f.what = "EIO"; f.call != "exit_group" {
			all = append(all, f)
		}
		if f.what = "ENOSPC"; slices.Contains(full, f.call) {
			all = append(all, f, fault{f.call, n, f.what, true})
		}
	}
	if len(all) < 50 {
		r.Fatalf("%d faults are no test:\n%s", len(all), e.trace)
	}
	return all
}

// known has strace overlook the calls that this machine lacks.
func known(calls []string) string { return "?" + strings.Join(calls, ",?") }

// each runs sendmail with one fault after the other, each on a disk that prepare makes, and has check judge what is left.
func (r *rig) each(stdin string, args []string, prepare func(), check func(r *rig, e ended)) {
	r.Helper()
	prepare()
	all := r.faults(stdin, args...)
	tried, met := 0, 0
	for i := 0; i < len(all); i += r.step {
		f := all[i]
		var e ended
		tried++
		for range 8 { // a call may have moved to another thread, the more often the busier the machine is
			prepare()
			e = r.run(stdin, []string{"-e", "trace=" + f.call, "-e", f.inject()}, args...)
			if e.status < 0 || strings.Contains(e.trace, "INJECTED") {
				met++
				break
			}
		}
		one := *r
		r.Run(f.String(), func(t *testing.T) {
			one.T = t
			if check(&one, e); t.Failed() {
				lines := strings.Split(strings.TrimSpace(e.trace), "\n")
				t.Logf("exit status %d\n%s%s", e.status, e.stderr, strings.Join(lines[max(0, len(lines)-3):], "\n"))
			}
		})
	}
	r.Logf("%d faults, %d tried, %d met", len(all), tried, met)
	if met*4 < tried*3 {
		r.Errorf("of %d faults %d were met", tried, met)
	}
}

// empty makes the test's disk empty.
func (r *rig) empty() {
	r.Helper()
	if err := errors.Join(os.RemoveAll(r.dir), os.Mkdir(r.dir, 0o700)); err != nil {
		r.Fatal(err)
	}
}

// names are the messages in a folder of the disk; those of the queue without their states.
func (r *rig) names(folder string) (names []string) {
	entries, err := os.ReadDir(filepath.Join(r.dir, folder))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// boxed are the messages in the mailbox, which have to be whole: each is one of these.
func (r *rig) boxed(texts ...string) (counts []int) {
	r.Helper()
	counts = make([]int, len(texts))
	for _, name := range r.names("box/new") {
		data, err := os.ReadFile(filepath.Join(r.dir, "box/new", name))
		if err != nil {
			r.Fatal(err)
		}
		i := slices.IndexFunc(texts, func(text string) bool { return bytes.HasSuffix(data, []byte("\n"+text)) })
		if i < 0 {
			r.Errorf("the mailbox has a message that nobody has sent whole:\n%.500s\n(%d octets)", data, len(data))
			continue
		}
		counts[i]++
	}
	return counts
}

// letter is a message that postern changes nothing in.
func letter(name, to string, size int) string {
	head := fmt.Sprintf("From: ann@example.org\nTo: %s\nSubject: %s\nDate: Wed, 25 Nov 2026 12:00:00 +0000\nMessage-ID: <%s@example.org>\n\n", to, name, name)
	line := strings.Repeat("x", 63-len(name)) + name + "\n"
	return head + strings.Repeat(line, max(1, size/len(line)))
}

var namesFile = regexp.MustCompile(`(?m)^sendmail: .*[ :]/[^ :]*[: ]`)

// TestKilledEnqueue: when sendmail says that a message is in the queue, it is there, and whole; when it doesn't, no part of it is
// ever delivered. What fails is told with the name of the file.
func TestKilledEnqueue(t *testing.T) {
	r := newRig(t)
	r.configure(fmt.Sprintf("backend = \"maildir\"\npath = %q\n", r.dir+"/box"))
	small, big := letter("small", "bob@example.org", 0), letter("big", "bob@example.org", 200<<10)
	for _, tt := range []struct {
		name, text string
		first      bool // there is no queue yet
	}{{"the first", small, true}, {"small", small, false}, {"big", big, false}} {
		t.Run(tt.name, func(t *testing.T) {
			r := *r
			r.T = t
			prepare := func() {
				if r.empty(); !tt.first {
					r.run("", nil, "-q")
				}
			}
			r.each(tt.text, []string{"-odq", "-i", "-t"}, prepare, func(r *rig, e ended) {
				if e.status > 0 && !slices.Contains([]int{73, 74, 75}, e.status) {
					r.Errorf("exit status %d", e.status)
				}
				if e.status > 0 && !namesFile.MatchString(e.stderr) && strings.Count(e.trace, "INJECTED") == 1 {
					r.Errorf("no name of a file")
				}
				if drained := r.run("", nil, "-q"); drained.status != 0 || drained.stderr != "" {
					r.Errorf("sendmail -q after it: %+v", drained)
				}
				r.emptied()
				switch got := r.boxed(tt.text)[0]; {
				case e.status == 0 && got != 1:
					r.Errorf("exit status 0, and %d messages", got)
				case e.status > 0 && got != 0:
					r.Errorf("exit status %d, and %d messages", e.status, got)
				case got > 1:
					r.Errorf("%d messages", got)
				}
			})
		})
	}
}

// emptied: nothing is left that a later run looks at.
func (r *rig) emptied() {
	r.Helper()
	for _, folder := range []string{"q", "failed", "corrupt"} {
		if left := r.names("queue/" + folder); len(left) > 0 {
			r.Errorf("%s/ has %v", folder, left)
		}
	}
}
