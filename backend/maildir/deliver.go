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

// deliver writes text into the mailbox, and gives the file's name in it.
func (t *transport) deliver(ctx context.Context, text io.Reader) (string, error) {
	if err := t.makeFolders(); err != nil {
		return "", err
	}
	name := uniqueName(t.hostname)
	temporary := filepath.Join(t.Path, "tmp", name)
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer os.Remove(temporary)
	size, err := io.Copy(f, text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	t.note("C: [%d octets]", size)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	folder := filepath.Join(t.Path, "new")
	final := filepath.Join(folder, name)
	if err := os.Link(temporary, final); err != nil { // unlike a rename, it fails where there is such a file
		return "", err
	}
	if err := syncFolder(folder); err != nil {
		os.Remove(final)
		return "", err
	}
	return filepath.Join("new", name), nil
}

// makeFolders makes the mailbox where it is missing, but not what it lies in: a disk that isn't mounted must not
// become a mailbox below its mount point.
func (t *transport) makeFolders() error {
	for _, folder := range []string{t.Path, filepath.Join(t.Path, "tmp"), filepath.Join(t.Path, "new"), filepath.Join(t.Path, "cur")} {
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
