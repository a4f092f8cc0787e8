//go:build linux

package maildir_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/backend"
)

// TestProbe has mailboxes that can be written to and not; in none of them is anything left.
func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name  string
		setUp func(box string) error
		want  string
	}{
		{"not there yet", func(string) error { return nil }, "passed: BOX is not there yet, and can be made"},
		{"whole", makeBox, "passed: BOX can be written to"},
		{"a folder is missing", func(box string) error { return os.MkdirAll(filepath.Join(box, "tmp"), 0o700) }, "passed: BOX is not there yet, and can be made"},
		{"a file", func(box string) error { return os.WriteFile(box, nil, 0o600) }, "failed: maildir: open BOX: not a directory"},
		{"a file in it", func(box string) error {
			if err := os.Mkdir(box, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(box, "tmp"), nil, 0o600)
		}, "failed: maildir: open BOX/tmp: not a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := filepath.Join(t.TempDir(), "box")
			if err := c.setUp(box); err != nil {
				t.Fatal(err)
			}
			before := names(t, filepath.Dir(box))
			var got string
			mailbox(t, box, backend.Surroundings{}).(backend.Prober).Probe(context.Background(), func(s backend.Step) {
				got = "passed: " + s.Text
				if s.Verdict == backend.Failed {
					got = "failed: " + s.Err.Error()
				}
			})
			if got = strings.ReplaceAll(got, box, "BOX"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if after := names(t, filepath.Dir(box)); after != before {
				t.Errorf("it leaves %s, and there was %s", after, before)
			}
		})
	}
}

// TestProbeUnwritable has a mailbox in no folder, and one whose new may not be written to.
func TestProbeUnwritable(t *testing.T) {
	probe := func(box string) (got string) {
		mailbox(t, box, backend.Surroundings{}).(backend.Prober).Probe(context.Background(), func(s backend.Step) {
			if s.Verdict == backend.Failed {
				got = strings.ReplaceAll(s.Err.Error(), box, "BOX")
			}
		})
		return got
	}
	box := filepath.Join(t.TempDir(), "box")
	if got := probe(filepath.Join(box, "inner")); got != "maildir: write to "+box+": no such file or directory" {
		t.Errorf("in no folder: %q", got)
	}
	leavePower(t, filepath.Dir(box))
	if err := makeBox(box); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(box, "new"), 0o500); err != nil {
		t.Fatal(err)
	}
	if got := probe(box); got != "maildir: write to BOX/new: permission denied" {
		t.Errorf("new is read-only: %q", got)
	}
}

func makeBox(box string) error {
	for _, folder := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(box, folder), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// names are all that is below a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		all = append(all, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}
