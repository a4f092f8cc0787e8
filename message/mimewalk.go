package message

import (
	"bytes"
	"errors"
	"io"
)

const (
	// maxDepth bounds how deep parts may be within each other, and maxParts how many there are: what is known of each
	// stays in memory.
	maxDepth = 32
	maxParts = 10000
)

const (
	errDepth = ConversionError("the message has parts in over 32 levels")
	errParts = ConversionError("the message has over 10000 parts")
)

// visitor is told of the parts of a message in their order. Text comes in pieces without line ends; the line end
// before a delimiter belongs to that (RFC 2046 section 5.1.1).
type visitor interface {
	begin(e *entity) error
	text(e *entity, piece []byte) error
	lineEnd(e *entity) error
	delimiter(line []byte, lineEnd bool) error
	end(e *entity) error
}

// walker goes through the entities of a message (RFC 2045 section 2.4). A header that ends without a blank line ends
// at the first line that can't be a field, and a part that isn't closed ends with the one that it is in.
type walker struct {
	v       visitor
	stack   []*entity
	count   int
	pending bool // the last line has its end still to come
}

func walk(m *Message, v visitor) error {
	w := &walker{v: v}
	top := &entity{message: true, header: m.raw[:len(m.raw)-len(crlf)], blank: true}
	w.stack = append(w.stack, top)
	if err := w.begin(top); err != nil {
		return err
	}
	l := newLines(m.body.open(), false)
	first := true
	for {
		text, whole, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return asSpoolError(err)
		}
		if err := w.line(text, first, whole); err != nil {
			return err
		}
		first = whole
	}
	if w.pending {
		if err := v.lineEnd(w.inner()); err != nil {
			return err
		}
	}
	return w.leave(0)
}

// asSpoolError is for what fails in reading a body back.
func asSpoolError(err error) error {
	if read := (*ReadError)(nil); errors.As(err, &read) {
		err = read.Err
	}
	if spool := (*SpoolError)(nil); errors.As(err, &spool) {
		return spool
	}
	return &SpoolError{err}
}

func (w *walker) inner() *entity { return w.stack[len(w.stack)-1] }

// line takes a line, or a piece of one.
func (w *walker) line(text []byte, first, whole bool) error {
	if first && whole {
		if i, closes := w.delimits(text); i >= 0 {
			return w.delimit(i, text, closes)
		}
	}
	e := w.inner()
	if e.inHeader {
		switch {
		case first && len(text) == 0:
			e.blank = true
			return w.begin(e)
		case first && !isField(text) && (!isFolded(text) || len(e.header) == 0):
			if err := w.begin(e); err != nil {
				return err
			}
			return w.line(text, first, whole)
		case len(e.header)+len(text) > MaxHeader:
			return errHeaderSize
		}
		e.header = append(e.header, text...)
		if whole {
			e.header = append(e.header, crlf...)
		}
		return nil
	}
	if w.pending && first {
		if err := w.v.lineEnd(e); err != nil {
			return err
		}
	}
	w.pending = whole
	if len(text) == 0 {
		return nil
	}
	return w.v.text(e, text)
}

// delimits finds the multipart that a line delimits or closes, from the outermost on; -1 is none.
func (w *walker) delimits(line []byte) (i int, closes bool) {
	if !bytes.HasPrefix(line, []byte("--")) {
		return -1, false
	}
	line = bytes.TrimRight(line, " \t")
	for i, e := range w.stack {
		if e.boundary == "" {
			continue
		}
		switch rest, ok := bytes.CutPrefix(line[2:], []byte(e.boundary)); {
		case ok && len(rest) == 0:
			return i, false
		case ok && string(rest) == "--":
			return i, true
		}
	}
	return -1, false
}

// delimit leaves what is within the multipart that a line delimits, and enters its next part. A part behind the
// closing delimiter is one too, rather than lost.
func (w *walker) delimit(i int, line []byte, closes bool) error {
	if err := w.leave(i + 1); err != nil {
		return err
	}
	if err := w.v.delimiter(line, w.pending); err != nil {
		return err
	}
	w.pending = false
	if closes {
		return nil
	}
	w.inner().parts++
	return w.enter(&entity{})
}

// leave ends the entities from the innermost on until depth are left.
func (w *walker) leave(depth int) error {
	for len(w.stack) > depth {
		e := w.inner()
		if e.inHeader { // and has no body
			if err := w.begin(e); err != nil {
				return err
			}
			continue
		}
		if err := w.v.end(e); err != nil {
			return err
		}
		w.stack = w.stack[:len(w.stack)-1]
	}
	return nil
}

// enter goes to the header of an entity.
func (w *walker) enter(e *entity) error {
	if len(w.stack) == maxDepth {
		return errDepth
	}
	e.inHeader = true
	e.parent = w.inner()
	w.stack = append(w.stack, e)
	return nil
}

// begin is called when the header of the innermost entity is there.
func (w *walker) begin(e *entity) error {
	if w.count == maxParts {
		return errParts
	}
	e.inHeader = false
	e.index = w.count
	w.count++
	e.classify()
	if err := w.v.begin(e); err != nil {
		return err
	}
	if e.kind == nested {
		return w.enter(&entity{message: true})
	}
	return nil
}
