package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk: what can't be printed is not lost in silence, and has the same status with every command.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	config, msmtprc := filepath.Join(dir, "config.toml"), filepath.Join(dir, "msmtprc")
	for name, text := range map[string]string{
		config:  "[account.a]\nbackend = \"plain\"\nhost = \"127.0.0.1\"\nport = 1\nfrom = \"ann@example.org\"\n",
		msmtprc: "account a\nhost localhost\nfrom ann@example.org\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"POSTERN_CONFIG": config, "XDG_STATE_HOME": dir, "HOME": dir, "POSTERN_ACCOUNT": ""} {
		t.Setenv(name, value)
	}
	full := writerFunc(func([]byte) (int, error) { return 0, &os.PathError{Op: "write", Path: "out", Err: syscall.ENOSPC} })
	for _, args := range [][]string{
		{"accounts"},
		{"accounts", "--json"},
		{"catch", "--listen", ":0"},
		{"completion", "bash"},
		{"decode-error", "550 5.1.1 no such user"},
		{"decode-error", "--json", "550 5.1.1 no such user"},
		{"import", "msmtprc", msmtprc},
		{"send", "--preview", "--body", "x", "bob@example.org"},
		{"send", "--preview", "--json", "--body", "x", "bob@example.org"},
		{"send", "--eml", "-", "--body", "x", "bob@example.org"},
		{"why", "bob@example.org"},
		{"why", "--json", "bob@example.org"},
		{"mailq"},
	} {
		var complaint bytes.Buffer
		std := streams{strings.NewReader("Subject: x\n\ny\n"), full, &complaint}
		status := 0
		if args[0] == "mailq" {
			status = mailq(args, std)
		} else {
			status = companion(args, std)
		}
		if want := ": write out: " + syscall.ENOSPC.Error() + "\n"; status != exIOErr || !strings.HasSuffix(complaint.String(), want) {
			t.Errorf("%q: status %d, and it said\n%s", args, status, complaint.String())
		}
	}
}

// TestOneLine: nothing that others have written can do anything to a terminal.
func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"a\r\n b\x1b[2Jc\x7f": "a b [2Jc",
		"\u009b2J":            "2J",
		"\x9b2J":              "?2J",
		"a\u202egnp.exe":      "a gnp.exe",
		"a\u2066b\u2028c":     "a b c",
		"Grüße, 日本":           "Grüße, 日本",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
