// Package install makes a program the system's sendmail, and undoes it.
//
// What other programs call are four names. On Debian each is diverted first (dpkg-divert), so that no package takes it
// back and what was there comes again with the end of the diversion. RPM systems have alternatives for these names. On any
// other system the names are links, where nothing else has them: a file of somebody else's is never written over.
package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// System is the system that gets a sendmail.
type System struct {
	Root    string                                                    // its folder: "/", or that of an image
	Program string                                                    // the program's path in it
	Dry     bool                                                      // nothing is changed, only told
	Say     func(did string)                                          // is told each change
	Run     func(ctx context.Context, argv ...string) (string, error) // runs a program and gives its output

	taken []string // names that lead to the program, or would if it were no dry run
}

// ForeignError is a name that something else has.
type ForeignError struct{ Name, What string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is %s: it is left alone, and nothing is installed over it", e.Name, e.What)
}

// names are what other programs call. The first is what alternatives go by.
func names() []string {
	return []string{"/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/mailq", "/usr/bin/newaliases"}
}

// at is where a path of the system is for us.
func (s *System) at(path string) string { return filepath.Join(s.Root, path) }

// Install has the names lead to the program. What is so already stays so.
func (s *System) Install(ctx context.Context) error {
	info, err := os.Stat(s.at(s.resolve(s.Program)))
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is no program", s.at(s.Program))
	}
	if err := s.contained(); err != nil {
		return err
	}
	if s.hasAlternatives() {
		return s.addAlternative(ctx)
	}
	s.taken = nil
	for _, name := range names() { // before anything is changed
		if what := s.foreign(name); what != "" && !s.debian() {
			return &ForeignError{name, what}
		}
		s.taken = append(s.taken, name)
	}
	s.taken = nil
	for _, name := range names() {
		if err := s.take(ctx, name); err != nil {
			return err
		}
		s.taken = append(s.taken, name)
	}
	return nil
}

// take has one name lead to the program.
func (s *System) take(ctx context.Context, name string) error {
	if s.leads(name) {
		s.Say(fmt.Sprintf("%s leads to %s already", name, s.Program))
		return nil
	}
	if !s.debian() {
		return s.link(name)
	}
	return s.takeDiverted(ctx, name)
}

func (s *System) link(name string) error {
	s.Say(fmt.Sprintf("link %s to %s", name, s.Program))
	if s.Dry {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.at(name)), 0o755); err != nil { // an image may not have it yet
		return err
	}
	return os.Symlink(s.Program, s.at(name))
}

// contained makes sure that no folder of an image is a link out of it: the names would be those of the system that runs.
func (s *System) contained() error {
	root, err := filepath.EvalSymlinks(s.Root)
	if err != nil {
		return err
	}
	for _, name := range names() {
		folder, err := filepath.EvalSymlinks(filepath.Dir(s.at(name)))
		if err != nil { // it isn't there
			continue
		}
		if within, err := filepath.Rel(root, folder); err != nil || !filepath.IsLocal(within) {
			return fmt.Errorf("%s is a link to %s, out of %s: nothing is changed there", filepath.Dir(s.at(name)), folder, s.Root)
		}
	}
	return nil
}

// Remove undoes Install: links to other programs stay.
func (s *System) Remove(ctx context.Context) error {
	if err := s.contained(); err != nil {
		return err
	}
	if s.hasAlternatives() {
		return s.removeAlternative(ctx)
	}
	done := false
	for _, name := range names() {
		if to, err := os.Readlink(s.at(name)); err != nil || to != s.Program { // a package's own link leads there otherwise
			continue
		}
		done = true
		s.Say("remove the link " + name)
		if !s.Dry {
			if err := os.Remove(s.at(name)); err != nil {
				return err
			}
		}
		if !s.debian() {
			continue
		}
		to, err := s.truename(ctx, name)
		if err == nil && to == diverted(name) { // an administrator's own stays
			err = s.undivert(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	if !done {
		s.Say("nothing leads to " + s.Program)
	}
	return nil
}

// leads tells whether name leads to the program, by whatever links.
func (s *System) leads(name string) bool {
	_, err := os.Lstat(s.at(name))
	return err == nil && s.resolve(name) == s.resolve(s.Program)
}

// resolve follows a path's links, as they are within the system. A name that is taken, or would be if this were no dry
// run, is the program.
func (s *System) resolve(path string) string {
	for range 20 {
		if slices.Contains(s.taken, path) {
			return s.resolve(s.Program)
		}
		to, err := os.Readlink(s.at(path))
		if err != nil {
			return path
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = filepath.Clean(to)
	}
	return path
}

// foreign is what name is, if it is anything that doesn't lead to the program.
func (s *System) foreign(name string) string {
	info, err := os.Lstat(s.at(name))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && s.leads(name):
		return ""
	case err != nil:
		return err.Error()
	case info.Mode()&fs.ModeSymlink != 0:
		to, _ := os.Readlink(s.at(name))
		return "a link to " + to
	case info.IsDir():
		return "a folder"
	}
	return "a file of something else"
}
