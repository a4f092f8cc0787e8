package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Secret is a password or the like. It masks itself in every form of printing; string(s) is the secret.
type Secret string

func (Secret) String() string { return "[secret]" }

// Format masks the secret for every verb.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[secret]") }

// Source says where a secret is; one field is set.
type Source struct {
	Text    string   // the secret itself
	File    string   // a file's first line
	Env     string   // an environment variable
	Command []string // the first line that a program prints, run without a shell
}

// Format masks the secret that Text may hold.
func (Source) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[secret]") }

// Given tells whether the source is any.
func (s Source) Given() bool {
	return s.Text != "" || s.File != "" || s.Env != "" || len(s.Command) > 0
}

const (
	// commandLimit ends a password command that waits for an input which never comes. It is long enough for a person
	// to unlock a password store.
	commandLimit = time.Minute
	// commandGrace is how long a command's leftover children may hold its output open.
	commandGrace = time.Second
	// maxSecret bounds what a file or a command may give: OAuth tokens run to some kilobytes.
	maxSecret = 64 << 10
	// maxComplaint bounds what is shown of a command's standard error.
	maxComplaint = 1 << 10
)

// Fetch gets the secret. Errors name the source and never the secret.
func (s Source) Fetch(ctx context.Context) (Secret, error) {
	var text string
	var err error
	switch {
	case s.Text != "":
		return Secret(s.Text), nil
	case s.File != "":
		text, err = readFile(s.File)
	case s.Env != "":
		var set bool
		if text, set = os.LookupEnv(s.Env); !set {
			return "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
	case len(s.Command) > 0:
		text, err = run(ctx, s.Command)
	default:
		return "", errors.New("no password is set")
	}
	if err != nil {
		return "", err
	}
	// Password stores print notes below the password, so the first line is what counts.
	text, _, _ = strings.Cut(text, "\n")
	text = strings.TrimSuffix(text, "\r")
	if text == "" {
		return "", fmt.Errorf("%s is empty", s.name())
	}
	return Secret(text), nil
}

func (s Source) name() string {
	switch {
	case s.File != "":
		return "the password file " + s.File
	case s.Env != "":
		return "the environment variable " + s.Env
	}
	return "the output of the password command " + s.Command[0]
}

func readFile(name string) (string, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe that nobody writes to must not hold us
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	defer f.Close()
	_ = f.SetReadDeadline(time.Now().Add(commandLimit)) // of effect on pipes alone
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	if len(data) > maxSecret {
		return "", fmt.Errorf("password file %s is over %d octets", name, maxSecret)
	}
	return string(data), nil
}

// run runs a password command: no shell, nothing on its standard input (which is the message's), a time limit also
// for the children it leaves behind, and an output limit.
func run(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	out, errs := limited{left: maxSecret, strict: true}, limited{left: maxComplaint}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &errs, commandGrace
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return out.kept.String(), nil
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("no answer within %v", commandLimit)
	case ctx.Err() != nil:
		err = ctx.Err()
	case out.over:
		err = errTooMuch
	}
	said := strings.Join(strings.Fields(errs.kept.String()), " ")
	if said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return "", fmt.Errorf("password command %s: %w", argv[0], err)
}

var errTooMuch = fmt.Errorf("more than %d octets of output", maxSecret)

// limited keeps the first octets written to it. Beyond them it takes the rest as read, so that the writer doesn't
// stall, or if strict fails, which ends the writer.
type limited struct {
	kept   bytes.Buffer // not embedded: its ReadFrom would go around Write
	left   int
	strict bool
	over   bool
}

func (l *limited) Write(p []byte) (int, error) {
	keep := min(len(p), l.left)
	l.left -= keep
	l.over = l.over || keep < len(p)
	l.kept.Write(p[:keep])
	if l.over && l.strict {
		return keep, errTooMuch
	}
	return len(p), nil
}
