package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const program = "/usr/bin/postern"

// image is a system in a folder, with what files says: a text, or "-> TARGET" for a link, or "/" for a folder.
func image(t *testing.T, files map[string]string) *System {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{program: "#!/bin/sh\n", "/usr/sbin": "/", "/usr/lib": "/"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		at := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		if to, link := strings.CutPrefix(text, "-> "); link {
			err = errors.Join(err, os.Symlink(to, at))
		} else if text == "/" {
			err = errors.Join(err, os.MkdirAll(at, 0o755))
		} else {
			err = errors.Join(err, os.WriteFile(at, []byte(text), 0o755))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &System{Root: root, Program: program, Say: func(string) {}}
	s.Run = func(ctx context.Context, argv ...string) (string, error) {
		out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%v: %w: %s", argv, err, out)
		}
		return string(out), err
	}
	return s
}

// tree is what is in the image, as image takes it.
func tree(t *testing.T, s *System) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(s.Root, func(name string, entry fs.DirEntry, err error) error {
		path := strings.TrimPrefix(name, s.Root)
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(path, "/var/lib/dpkg/"):
		case entry.Type() == fs.ModeSymlink:
			to, err := os.Readlink(name)
			found[path] = "-> " + to
			return err
		case !entry.IsDir():
			data, err := os.ReadFile(name)
			found[path] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func same(a, b map[string]string) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func linked(except ...string) map[string]string {
	want := map[string]string{}
	for _, name := range names() {
		if !slices.Contains(except, name) {
			want[name] = "-> " + program
		}
	}
	return want
}

// TestInstall has systems of several kinds. What is installed twice is as once, and what is removed was never there.
func TestInstall(t *testing.T) {
	_, err := exec.LookPath("dpkg-divert")
	hasDpkg := err == nil
	exim := map[string]string{
		"/var/lib/dpkg/info": "/", "/var/lib/dpkg/status": "", "/usr/sbin/exim4": "exim", "/usr/sbin/sendmail": "-> exim4",
		"/usr/lib/sendmail": "-> ../sbin/sendmail", "/usr/bin/mailq": "mailq's script",
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		kept  map[string]string // what is there besides the links
		links map[string]string
		dpkg  bool
	}{
		{"nothing there", nil, nil, linked(), false},
		{"the package has linked some", map[string]string{"/usr/sbin/sendmail": "-> ../bin/postern"}, map[string]string{"/usr/sbin/sendmail": "-> ../bin/postern"}, linked("/usr/sbin/sendmail"), false},
		{"Debian without a mail server", map[string]string{"/var/lib/dpkg/info": "/", "/var/lib/dpkg/status": ""}, nil, linked(), true},
		{"Debian with Exim", exim, map[string]string{
			"/usr/sbin/exim4": "exim", "/usr/sbin/sendmail.before-postern": "-> exim4", "/usr/lib/sendmail": "-> ../sbin/sendmail", "/usr/bin/mailq.before-postern": "mailq's script",
		}, linked("/usr/lib/sendmail"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.dpkg && !hasDpkg {
				if os.Getenv("CI") == "true" { // .ci/run is for Debian
					t.Fatal("there is no dpkg-divert")
				}
				t.Skip("there is no dpkg-divert")
			}
			s := image(t, c.files)
			before := tree(t, s)
			want := map[string]string{program: "#!/bin/sh\n"}
			for _, m := range []map[string]string{c.kept, c.links} {
				for name, text := range m {
					want[name] = text
				}
			}
			var planned, did []string
			s.Dry, s.Say = true, func(did string) { planned = append(planned, did) }
			if err := s.Install(t.Context()); err != nil || !same(tree(t, s), before) {
				t.Errorf("dry: %v, %v", tree(t, s), err)
			}
			s.Dry, s.Say = false, func(text string) { did = append(did, text) }
			for range 2 {
				if err := s.Install(t.Context()); err != nil || !same(tree(t, s), want) {
					t.Errorf("installed:\n%v, %v\nwant\n%v", tree(t, s), err, want)
				}
			}
			if !slices.Equal(planned, did[:len(did)-4]) {
				t.Errorf("planned %q, did %q", planned, did)
			}
			for range 2 {
				if err := s.Remove(t.Context()); err != nil || !same(tree(t, s), before) {
					t.Errorf("removed:\n%v, %v\nwas\n%v", tree(t, s), err, before)
				}
			}
		})
	}
}

// TestForeign: what others have is left alone, and nothing else is done either.
func TestForeign(t *testing.T) {
	for what, file := range map[string]string{"a link to msmtp": "-> msmtp", "a file of something else": "msmtp", "a folder": "/"} {
		s := image(t, map[string]string{"/usr/bin/newaliases": file})
		before := tree(t, s)
		var foreign *ForeignError
		if err := s.Install(t.Context()); !errors.As(err, &foreign) || foreign.Name != "/usr/bin/newaliases" || foreign.What != what {
			t.Errorf("%s: %v", what, err)
		}
		if err := s.Remove(t.Context()); err != nil || !same(tree(t, s), before) {
			t.Errorf("%s: %v, %v", what, tree(t, s), err)
		}
	}
	s := image(t, nil)
	s.Program = "/usr/bin/elsewhere"
	if err := s.Install(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	s = image(t, map[string]string{"/var/lib/dpkg/info": "/"})
	s.Run = func(context.Context, ...string) (string, error) { return "", fs.ErrPermission }
	if err := s.Install(t.Context()); !errors.Is(err, fs.ErrPermission) || len(tree(t, s)) != 1 {
		t.Error(err, tree(t, s))
	}
}

// TestAlternatives looks at the command lines that an RPM system gets.
func TestAlternatives(t *testing.T) {
	s := image(t, map[string]string{"/usr/sbin/alternatives": "", "/usr/sbin/sendmail": "-> /etc/alternatives/mta"})
	var ran []string
	shown := ""
	s.Run = func(_ context.Context, argv ...string) (string, error) {
		ran = append(ran, strings.ReplaceAll(strings.Join(argv, " "), s.Root, "ROOT"))
		return shown, nil
	}
	steps := func(do func(context.Context) error, want ...string) {
		t.Helper()
		ran = nil
		if err := do(t.Context()); err != nil || !slices.Equal(ran, want) {
			t.Errorf("%q, %v", ran, err)
		}
	}
	steps(s.Install, "chroot ROOT alternatives --install /usr/sbin/sendmail mta /usr/bin/postern 20"+
		" --slave /usr/lib/sendmail mta-sendmail /usr/bin/postern --slave /usr/bin/mailq mta-mailq /usr/bin/postern"+
		" --slave /usr/bin/newaliases mta-newaliases /usr/bin/postern", "chroot ROOT alternatives --set mta /usr/bin/postern")
	steps(s.Remove, "chroot ROOT alternatives --display mta")
	shown = "mta - status is manual.\n link currently points to /usr/bin/postern\n/usr/bin/postern - priority 20\n"
	steps(s.Remove, "chroot ROOT alternatives --display mta", "chroot ROOT alternatives --remove mta /usr/bin/postern")
	s.Dry = true
	steps(s.Install)
	if err := os.WriteFile(s.at("/usr/bin/mailq"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	var foreign *ForeignError
	if err := s.Install(t.Context()); !errors.As(err, &foreign) {
		t.Error(err)
	}
}

// TestFolders: a folder that is missing is made, and one that is a link out of the image is left alone, with what is there.
func TestFolders(t *testing.T) {
	s := image(t, nil)
	if err := os.Remove(filepath.Join(s.Root, "usr/lib")); err != nil {
		t.Fatal(err)
	}
	if err := s.Install(t.Context()); err != nil || !s.leads("/usr/lib/sendmail") {
		t.Error(err)
	}
	elsewhere := t.TempDir()
	if err := os.Symlink(program, filepath.Join(elsewhere, "sendmail")); err != nil { // as a system has it that runs postern itself
		t.Fatal(err)
	}
	s = image(t, map[string]string{"/usr/sbin": "-> " + elsewhere})
	for _, do := range []func(context.Context) error{s.Install, s.Remove} {
		if err := do(t.Context()); err == nil || !strings.Contains(err.Error(), "out of "+s.Root) {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(elsewhere)
	if err != nil || len(left) != 1 {
		t.Error(left, err)
	}
}
