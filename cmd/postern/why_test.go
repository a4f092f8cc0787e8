//go:build linux

package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhyTouchesNothing: for an account whose server, secret and log would all be asked, no system call asks, and none writes a
// file.
func TestWhyTouchesNothing(t *testing.T) {
	r := newRig(t)
	secret := filepath.Join(t.TempDir(), "password")
	r.configure("host = [\"smtp.example.invalid\", \"127.0.0.1:2525\"]\nuser = \"ann\"\npassword = { file = \"" + secret + "\" }\n")
	link := filepath.Join(t.TempDir(), "postern")
	if err := os.Symlink(r.sendmail, link); err != nil {
		t.Fatal(err)
	}
	r.sendmail = link
	trace := []string{"-e", "trace=execve,execveat,socket,connect,sendto,openat,creat,mkdirat,unlinkat,linkat,renameat,renameat2"}
	e := r.why("To: bob@example.org\n\ntext\n", trace)
	if e.status != 0 || !strings.Contains(e.trace, "config.toml") {
		t.Fatalf("status %d\n%s\n%s", e.status, e.stderr, e.trace)
	}
	for line := range strings.Lines(e.trace) {
		opened := strings.Contains(line, "openat(") && strings.Contains(line, "O_RDONLY") && !strings.Contains(line, secret)
		itself := strings.Contains(line, "execve(\""+link)
		if !opened && !itself && strings.Contains(line, "(") {
			t.Errorf("postern why does %s", line)
		}
	}
	if entries, err := os.ReadDir(r.dir); err == nil && len(entries) > 0 {
		t.Errorf("postern why leaves %v", entries)
	}
}

// why is run for postern why, whose options stand behind its name.
func (r *rig) why(stdin string, strace []string) ended {
	r.Helper()
	r.env = append(r.env, "POSTERN_CONFIG="+r.config)
	return r.exec(stdin, strace, r.sendmail, "why", "-t")
}
