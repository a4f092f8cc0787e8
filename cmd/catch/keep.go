package catch

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// spooled is a message in a file without a name.
type spooled struct {
	*os.File
	size int64
}

// spool reads a message to its end, in bounded memory.
func spool(r io.Reader) (*spooled, error) {
	f, err := os.CreateTemp("", "postern-catch-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	size, err := io.Copy(f, r)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &spooled{f, size}, nil
}

// keep puts the message where the options want it, and gives the file's name. A file is there whole or not at all.
func (s *Server) keep(m *Message) (string, error) {
	switch {
	case s.options.Maildir != "":
		return keepMaildir(s.options.Maildir, m)
	case s.options.EML != "":
		return keepEML(s.options.EML, m)
	}
	return "", nil
}

// keepEML writes the message as it came. The names sort in the order of the messages.
func keepEML(dir string, m *Message) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s-%s.eml", m.Time.Format("20060102-150405.000000"), rand.Text()[:8])
	return place(filepath.Join(dir, "."+name+".part"), filepath.Join(dir, name), m.Open())
}

// keepMaildir files the message as maildir(5) has it, with the envelope at its top (RFC 5321 section 4.4) and LF line
// ends.
func keepMaildir(dir string, m *Message) (string, error) {
	for _, folder := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return "", err
		}
	}
	read, write := io.Pipe()
	defer read.Close()
	go func() { write.CloseWithError(unixText(write, m)) }()
	name := fmt.Sprintf("%d.M%06dP%dR%s.catch", m.Time.Unix(), m.Time.Nanosecond()/int(time.Microsecond), os.Getpid(), rand.Text()[:16])
	return place(filepath.Join(dir, "tmp", name), filepath.Join(dir, "new", name), read)
}

// unixText writes the envelope's fields and the message with LF line ends.
func unixText(out io.Writer, m *Message) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "Return-Path: <%s>\n", flat(m.From))
	for _, to := range m.To {
		fmt.Fprintf(w, "Delivered-To: %s\n", flat(to.Address))
	}
	r := bufio.NewReader(m.Open())
	for {
		c, err := r.ReadByte()
		if err == io.EOF {
			return w.Flush()
		}
		if err != nil {
			return err
		}
		if next, _ := r.Peek(1); c == '\r' && len(next) == 1 && next[0] == '\n' {
			continue
		}
		w.WriteByte(c) // an error shows in Flush
	}
}

// place writes a file under one name, and gives it another when it is whole. Nobody else has a name like these.
func place(temporary, final string, r io.Reader) (string, error) {
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(temporary)
		return "", err
	}
	return final, os.Rename(temporary, final)
}
