package message

import (
	"bufio"
	"bytes"
	"io"
	"os"
)

const (
	// memoryBody is how much of a body stays in memory: nearly all mail is smaller.
	memoryBody = 64 << 10
	// spoolBuffer is the size of the writes to the temporary file.
	spoolBuffer = 64 << 10
)

// body is a body in wire form: its beginning in memory, the rest in a file that has no name any more, so that
// nothing is left behind however the program ends.
type body struct {
	size   int64
	memory []byte
	file   *os.File
	buffer *bufio.Writer
	column int  // octets of the line so far
	unfit  bool // see Message.Unfit
}

func (b *body) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	keep := min(len(p), memoryBody-len(b.memory))
	b.memory = append(b.memory, p[:keep]...)
	if keep == len(p) {
		return len(p), nil
	}
	if b.file == nil {
		if err := b.create(); err != nil {
			return 0, err
		}
	}
	n, err := b.buffer.Write(p[keep:])
	if err != nil {
		err = &SpoolError{err}
	}
	return keep + n, err
}

func (b *body) create() error {
	f, err := os.CreateTemp("", "postern-*") // O_EXCL and 0600
	if err != nil {
		return &SpoolError{err}
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return &SpoolError{err}
	}
	b.file, b.buffer = f, bufio.NewWriterSize(f, spoolBuffer)
	return nil
}

// finish writes out what is buffered; the body is complete after it.
func (b *body) finish() error {
	if b.file == nil {
		return nil
	}
	if err := b.buffer.Flush(); err != nil {
		return &SpoolError{err}
	}
	b.buffer = nil
	return nil
}

func (b *body) open() io.Reader {
	if b.file == nil {
		return bytes.NewReader(b.memory)
	}
	return io.MultiReader(
		bytes.NewReader(b.memory),
		io.NewSectionReader(b.file, 0, b.size-int64(len(b.memory))))
}

func (b *body) close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
