package pipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unicode"

	"postern/backend"
	"postern/message"
)

const (
	// maxComplaint bounds what is kept of a program's standard error: its end, where programs say why they gave up.
	maxComplaint = 4 << 10
	// grace is how long children that a program leaves behind may hold its standard error open.
	grace = time.Second
)

// kinds are the exit statuses of sysexits(3) that have a meaning of their own. Any other is for now.
var kinds = map[int]backend.Kind{
	64: backend.Config,      // EX_USAGE
	65: backend.Data,        // EX_DATAERR
	67: backend.NoRecipient, // EX_NOUSER
	68: backend.NoHost,      // EX_NOHOST
	69: backend.Refused,     // EX_UNAVAILABLE
	77: backend.Denied,      // EX_NOPERM
	78: backend.Config,      // EX_CONFIG
}

// run runs the program with msg on its standard input, and gives the exit status in words.
func (t *transport) run(ctx context.Context, words []string, msg *message.Message) (string, *backend.Error) {
	input, size, err := spool(msg)
	if err != nil {
		return "", &backend.Error{Kind: backend.Local, Server: t.name, Stage: "making its input", Err: err}
	}
	defer input.Close()
	limit := time.Duration(t.Timeout)
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var complaint tail
	cmd := exec.CommandContext(within, words[0], words[1:]...)
	cmd.Stdin, cmd.Stderr, cmd.WaitDelay = input, &complaint, grace
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	t.note("* pipe: %s", shown(words))
	if err := cmd.Start(); err != nil {
		return "", t.unstarted(ctx, err)
	}
	t.note("C: [%d octets]", size)
	_ = cmd.Wait() // ProcessState says all: what is read or left running besides is no matter
	outcome := cmd.ProcessState.String()
	t.note("* %s", outcome)
	if cmd.ProcessState.Success() {
		return outcome, nil
	}
	e := &backend.Error{Kind: backend.Again, Server: t.name, Stage: outcome, Text: complaint.lastLine()}
	switch status := cmd.ProcessState.ExitCode(); {
	case status >= 0:
		if kind, ok := kinds[status]; ok {
			e.Kind = kind
		}
	case ctx.Err() != nil:
		e.Stage = interruption(ctx)
	case within.Err() != nil:
		e.Stage = fmt.Sprintf("no end within %v", limit)
	}
	return "", e
}

// spool puts msg, with LF line ends, into a file that has no name any more.
func spool(msg *message.Message) (*os.File, int64, error) {
	f, err := os.CreateTemp("", "postern-*") // O_EXCL and 0600
	if err != nil {
		return nil, 0, err
	}
	err = os.Remove(f.Name())
	var size int64
	if err == nil {
		size, err = io.Copy(f, msg.OpenText())
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

// killGroup ends a program and the children that are still in its group.
func killGroup(leader int) error {
	err := syscall.Kill(-leader, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// unstarted makes the error of a program that could not be started.
func (t *transport) unstarted(ctx context.Context, err error) *backend.Error {
	e := &backend.Error{Kind: backend.Local, Server: t.name, Err: err}
	var lookup *exec.Error
	switch {
	case ctx.Err() != nil:
		e.Kind, e.Stage, e.Err = backend.Again, interruption(ctx), nil
	case errors.As(err, &lookup), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission),
		errors.Is(err, syscall.ENOEXEC), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EINVAL):
		e.Kind = backend.Config
	case errors.Is(err, syscall.E2BIG):
		e.Kind = backend.Data
	}
	return e
}

func interruption(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err().Error()
	}
	return "interrupted"
}

// tail keeps the last octets written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-maxComplaint):]
	return len(p), nil
}

// lastLine is the last line that is not empty, without control characters and octets that aren't UTF-8.
func (t *tail) lastLine() (last string) {
	for line := range strings.Lines(strings.ToValidUTF8(string(t.kept), "")) {
		words := strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
		if len(words) > 0 {
			last = strings.Join(words, " ")
		}
	}
	return last
}
