package maildir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"postern/backend"
)

// Probe tells whether the mailbox can be written to. Nothing is left there.
func (t *transport) Probe(ctx context.Context, tell func(backend.Step)) {
	step := backend.Step{Name: "mailbox", Text: t.Path + " can be written to", Facts: map[string]any{"path": t.Path}}
	made, err := t.writable()
	if err != nil {
		step.Verdict, step.Text, step.Err = backend.Failed, "", Failure(ctx, err)
	} else if !made {
		step.Text = t.Path + " is not there yet, and can be made"
	}
	tell(step)
}

// writable tells whether a delivery would find all folders, or what it would make them in, as makeFolders does.
func (t *transport) writable() (made bool, err error) {
	for _, folder := range []string{t.Path, filepath.Join(t.Path, "tmp"), filepath.Join(t.Path, "new"), filepath.Join(t.Path, "cur")} {
		info, err := os.Stat(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false, takesFolder(filepath.Dir(folder))
		case err != nil:
			return false, err
		case !info.IsDir():
			return false, &fs.PathError{Op: "open", Path: folder, Err: syscall.ENOTDIR}
		}
	}
	for _, folder := range []string{"tmp", "new"} {
		if err := takesFile(filepath.Join(t.Path, folder)); err != nil {
			return true, err
		}
	}
	return true, nil
}

// probeName has a dot in front: no reader takes such a name for a message.
const probeName = ".postern-check-*"

// takesFile makes a file in a folder and removes it: a disk that is full or read-only shows in nothing less.
func takesFile(folder string) error {
	f, err := os.CreateTemp(folder, probeName)
	if err != nil {
		return unwritable(folder, err)
	}
	_, err = f.WriteString("a check\n")
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}

// takesFolder makes a folder in another and removes it.
func takesFolder(folder string) error {
	name, err := os.MkdirTemp(folder, probeName)
	if err != nil {
		return unwritable(folder, err)
	}
	return os.Remove(name)
}

// unwritable names the folder in place of what was to be made in it.
func unwritable(folder string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &fs.PathError{Op: "write to", Path: folder, Err: path.Err}
	}
	return err
}
