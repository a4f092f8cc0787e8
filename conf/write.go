package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/google/renameio/v2"
)

// Write makes the change in the file called name, which is made where it is missing, with its folder. At any moment the
// old or the new file is there, whole. It is for its owner alone afterwards, as are the secrets that it may have; only
// the system's stays readable for those who could read it. A link is followed, as those have it who keep their
// configuration elsewhere.
func (e Edit) Write(name string) error {
	name, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(name)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return err
	}
	text, err := e.apply(name, string(old))
	if err != nil || text == string(old) {
		return err
	}
	target := name
	mode := fs.FileMode(0o600)
	var owner *syscall.Stat_t
	if missing {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if at, err := os.Readlink(name); err == nil {
			return fmt.Errorf("%s is a link to %s, which isn't there", name, at)
		}
	} else {
		if target, err = filepath.EvalSymlinks(name); err != nil {
			return err
		}
		info, err := os.Stat(target)
		if err != nil {
			return err
		}
		if e.Account == "" || name == SystemFile { // no secret comes in, or all users read it
			mode = 0o777
		}
		mode &= info.Mode().Perm()
		owner, _ = info.Sys().(*syscall.Stat_t)
	}
	return replace(target, text, mode, owner)
}

// WriteSecret makes a file for its owner alone, with one line; over one that is there only where replaced is set.
func WriteSecret(name, line string, replaced bool) error {
	if _, err := os.Lstat(name); err == nil && !replaced {
		return &fs.PathError{Op: "write", Path: name, Err: fs.ErrExist}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return replace(name, line+"\n", 0o600, nil)
}

// replace puts a file with text in place of the one called name.
func replace(name, text string, mode fs.FileMode, owner *syscall.Stat_t) error {
	dir := filepath.Dir(name)
	pending, err := renameio.TempFile(dir, name)
	if err != nil {
		return err
	}
	defer func() { _ = pending.Cleanup() }()
	if owner != nil && (int(owner.Uid) != os.Geteuid() || int(owner.Gid) != os.Getegid()) {
		if err := pending.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	if err := pending.Chmod(mode); err != nil {
		return err
	}
	if _, err := pending.WriteString(text); err != nil {
		return err
	}
	if err := pending.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a rename last.
func syncFolder(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Tables are the names of the accounts that the files have, and the last file that has default, or "". Nothing else in
// the files has to be right.
func Tables(files []string, required bool) (accounts []string, withDefault string, err error) {
	for _, name := range files {
		f, err := readFile(name)
		if (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) && name == SystemFile) && !required {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		var read struct {
			Account map[string]any `toml:"account"`
		}
		if err := f.decode(&read); err != nil {
			return nil, "", err
		}
		if f.meta.IsDefined("default") {
			withDefault = name
		}
		for _, key := range f.meta.Keys() {
			if len(key) > 1 && key[0] == "account" && !slices.Contains(accounts, key[1]) {
				accounts = append(accounts, key[1])
			}
		}
	}
	return accounts, withDefault, nil
}
