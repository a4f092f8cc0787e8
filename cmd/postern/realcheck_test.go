//go:build linux

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"postern/auth/authtest"
)

// testCheck has Postfix tried by postern check and listed by postern capabilities.
func (c realClient) testCheck(t *testing.T) {
	wrong := c
	wrong.password = "not the password"
	c.companion(t, 0, []string{"check"}, "ok   connect ", "ok   greeting        mail.example.org ESMTP Postfix", "ok   extensions      8BITMIME, AUTH ", "SCRAM-SHA-256 is taken", "ok   sign in         as "+realUser)
	wrong.companion(t, 77, []string{"check"}, "no   sign in         127.0.0.1: AUTH: 535 ", "hint: check user and password of account.real")
	words := []string{"greeting: mail.example.org ESMTP Postfix", "takes several commands at once, which saves waiting (RFC 2920)"}
	if c.backend != "plain" {
		words = append(words, "certificate        trusted", "names              localhost, 127.0.0.1")
	}
	c.companion(t, 0, []string{"capabilities", "real"}, words...)
}

// companion runs postern with the account, which must end with this status and show these words.
func (c realClient) companion(t *testing.T, status int, args []string, words ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("[account.real]\nfrom = \"sender@example.org\"\n"+c.keys()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(c.sendmail), "postern"), args...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/usr/bin:/bin", "POSTERN_CONFIG=" + file}
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("postern %s: status %d (%v), want %d\n%s", args, got, err, status, out)
	}
	for _, word := range words {
		if !strings.Contains(string(out), word) {
			t.Errorf("postern %s does not say %q but\n%s", args, word, out)
		}
	}
	if secret, form := authtest.Leak(string(out), c.password); secret != "" {
		t.Errorf("postern %s shows %q as %q", args, secret, form)
	}
}
