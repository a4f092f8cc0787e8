package auth

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// readFile reads a file of at most limit octets; private demands that its owner alone can read it.
func readFile(name string, limit int64, private bool) (string, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe that nobody writes to must not hold us
	if err != nil {
		return "", cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", cause(err)
	}
	if mode := info.Mode().Perm(); private && mode&0o077 != 0 {
		return "", fmt.Errorf("it has passwords and mode %04o, which others can read: run chmod 600 %s", mode, name)
	}
	_ = f.SetReadDeadline(time.Now().Add(personLimit)) // of effect on pipes alone
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", cause(err)
	}
	if int64(len(data)) > limit {
		return "", fmt.Errorf("more than %d octets", limit)
	}
	return string(data), nil
}

// cause is an error of a file without its name, which the source has said.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
