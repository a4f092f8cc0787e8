package pipe_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/backend"
)

// TestProbe: a program that is there is not run, and one that can't be is for the configuration to mend.
func TestProbe(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"text": 0o600, "program": 0o700} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\ntouch "+dir+"/it-ran\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ story, program, want string }{
		{"there", dir + "/program", "passed: DIR/program is there and may be run; the command is DIR/program {recipients}"},
		{"not in PATH", "no-such-program", `config, no-such-program: exec: "no-such-program": executable file not found in $PATH`},
		{"not there", dir + "/nowhere", `config, nowhere: exec: "DIR/nowhere": stat DIR/nowhere: no such file or directory`},
		{"not executable", dir + "/text", `config, text: exec: "DIR/text": permission denied`},
		{"a folder", dir, `config, ` + filepath.Base(dir) + `: exec: "DIR": is a directory`},
	} {
		transport, err := open(t, `command = ["`+c.program+`", "{recipients}"]`, new(bytes.Buffer))
		if err != nil {
			t.Fatal(err)
		}
		var got string
		transport.(backend.Prober).Probe(context.Background(), func(s backend.Step) {
			if got = "passed: " + s.Text; s.Verdict == backend.Failed {
				got = fate(s.Err)
			}
		})
		if got = strings.ReplaceAll(got, dir, "DIR"); got != c.want {
			t.Errorf("%s: %s\nwant: %s", c.story, got, c.want)
		}
	}
	if _, err := os.Stat(dir + "/it-ran"); err == nil {
		t.Error("the program was run")
	}
}
