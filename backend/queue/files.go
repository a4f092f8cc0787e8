package queue

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// files is what the queue asks of a file system, below its folder. Names are relative to that. The disk is one; the
// tests have another, which forgets what was not synced.
type files interface {
	create(name string) (file, error) // new, with mode 0600
	open(name string) (file, error)   // for reading
	rename(from, to string) error
	link(from, to string) error // a second name
	remove(name string) error
	syncDir(name string) error
	// list gives the names in a folder, in no order, some at a time: a queue of 100,000 fits.
	list(dir string, each func(name string) error) error
	time(name string) (time.Time, error) // of modification
	free() (int64, error)                // octets that may still be written
}

// file is an open file.
type file interface {
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	size() (int64, error)
	setTime(time.Time) error
	// lock is exclusive, and lasts until the file is closed; false where somebody else has it.
	lock() (bool, error)
	// named tells whether name still stands for this file.
	named(name string) (bool, error)
}

// disk is a folder of the machine.
type disk string

func (d disk) path(name string) string { return filepath.Join(string(d), name) }

func (d disk) create(name string) (file, error) {
	return d.wrap(os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600))
}

func (d disk) open(name string) (file, error) {
	return d.wrap(os.OpenFile(d.path(name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)) // a FIFO would make it wait
}

func (d disk) wrap(f *os.File, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return diskFile{f, d}, nil
}

func (d disk) rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d disk) link(from, to string) error { return os.Link(d.path(from), d.path(to)) }

func (d disk) remove(name string) error { return os.Remove(d.path(name)) }

func (d disk) syncDir(name string) error {
	dir, err := os.Open(d.path(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d disk) list(name string, each func(string) error) error {
	dir, err := os.Open(d.path(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		for _, n := range names {
			if err := each(n); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (d disk) time(name string) (time.Time, error) {
	info, err := os.Lstat(d.path(name))
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

func (d disk) free() (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(string(d), &s); err != nil {
		return 0, &fs.PathError{Op: "statfs", Path: string(d), Err: err}
	}
	return int64(s.Bavail) * s.Bsize, nil
}

type diskFile struct {
	*os.File
	disk disk
}

func (f diskFile) size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, &fs.PathError{Op: "read", Path: f.Name(), Err: errors.New("not a regular file")}
	}
	return info.Size(), nil
}

func (f diskFile) setTime(t time.Time) error {
	tv := unix.NsecToTimeval(t.UnixNano() / 1000 * 1000)
	return f.fault("set time", unix.Futimes(int(f.Fd()), []unix.Timeval{tv, tv}))
}

func (f diskFile) lock() (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, f.fault("lock", err)
}

// fault gives an error of the system the name of the file.
func (f diskFile) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: f.Name(), Err: err}
}

// lockSoon locks what others have locked for a moment at a time. False says that somebody keeps it, who may have been stopped:
// that must not stop mail.
func (f diskFile) lockSoon() bool {
	for patience := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		got, err := f.lock()
		if got || err != nil || time.Now().After(patience) {
			return got
		}
	}
}

func (f diskFile) named(name string) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Lstat(f.disk.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(mine, there), nil
}
