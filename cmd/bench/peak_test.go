//go:build linux

package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

const (
	ballast    = 96 << 20
	ballastEnv = "BENCH_TEST_BALLAST"
)

func TestMain(m *testing.M) {
	if os.Getenv(ballastEnv) != "" { // the big child of TestPeak
		touch()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func touch() []byte {
	b := make([]byte, ballast)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}

// TestPeak starts a small and a big child from a big parent. The small one must not inherit our size, as its
// ru_maxrss does, and the big one must show its own.
func TestPeak(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fds := []uintptr{null.Fd(), null.Fd(), null.Fd()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := touch()
	small, maxrss, err := tracePeak([]string{"/bin/true"}, nil, fds, time.Minute)
	if errors.Is(err, syscall.EPERM) {
		t.Skip("tracing a child is not allowed here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if small > 20<<10 || maxrss < ballast>>10 {
		t.Errorf("true, started from %d KiB: %d KiB, ru_maxrss %d KiB", ballast>>10, small, maxrss)
	}
	runtime.KeepAlive(parent)
	// The race detector's shadow takes as much again.
	big, _, err := tracePeak([]string{self}, []string{ballastEnv + "=1"}, fds, time.Minute)
	if err != nil || big < ballast>>10 || big > 3*ballast>>10 {
		t.Errorf("a child of %d KiB: %d KiB, %v", ballast>>10, big, err)
	}
}
