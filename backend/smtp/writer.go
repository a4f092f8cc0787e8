package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// writer writes one flight, in blocks.
type writer struct {
	*conn
	alone   bool       // in a goroutine of its own
	buf     []byte     // the block
	marks   []question // the questions in it
	scratch []byte
}

// question is where in a block something ends that asks for replies.
type question struct{ at, asks int }

// write writes the flight. An error leaves the message without its end.
func (w *writer) write(f flight) error {
	for _, p := range f.parts {
		if p.body == nil {
			w.show(p)
			w.buf = append(append(w.buf, p.line...), "\r\n"...)
		} else if err := w.message(p); err != nil {
			return err
		}
		if p.asks > 0 {
			w.marks = append(w.marks, question{len(w.buf), p.asks})
		}
		// The end of a message ends its block, if a writer of its own does this: what follows may have to wait for
		// replies to be read, and whether the message has left must not depend on that.
		if len(w.buf) >= block || w.alone && p.body != nil {
			if err := w.flush(p.stage); err != nil {
				return err
			}
		}
	}
	return w.flush(f.parts[len(f.parts)-1].stage)
}

// show puts a command into the dialogue.
func (w *writer) show(p part) {
	if p.shown != "" {
		w.dialogue.client(p.shown)
	} else {
		w.dialogue.client(p.line)
	}
}

// message adds a message to the block, and writes the block as often as it is full.
func (w *writer) message(p part) error {
	w.dialogue.client(fmt.Sprintf("[%d octets]", p.size))
	lineStart, begun := true, false
	for left := p.size; left > 0; {
		if len(w.buf) >= block {
			if err := w.flush(p.stage); err != nil {
				return err
			}
			begun = true
		}
		if cap(w.buf) == len(w.buf) {
			w.buf = append(make([]byte, 0, block+block/16), w.buf...)
		}
		from := len(w.buf)
		room := w.buf[from:min(int64(cap(w.buf)), int64(from)+left, max(block, int64(from)+1))]
		n, err := p.body.Read(room)
		if err == io.EOF && int64(n) < left {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			return readError{err}
		}
		left -= int64(n)
		w.buf = w.buf[:from+n]
		if p.dots && n > 0 {
			ends := w.buf[from+n-1] == '\n'
			w.stuff(from, lineStart)
			lineStart = ends
		}
	}
	if n, _ := io.ReadFull(p.body, make([]byte, 1)); n > 0 {
		return readError{errors.New("the message is longer than it was")}
	}
	if begun && w.alone { // the message has taken a while: what came in it is no answer to its end
		if err := w.hold(); err != nil {
			return err
		}
	}
	if !p.dots {
		return nil
	}
	w.dialogue.client(".")
	w.buf = append(w.buf, ".\r\n"...)
	return nil
}

// stuff puts a dot before each dot that begins a line in the block's end (RFC 5321 section 4.5.2), which goes from the
// octet at from. lineStart tells whether that begins a line.
func (w *writer) stuff(from int, lineStart bool) {
	p := w.buf[from:]
	first := lineStart && len(p) > 0 && p[0] == '.'
	if !first && !bytes.Contains(p, lineDot) {
		return
	}
	w.scratch = append(w.scratch[:0], p...)
	w.buf, p = w.buf[:from], w.scratch
	if first {
		w.buf = append(w.buf, '.')
	}
	for {
		i := bytes.Index(p, lineDot)
		if i < 0 {
			w.buf = append(w.buf, p...)
			return
		}
		w.buf = append(append(w.buf, p[:i+2]...), '.')
		p = p[i+2:]
	}
}

var lineDot = []byte("\n.")

// hold waits until receive has found the server silent.
func (w *writer) hold() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holding = true
	if w.peeking {
		_ = w.net.SetReadDeadline(time.Now().Add(silence))
	}
	for w.holding && !w.closed {
		w.changed.Wait()
	}
	if w.closed {
		return net.ErrClosed
	}
	return nil
}

// flush writes the block within the stage's time limit. The questions count as asked as soon as the connection has
// them, since the server may be quick to answer; they have left when the write is through.
func (w *writer) flush(st stage) error {
	if len(w.buf) == 0 {
		return nil
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return net.ErrClosed
	}
	for _, q := range w.marks {
		w.asked += q.asks
	}
	err := w.net.SetWriteDeadline(time.Now().Add(st.capped(w.cap).limit))
	w.mu.Unlock()
	n := 0
	if err == nil {
		n, err = w.net.Write(w.buf)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, q := range w.marks {
		if n >= q.at {
			w.gone += q.asks
		}
	}
	w.buf, w.marks = w.buf[:0], w.marks[:0]
	w.changed.Broadcast()
	return err
}
