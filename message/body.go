package message

import (
	"bytes"
	"io"
	"os"
)

// spoolBlock is how much of a body stays in memory: nearly all mail is smaller. The temporary file gets the rest in
// whole blocks, which its file system takes best.
const spoolBlock = 64 << 10

// body is a body in wire form: its end in memory, the rest before it in a file that has no name any more, so that
// nothing is left behind however the program ends.
type body struct {
	file    *os.File
	spooled int64 // octets in the file
	memory  []byte
	column  int  // octets of the line so far
	unfit   bool // see Message.Unfit
	nul     bool // see Message.HasNUL

	stored *io.SectionReader // the whole body, where somebody else keeps it; else nil
	store  io.Closer
}

func (b *body) Write(p []byte) (int, error) {
	b.memory = append(b.memory, p...)
	return len(p), b.spill()
}

// spill moves the whole blocks that are in memory to the file.
func (b *body) spill() error {
	whole := len(b.memory) - len(b.memory)%spoolBlock
	if whole == 0 {
		return nil
	}
	if b.file == nil {
		if err := b.create(); err != nil {
			return err
		}
	}
	if _, err := b.file.Write(b.memory[:whole]); err != nil {
		return &SpoolError{err}
	}
	b.spooled += int64(whole)
	b.memory = append(b.memory[:0], b.memory[whole:]...)
	return nil
}

func (b *body) create() (err error) {
	b.file, err = TempFile()
	return err
}

// TempFile is a file without a name, which is gone when it is closed, or the program ends. The error is a *SpoolError.
func TempFile() (*os.File, error) {
	f, err := os.CreateTemp("", "postern-*") // O_EXCL and 0600
	if err != nil {
		return nil, &SpoolError{err}
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, &SpoolError{err}
	}
	return f, nil
}

func (b *body) size() int64 {
	if b.stored != nil {
		return b.stored.Size()
	}
	return b.spooled + int64(len(b.memory))
}

func (b *body) open() io.Reader {
	if b.stored != nil {
		return io.NewSectionReader(b.stored, 0, b.stored.Size())
	}
	if b.file == nil {
		return bytes.NewReader(b.memory)
	}
	return io.MultiReader(io.NewSectionReader(b.file, 0, b.spooled), bytes.NewReader(b.memory))
}

func (b *body) close() error {
	if b.store != nil {
		return b.store.Close()
	}
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
