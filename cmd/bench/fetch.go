//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A peer is a program from a package, installed or only unpacked.
type peer struct {
	path    string
	env     []string
	version string
}

// findMsmtp takes msmtp from the PATH, else from Debian's archive. It is unpacked below cache and never
// installed: a machine on which postern is developed should not get another sendmail.
func findMsmtp(cache string) (*peer, error) {
	if path, err := exec.LookPath("msmtp"); err == nil {
		if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
			// Neither a preload nor perf stat works on a set-ID program; a copy is the same without.
			if path, err = unprivilegedCopy(path, cache); err != nil {
				return nil, err
			}
		}
		return newPeer(path, nil)
	}
	root := filepath.Join(cache, "msmtp")
	if m, err := unpackedMsmtp(root); err == nil {
		return m, nil
	}
	if err := unpackMsmtp(cache, root); err != nil {
		return nil, fmt.Errorf("msmtp, which postern is compared with, is not on the PATH and cannot be had "+
			"from Debian's archive (apt-get update may help, or installing it): %w", err)
	}
	return unpackedMsmtp(root)
}

func newPeer(path string, env []string) (*peer, error) {
	e := exec.Command(path, "--version")
	e.Env = env
	out, err := e.CombinedOutput()
	first, _, _ := strings.Cut(string(out), "\n")
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w: %s", path, err, first)
	}
	return &peer{path: path, env: env, version: first}, nil
}

func unprivilegedCopy(path, cache string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	to := filepath.Join(cache, "msmtp-copy")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	return to, os.WriteFile(to, b, 0o755)
}

// unpackedMsmtp makes a peer of what unpackMsmtp left, if it runs. Looking in LD_LIBRARY_PATH first costs the
// loader some failed opens: 300 starts in a row took no longer than with every library found at the first try.
func unpackedMsmtp(root string) (*peer, error) {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasPrefix(d.Name(), "lib") && strings.Contains(d.Name(), ".so.") {
			if dir := filepath.Dir(path); !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return newPeer(filepath.Join(root, "usr/bin/msmtp"), []string{"LD_LIBRARY_PATH=" + strings.Join(dirs, ":")})
}

// unpackMsmtp fetches msmtp and those of its libraries that the machine lacks, and unpacks them as root,
// which appears only when it is whole.
func unpackMsmtp(cache, root string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	libs, err := missingLibraries("msmtp")
	if err != nil {
		return err
	}
	if _, err := output(dir, "apt-get", append([]string{"download", "msmtp"}, libs...)...); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if _, err := output(dir, "dpkg", "-x", deb, filepath.Join(dir, "root")); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, "root"), root)
}

// missingLibraries lists the library packages that a package needs, all the way down, and that are not installed.
func missingLibraries(pkg string) ([]string, error) {
	out, err := output("", "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
		"--no-breaks", "--no-replaces", "--no-enhances", pkg)
	if err != nil {
		return nil, err
	}
	var libs []string
	for l := range strings.Lines(out) {
		l = strings.TrimSpace(l)
		if !strings.HasPrefix(l, "lib") || strings.Contains(l, ":") || slices.Contains(libs, l) {
			continue // a package stands at the left margin on a line of its own; "Depends: x" is one to come
		}
		status, err := output("", "dpkg-query", "-W", "-f", "${db:Status-Status}", l)
		if err != nil || !strings.HasPrefix(status, "installed") {
			libs = append(libs, l)
		}
	}
	return libs, nil
}

// output runs a command in dir. Its error is one line: what failed, and the last thing it said.
func output(dir, name string, args ...string) (string, error) {
	e := exec.Command(name, args...)
	e.Dir = dir
	out, err := e.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		said := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		return "", fmt.Errorf("%s: %w: %s", name, err, said[len(said)-1])
	}
	return string(out), err
}
