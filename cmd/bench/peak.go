//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ptraceExitKill is PTRACE_O_EXITKILL, which package syscall leaves out: no child outlives us.
const ptraceExitKill = 1 << 20

// peak runs the command and returns the most memory it had resident, in MB.
//
// The obvious figure, ru_maxrss of the reaped child, is wrong here. At exec the kernel keeps the high-water
// mark of the address space that the process leaves, and a child started by vfork leaves ours: every small
// program would be reported with the size of this one. VmHWM in /proc belongs to the address space made by
// exec alone, but is gone as soon as the process is. So the child is traced, and stopped once, at the door of
// exit while its memory is still there; that is where VmHWM is read. Only the first thread is traced, and
// exit_group stops it there whichever thread called it. TestPeak shows both figures.
//
// Being traced costs time, so these runs are not timed.
func (t *trial) peak(c command) (float64, error) {
	f, err := t.files()
	if err != nil {
		return 0, err
	}
	defer f.close()
	kb, _, err := tracePeak(c.argv, append(t.env, c.env...), []uintptr{f.in.Fd(), f.out.Fd(), f.err.Fd()}, t.limit)
	return float64(kb) * 1024 / 1e6, t.verdict(f, err)
}

// tracePeak returns VmHWM at exit, and ru_maxrss only for the test to compare. Both are in KiB.
func tracePeak(argv, env []string, fds []uintptr, limit time.Duration) (hwm, maxrss int64, err error) {
	runtime.LockOSThread() // ptrace knows its tracer by the thread
	defer runtime.UnlockOSThread()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Env: env, Files: fds, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return 0, 0, fmt.Errorf("cannot start traced: %w", err)
	}
	defer time.AfterFunc(limit, func() { syscall.Kill(pid, syscall.SIGKILL) }).Stop()

	var status syscall.WaitStatus
	var usage syscall.Rusage
	for first := true; ; first = false {
		_, err = syscall.Wait4(pid, &status, 0, &usage)
		for errors.Is(err, syscall.EINTR) {
			_, err = syscall.Wait4(pid, &status, 0, &usage)
		}
		if err != nil {
			return 0, 0, err
		}
		if !status.Stopped() {
			break
		}
		signal := status.StopSignal()
		switch {
		case first: // the exec
			signal = 0
			err = syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACEEXIT|ptraceExitKill)
		case status.TrapCause() == syscall.PTRACE_EVENT_EXIT:
			signal = 0
			hwm, err = highWater(pid)
		case signal == syscall.SIGTRAP: // a further exec: a script that became another program
			signal = 0
		}
		if err == nil {
			err = syscall.PtraceCont(pid, int(signal))
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) { // ESRCH: killed meanwhile, the next wait tells
			syscall.Kill(pid, syscall.SIGKILL)
			syscall.Wait4(pid, &status, 0, nil)
			return 0, 0, fmt.Errorf("ptrace: %w", err)
		}
	}
	switch {
	case status.Signaled():
		err = fmt.Errorf("signal: %s", status.Signal())
	case status.ExitStatus() != 0:
		err = fmt.Errorf("exit status %d", status.ExitStatus())
	case hwm == 0:
		err = errors.New("exited without being seen")
	default:
		err = nil
	}
	return hwm, usage.Maxrss, err
}

func highWater(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			return strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 10, 64)
		}
	}
	return 0, errors.New("no VmHWM")
}
