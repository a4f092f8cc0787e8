package receipt

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"postern/conf"
)

// toFile adds a line to a file, for its owner alone. An empty path is the usual file, whose folder is made, too.
func toFile(path string, r *Receipt) error {
	usual := path == ""
	if usual {
		if path = conf.LogFile(); path == "" {
			return errors.New("there is no home folder to keep it in")
		}
	}
	f, err := openLog(path)
	if usual && errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err = openLog(path)
	}
	if err != nil {
		return err
	}
	line, err := lineFor(f, r)
	if err == nil {
		_, err = f.WriteString(line) // one call, so that the lines of several processes don't mix
	}
	return errors.Join(err, f.Close())
}

// openLog opens without waiting for anybody: a pipe without a reader would.
func openLog(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
}

// turn waits until nobody else writes to the file, which is ours then until it is closed. Where somebody holds it for too
// long the line is written all the same, and in one piece.
func turn(f *os.File) bool {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil || !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(end) {
			return err == nil
		}
	}
}

// lineFor is the receipt's line. It begins with a line end where the file ends within a line, as a disk that was full or
// a process that was killed leaves it: half a line must not spoil the next. While somebody else writes, where the file
// ends means nothing.
func lineFor(f *os.File, r *Receipt) (string, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", &fs.PathError{Op: "write", Path: f.Name(), Err: errors.New("not a regular file")}
	}
	line := r.String() + "\n"
	if !turn(f) {
		return line, nil
	}
	last := make([]byte, 1)
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil && end > 0 {
		_, err = f.ReadAt(last, end-1)
		if err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	return line, err
}
