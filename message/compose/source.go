package compose

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"postern/message"
)

// Source is a text or a file, which can be read as often as needed.
type Source struct {
	name  string // for people
	data  *io.SectionReader
	close io.Closer // or nil
}

// FromString is a source of a text.
func FromString(name, text string) *Source {
	return &Source{name, io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), nil}
}

// FromFile opens a file. What can be read but once, such as a pipe, is kept in a temporary file without a name.
func FromFile(name string) (*Source, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &FileError{name, cause(err)}
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = &FileError{name, cause(err)}
	case info.IsDir():
		err = &FileError{name, errors.New("is a folder")}
	case info.Mode().IsRegular():
		return &Source{name, io.NewSectionReader(f, 0, info.Size()), f}, nil
	}
	defer f.Close()
	if err != nil {
		return nil, err
	}
	return FromReader(name, f)
}

// cause is an error of the file system without the file's name, which is told of already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// inMemory is how much of a reader is kept in memory.
const inMemory = 64 << 10

// FromReader reads all that a reader has: a little is kept in memory, more in a temporary file without a name.
func FromReader(name string, r io.Reader) (*Source, error) {
	var begin bytes.Buffer
	n, err := io.CopyN(&begin, r, inMemory+1)
	if errors.Is(err, io.EOF) {
		return &Source{name, io.NewSectionReader(bytes.NewReader(begin.Bytes()), 0, n), nil}, nil
	}
	if err != nil {
		return nil, &FileError{name, cause(err)}
	}
	f, err := message.TempFile()
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(begin.Bytes()); err != nil {
		f.Close()
		return nil, &message.SpoolError{Err: err}
	}
	// The two sides fail apart: a file that can't be read is not a disk that is full.
	from := &failing{r: r}
	more, err := io.Copy(f, from)
	switch {
	case from.err != nil:
		err = &FileError{name, cause(from.err)}
	case err != nil:
		err = &message.SpoolError{Err: err}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Source{name, io.NewSectionReader(f, 0, n+more), f}, nil
}

// failing is a reader that remembers how it failed.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// Empty tells whether there is nothing but white space in it.
func (s *Source) Empty() (bool, error) {
	buf := make([]byte, 4<<10)
	for r := s.Open(); ; {
		n, err := r.Read(buf)
		if len(bytes.TrimSpace(buf[:n])) > 0 {
			return false, nil
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, &FileError{s.name, cause(err)}
		}
	}
}

// Size is how long it is.
func (s *Source) Size() int64 { return s.data.Size() }

// Close closes its file.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close.Close()
}

// Open gives it from its beginning.
func (s *Source) Open() io.Reader { return io.NewSectionReader(s.data, 0, s.data.Size()) }

// maxPage bounds a text that is worked on in memory.
const maxPage = 8 << 20

// whole is all of it, as UTF-8.
func (s *Source) whole() (string, error) {
	if s.Size() > maxPage {
		return "", dataError("%s has over %d octets, which is too much to put pictures in", s.name, maxPage)
	}
	text, err := io.ReadAll(s.Open())
	if err != nil {
		return "", &FileError{s.name, cause(err)}
	}
	return string(bytes.TrimPrefix(text, byteOrderMark)), nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")
