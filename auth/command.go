package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	// commandGrace is how long a command's leftover children may hold its output open.
	commandGrace = time.Second
	// maxComplaint bounds what is shown of a command's standard error.
	maxComplaint = 1 << 10
	// tempFail is EX_TEMPFAIL of sysexits(3), by which a program says itself that it may do better later.
	tempFail = 75
)

// program is one to run for what it prints.
type program struct {
	argv  []string
	input string   // its standard input
	env   []string // its environment; nil is ours
}

// run runs a program: no shell, nothing of our own standard input (which is the message), a time limit also for the
// children it leaves behind, ctx's end, and an output limit. The error has what it said on its standard error.
func run(ctx context.Context, p program) (string, error) {
	out, errs := limited{left: maxSecret, strict: true}, limited{left: maxComplaint}
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay, cmd.Env = &out, &errs, commandGrace, p.env
	if p.input != "" {
		cmd.Stdin = strings.NewReader(p.input)
	}
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return out.kept.String(), nil
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case out.over:
		err = errTooLong
	case errors.As(err, &exit) && exit.ExitCode() != tempFail && exit.Exited(): // it knows that it has none
	default:
		err = judge(err)
	}
	// A shell that is told to tell what it does tells the secret.
	said := errs.kept.String()
	if secret, _, _ := strings.Cut(out.kept.String(), "\n"); len(secret) >= 4 {
		said = strings.ReplaceAll(said, secret, masked)
	}
	said = strings.Join(strings.Fields(said), " ")
	if said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return "", err
}

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
		return keep, errTooLong
	}
	return len(p), nil
}
