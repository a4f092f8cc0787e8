package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// readFile reads a file of at most limit octets; private demands that its owner alone can read it.
func readFile(ctx context.Context, name string, limit int64, private bool) (string, error) {
	f, err := openFile(ctx, name)
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
	defer context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Now()) })() // of effect on pipes alone
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", context.Cause(ctx)
	case err != nil:
		return "", cause(err)
	}
	if int64(len(data)) > limit {
		return "", fmt.Errorf("more than %d octets", limit)
	}
	return string(data), nil
}

// openFile opens a file. A pipe is open once somebody writes to it, which may be never: then it is left behind.
func openFile(ctx context.Context, name string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(name)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// cause is an error of a file without its name, which the source has said.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return judge(path.Err)
	}
	return err
}

// forGood are the errors of files and programs that somebody has to mend.
var forGood = []error{
	fs.ErrNotExist, fs.ErrPermission, exec.ErrNotFound, exec.ErrDot, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP,
	syscall.ENAMETOOLONG, syscall.ENOEXEC, syscall.E2BIG, syscall.ENXIO,
}

// judge has an error be for good where it is known to be so.
func judge(err error) error {
	if slices.ContainsFunc(forGood, func(known error) bool { return errors.Is(err, known) }) {
		return err
	}
	return later{err}
}
