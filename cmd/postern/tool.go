package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

// toolPatience is how long a program that was told to end, or has ended, may still hold its streams.
const toolPatience = 2 * time.Second

// maxWords bounds what is told of a program's complaint.
const maxWords = 4 << 10

// runTool runs a program of this machine's, and gives what it prints and what it complains of, the latter as one line. It
// asks nobody anything: its standard input is empty. A signal of ours lets it end as it likes, so that dpkg can put things
// in order.
func runTool(ctx context.Context, argv ...string) (out, complaint string, err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = toolPatience
	var printed strings.Builder
	said := &limited{most: maxWords}
	cmd.Stdout, cmd.Stderr = &printed, said
	err = cmd.Run()
	if err != nil && ctx.Err() != nil {
		err = errInterrupted
	}
	return printed.String(), oneLine(said.String()), err
}

// limited is a buffer that keeps so much of what is written.
type limited struct {
	bytes.Buffer
	most int
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	kept := p[:min(len(p), l.most-l.Len())]
	l.over = l.over || len(kept) < len(p)
	l.Buffer.Write(kept)
	return len(p), nil
}
