package main

import (
	"strings"
	"testing"
	"time"
)

// TestProgress: a line after a second, of octets, rate and time left, drawn anew in place and taken away in the end.
func TestProgress(t *testing.T) {
	var out strings.Builder
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	p := &progress{out: &out, now: func() time.Time { return now }}
	more := p.message(10_000_000)
	for _, step := range []struct {
		after time.Duration
		n     int
		want  string
	}{
		{0, 100_000, ""},
		{900 * time.Millisecond, 900_000, ""},
		{100 * time.Millisecond, 1_000_000, "\r2.0 MB of 10.0 MB, 2.0 MB/s, 4s left"},
		{100 * time.Millisecond, 1_000_000, ""}, // too soon for another
		{900 * time.Millisecond, 1_000_000, "\r4.0 MB of 10.0 MB, 2.0 MB/s, 3s left"},
		{8 * time.Second, 5_999_500, "\r10.0 MB of 10.0 MB, 1.0 MB/s, 0s left"},
		{0, 500, "\r10.0 MB sent, waiting for the server"},
	} {
		out.Reset()
		now = now.Add(step.after)
		more(step.n)
		if got := strings.TrimRight(out.String(), " "); got != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	out.Reset()
	p.hide()
	p.hide()
	if got := out.String(); strings.ReplaceAll(got, " ", "") != "\r\r" || len(got) != 2+len("10.0 MB sent, waiting for the server") {
		t.Errorf("%q", got)
	}
	var none *progress
	none.hide()
}

// TestProgressTogether: several messages at once have one line.
func TestProgressTogether(t *testing.T) {
	var out strings.Builder
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	p := &progress{out: &out, now: func() time.Time { return now }}
	a, b := p.message(1000), p.message(3000)
	a(1000)
	now = now.Add(2 * time.Second)
	b(1000)
	defer p.hide()
	if out.String() != "\r2.0 kB of 4.0 kB, 1.0 kB/s, 2s left" {
		t.Errorf("%q", out.String())
	}
}

// lines gives what is written.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// TestProgressOfWaiting: a message that is through at once, and that the server is slow to answer, has its line, too.
func TestProgressOfWaiting(t *testing.T) {
	shown := make(lines, 100)
	p := &progress{out: shown, now: time.Now}
	p.message(3000)(3000)
	for range 2 {
		if line := <-shown; !strings.HasSuffix(strings.TrimRight(line, " "), "kB sent, waiting for the server") {
			t.Errorf("%q", line)
		}
	}
	p.hide()
	last := ""
	for len(shown) > 0 {
		last = <-shown
	}
	if strings.ReplaceAll(last, " ", "") != "\r\r" {
		t.Errorf("in the end: %q", last)
	}
}
