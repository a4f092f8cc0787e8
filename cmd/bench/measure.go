//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A command is one of the programs compared.
type command struct {
	name string
	argv []string // the first one is a path
	env  []string // more of it, on top of the trial's
}

// A trial is a set of commands that do the same work, and how often they do it.
type trial struct {
	title    string
	commands []command
	bases    []string // the first command is compared with these, where they are among the commands
	stdin    string
	env      []string
	dir      string       // scratch
	check    func() error // what has to hold after each run, besides exit status 0

	warmup, rounds int
	memoryRounds   int
	countRounds    int // 0 where instructions cannot be counted
	limit          time.Duration
}

// series holds a figure of each command by round; the commands of one round ran side by side.
type series map[string][]float64

// A result is what a trial measured: wall and CPU in ms, memory in MB, millions of instructions.
type result struct {
	*trial
	wall, cpu, memory, instructions series
}

// run does the trial: first the rounds that are timed, then those for memory and instructions, which need
// an observer that would spoil the times.
func (t *trial) run(ctx context.Context) (*result, error) {
	r := &result{trial: t, wall: series{}, cpu: series{}, memory: series{}, instructions: series{}}
	err := t.eachRound(ctx, t.warmup+t.rounds, func(round int, c command) error {
		wall, cpu, err := t.timed(ctx, c)
		if round >= t.warmup {
			r.wall.add(c, wall)
			r.cpu.add(c, cpu)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = t.eachRound(ctx, t.memoryRounds, func(_ int, c command) error {
		mb, err := t.peak(c)
		r.memory.add(c, mb)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = t.eachRound(ctx, t.countRounds, func(_ int, c command) error {
		n, err := t.counted(ctx, c)
		r.instructions.add(c, n)
		return err
	})
	return r, err
}

func (s series) add(c command, v float64) { s[c.name] = append(s[c.name], v) }

// eachRound runs every command once a round, in an order of its own each round: a command that leaves the
// processor cold or a cache warm must not always come before the same other one.
func (t *trial) eachRound(ctx context.Context, rounds int, once func(int, command) error) error {
	for round := range rounds {
		runtime.GC() // between the runs, not within one: see main
		for _, i := range rand.Perm(len(t.commands)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := once(round, t.commands[i]); err != nil {
				return fmt.Errorf("%s: %s: %w", t.title, t.commands[i].name, err)
			}
		}
	}
	return nil
}

// timed measures by a monotonic clock around start and reap, and by the kernel's account of the child.
func (t *trial) timed(ctx context.Context, c command) (wall, cpu float64, err error) {
	ctx, stop := context.WithTimeout(ctx, t.limit)
	defer stop()
	f, err := t.files()
	if err != nil {
		return 0, 0, err
	}
	defer f.close()
	e := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	e.Env = append(t.env, c.env...)
	e.Stdin, e.Stdout, e.Stderr = f.in, f.out, f.err // files, so that no copying goes on beside the child
	start := time.Now()
	err = e.Run()
	wall = float64(time.Since(start).Nanoseconds()) / 1e6
	if err == nil || errors.As(err, new(*exec.ExitError)) {
		u := e.ProcessState.SysUsage().(*syscall.Rusage)
		cpu = float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
	}
	return wall, cpu, t.verdict(f, err)
}

// counted returns millions of instructions in user mode, all threads, from the exec on.
func (t *trial) counted(ctx context.Context, c command) (float64, error) {
	out := filepath.Join(t.dir, "perf")
	c.argv = append([]string{"perf", "stat", "-x,", "-e", perfEvent, "-o", out, "--"}, c.argv...)
	path, err := exec.LookPath(c.argv[0])
	if err != nil {
		return 0, err
	}
	c.argv[0] = path
	if _, _, err := t.timed(ctx, c); err != nil {
		return 0, err
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return 0, err
	}
	n, err := perfCount(string(b))
	return n / 1e6, err
}

const perfEvent = "instructions:u"

// perfCount finds the count in the output of perf stat -x, which begins with a comment.
func perfCount(out string) (float64, error) {
	for l := range strings.Lines(out) {
		if f := strings.Split(l, ","); len(f) > 2 && strings.HasPrefix(f[2], "instructions") {
			return strconv.ParseFloat(f[0], 64) // or it is "<not supported>"
		}
	}
	return 0, errors.New("perf stat printed no count")
}

// canCount tells whether perf stat is there and the kernel lets it count.
func canCount() bool {
	var out bytes.Buffer
	e := exec.Command("perf", "stat", "-x,", "-e", perfEvent, "--", "true")
	e.Stderr = &out
	if e.Run() != nil {
		return false
	}
	_, err := perfCount(out.String())
	return err == nil
}

// files are the three that a child gets.
type files struct{ in, out, err *os.File }

func (t *trial) files() (*files, error) {
	var f files
	var err error
	if f.in, err = os.Open(t.stdin); err != nil {
		return nil, err
	}
	if f.out, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		f.err, err = os.Create(filepath.Join(t.dir, "stderr"))
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return &f, nil
}

func (f *files) close() {
	for _, x := range []*os.File{f.in, f.out, f.err} {
		if x != nil {
			x.Close()
		}
	}
}

// verdict is nil for a run that did its work: a fast failure must never count as speed.
func (t *trial) verdict(f *files, err error) error {
	said, _ := os.ReadFile(f.err.Name())
	checked := t.check() // in any case: it makes ready for the next run
	if err == nil {
		err = checked
	}
	if err == nil && bytes.Contains(said, []byte("cannot be preloaded")) {
		err = errors.New("the preloaded library was not taken") // the loader only warns
	}
	if err != nil && len(said) > 0 {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(said[:min(len(said), 2000)]))
	}
	return err
}
