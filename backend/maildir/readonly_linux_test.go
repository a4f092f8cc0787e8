package maildir_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestReadOnly has folders that may be read and not written.
func TestReadOnly(t *testing.T) {
	for _, c := range []struct {
		story   string
		folders []string // those that may be written, then the one that may not
		want    string
	}{
		{"a mailbox", []string{""}, "mkdir PATH/tmp: permission denied"},
		{"a tmp", []string{"", "tmp"}, "open PATH/tmp/UNIQUE.h: permission denied"},
		{"a new", []string{"", "new"}, "link PATH/new/UNIQUE.h: permission denied"},
	} {
		t.Run(c.story, func(t *testing.T) {
			fails(t, func(t *testing.T, path string) {
				leavePower(t, filepath.Dir(path))
				for i, folder := range c.folders {
					mode := os.FileMode(0o700)
					if i == len(c.folders)-1 {
						mode = 0o500
					}
					mkdir(t, filepath.Join(path, folder), mode)
				}
			}, c.want)
		})
	}
}

// leavePower has the rest of a test work with files as somebody who is not root, to whom the folder and those above it
// belong then: root may write anywhere.
func leavePower(t *testing.T, folder string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const somebody = 65534
	for ; folder != filepath.Clean(os.TempDir()); folder = filepath.Dir(folder) {
		if err := os.Chown(folder, somebody, somebody); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread() // who works with files is a matter of the thread
	t.Cleanup(func() {
		_ = syscall.Setfsuid(0) // the thread was root's before
		runtime.UnlockOSThread()
	})
	if err := syscall.Setfsuid(somebody); err != nil {
		t.Fatal(err)
	}
}
