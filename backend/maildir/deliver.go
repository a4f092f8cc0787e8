package maildir

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Mailbox is a folder in the format of maildir(5).
type Mailbox struct {
	Path     string
	Hostname string // this host's, for the names of files; or empty
}

// File writes text into the mailbox, and gives the file's name in it and how many octets were written: among what is new,
// or what was read.
func (m Mailbox) File(ctx context.Context, text io.Reader, read bool) (name string, size int64, err error) {
	if err := m.makeFolders(); err != nil {
		return "", 0, err
	}
	name = uniqueName(m.Hostname)
	temporary := filepath.Join(m.Path, "tmp", name)
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(temporary)
	size, err = io.Copy(f, text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", 0, err
	}
	if err := ctx.Err(); err != nil {
		return "", size, err
	}
	folder := "new"
	if read {
		folder, name = "cur", name+":2,S" // seen
	}
	final := filepath.Join(m.Path, folder, name)
	if err := os.Link(temporary, final); err != nil { // unlike a rename, it fails where there is such a file
		return "", size, err
	}
	if err := syncFolder(filepath.Dir(final)); err != nil {
		os.Remove(final)
		return "", size, err
	}
	return filepath.Join(folder, name), size, nil
}

// makeFolders makes the mailbox where it is missing, but not what it lies in: a disk that isn't mounted must not
// become a mailbox below its mount point.
func (m Mailbox) makeFolders() error {
	for _, folder := range []string{m.Path, filepath.Join(m.Path, "tmp"), filepath.Join(m.Path, "new"), filepath.Join(m.Path, "cur")} {
		info, err := os.Stat(folder)
		switch {
		case err == nil && info.IsDir():
			continue
		case err == nil:
			return &fs.PathError{Op: "open", Path: folder, Err: syscall.ENOTDIR}
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) { // another delivery may be as far
			return err
		}
		if err := syncFolder(filepath.Dir(folder)); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder has the names in a folder written to the disk. A file system that can't sync folders writes them in its
// own time, and says EINVAL.
func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// nameEscapes keep a host's name from being a folder, or the place where a reader's flags begin.
var nameEscapes = strings.NewReplacer("/", `\057`, ":", `\072`)

// uniqueName is a file name that no other delivery has: the time, what tells deliveries of one time apart, and the host.
func uniqueName(hostname string) string {
	if hostname == "" {
		hostname, _ = os.Hostname()
	}
	if hostname == "" {
		hostname = "localhost"
	}
	now := time.Now()
	return fmt.Sprintf("%d.M%06dP%dR%s.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(), rand.Text()[:16], nameEscapes.Replace(hostname))
}
