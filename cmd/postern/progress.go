package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"postern/backend"
)

const (
	progressAfter = time.Second            // what is through sooner needs no line
	progressEvery = 200 * time.Millisecond // between two drawings
)

// progress is a line on a terminal that says how far messages are on their way. A run of the queue has several at once.
type progress struct {
	out io.Writer
	now func() time.Time

	mu          sync.Mutex
	timer       *time.Timer // draws while nothing goes out; nil where the line is taken away
	begun       time.Time   // of the first octet
	drawn       time.Time
	width       int // of the line that shows, or 0
	sent, total int64
}

// message is told that a message of size octets goes out, and gives what counts them.
func (p *progress) message(size int64) func(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += size
	return p.octets
}

// octets counts what has gone out.
func (p *progress) octets(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.begun.IsZero() {
		p.begun = now
	}
	p.sent += int64(n)
	if p.timer == nil {
		p.timer = time.AfterFunc(max(progressEvery, p.begun.Add(progressAfter).Sub(now)), p.tick)
	}
	whole := p.sent >= p.total
	if now.Sub(p.begun) < progressAfter || now.Sub(p.drawn) < progressEvery && !whole {
		return
	}
	p.draw(now)
}

// tick draws the line anew: a server may be slow to read, or to answer.
func (p *progress) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil { // it was taken away meanwhile
		return
	}
	p.draw(p.now())
	p.timer.Reset(progressEvery)
}

// draw draws the line in place of the last one.
func (p *progress) draw(now time.Time) {
	p.drawn = now
	line := p.line(now.Sub(p.begun))
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

// line is what shows after so much time: octets, rate, and the time that is left.
func (p *progress) line(spent time.Duration) string {
	if p.sent >= p.total { // by now any rate would be that of the wait
		return backend.Units(p.total) + " sent, waiting for the server"
	}
	rate := float64(p.sent) / spent.Seconds()
	line := fmt.Sprintf("%s of %s, %s/s, ", backend.Units(p.sent), backend.Units(p.total), backend.Units(int64(rate)))
	left := time.Duration(float64(p.total-p.sent) / max(rate, 1) * float64(time.Second))
	return line + left.Round(time.Second).String() + " left"
}

// hide takes the line away, for other words or for good.
func (p *progress) hide() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if p.width > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
