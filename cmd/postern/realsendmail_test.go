//go:build linux

package main_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// buildRealSendmail builds the program and gives it sendmail's name.
func buildRealSendmail(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(bin, "postern"), "postern/cmd/postern")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if err := os.Symlink("postern", filepath.Join(bin, "sendmail")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(bin, "sendmail")
}

// runRealSendmail runs sendmail with an account of these keys, on this machine where they name no host. It must end
// with this status, and with these words on standard error. It returns the dialogue.
func runRealSendmail(t *testing.T, sendmail, keys, message string, args []string, status int, words ...string) string {
	t.Helper()
	home := t.TempDir()
	config := "[account.real]\nfrom = \"sender@example.org\"\n" + keys
	if !strings.Contains(keys, "host =") {
		config += "host = \"127.0.0.1\"\n"
	}
	file := filepath.Join(home, "config.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, sendmail, append([]string{"-C", file, "-v", "-i"}, args...)...)
	cmd.Env = []string{"HOME=" + home, "PATH=/usr/bin:/bin", "USER=root"}
	cmd.Stdin, cmd.Stderr = strings.NewReader(message), &stderr
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != status {
		t.Fatalf("sendmail: %v, want status %d\n%s", err, status, &stderr)
	}
	for _, word := range words {
		if !strings.Contains(stderr.String(), word) {
			t.Errorf("sendmail does not say %q but\n%s", word, &stderr)
		}
	}
	return stderr.String()
}
