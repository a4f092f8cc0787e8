//go:build linux

package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// realServersMissing ends the test, which says nothing without servers. It is a failure where they can be had.
func realServersMissing(t *testing.T, err error) {
	t.Helper()
	_, none := exec.LookPath("apt-get")
	if os.Getenv("CI") == "true" && os.Geteuid() == 0 && none == nil {
		t.Fatalf("no real mail servers: %v", err)
	}
	t.Skipf("no real mail servers (%v): sign-in and delivery with Postfix and Dovecot are not tested", err)
}

// unpackRealServers gets the servers into a folder, which is removed after the test.
func unpackRealServers(t *testing.T) *realServers {
	t.Helper()
	debs, err := realPackages(t)
	if err != nil {
		realServersMissing(t, err)
	}
	s := &realServers{root: realFolder(t), ports: map[string]int{}}
	s.startGuard(t)
	t.Cleanup(func() { s.stop(t) })
	for _, deb := range debs {
		if _, err := realRun(t.Context(), s.root, "dpkg", "-x", deb, s.root); err != nil {
			realServersMissing(t, err)
		}
	}
	return s
}

// realPackages returns the files of the servers' packages.
func realPackages(t *testing.T) ([]string, error) {
	cache, err := realCache(t, "bookworm-servers-", downloadReal)
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(cache, "*.deb"))
}

// realCache returns a folder of Debian's packages that download fills, from the user's cache if an earlier run left
// it there.
func realCache(t *testing.T, name string, download func(context.Context, string) error) (string, error) {
	if os.Geteuid() != 0 {
		return "", errors.New("not root")
	}
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	if release, _ := os.ReadFile("/etc/os-release"); !strings.Contains(string(release), "VERSION_CODENAME=bookworm\n") {
		return "", errors.New("not Debian 12, whose programs the test is made for")
	}
	parent, err := os.UserCacheDir()
	if err == nil {
		parent = filepath.Join(parent, "postern-test")
		err = os.MkdirAll(parent, 0o755)
	}
	if err != nil {
		parent = t.TempDir()
	}
	cache := filepath.Join(parent, name+runtime.GOARCH)
	if _, err := os.Stat(cache); err == nil {
		return cache, nil
	}
	return cache, fillRealCache(t, cache, download)
}

// fillRealCache downloads the packages. The folder gets its name when it is complete: an interrupted download is
// never taken for one, and two at a time do no harm.
func fillRealCache(t *testing.T, cache string, download func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	part, err := os.MkdirTemp(filepath.Dir(cache), "part-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	if err = download(ctx, part); err != nil {
		// The lists of packages are missing, as in a fresh container, or older than the archive.
		if _, err = realRun(ctx, part, "apt-get", "-qq", "update"); err == nil {
			err = download(ctx, part)
		}
	}
	if err != nil {
		return err
	}
	if err = os.Rename(part, cache); errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

// downloadReal gets the servers and every library they need, down to the C library; it installs nothing.
func downloadReal(ctx context.Context, folder string) error {
	packages := []string{"postfix", "dovecot-core", "dovecot-lmtpd", "dovecot-submissiond", "exim4-daemon-light"}
	for known := 0; known < len(packages); {
		query := "apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances"
		out, err := realRun(ctx, folder, append(strings.Fields(query), packages[known:]...)...)
		if err != nil {
			return err
		}
		known = len(packages)
		for line := range strings.Lines(out) {
			kind, name, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if strings.HasSuffix(kind, "Depends") && strings.HasPrefix(name, "lib") && !slices.Contains(packages, name) {
				packages = append(packages, name)
			}
		}
	}
	_, err := realRun(ctx, folder, append([]string{"apt-get", "-qq", "download"}, packages...)...)
	return err
}

// realRun runs one of the packaging tools in a folder and returns its output.
func realRun(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		words := strings.ReplaceAll(strings.TrimSpace(string(exit.Stderr)), "\n", "; ")
		err = fmt.Errorf("%s: %w: %s", args[0], err, words)
	}
	return string(out), err
}
