package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// debian tells whether packages come by dpkg.
func (s *System) debian() bool {
	info, err := os.Stat(s.at("/var/lib/dpkg"))
	return err == nil && info.IsDir()
}

// dpkgDivert runs dpkg-divert on a name of the system.
func (s *System) dpkgDivert(ctx context.Context, args ...string) (string, error) {
	argv := []string{"dpkg-divert"}
	if filepath.Clean(s.Root) != "/" {
		argv = append(argv, "--root", s.Root)
	}
	return s.Run(ctx, append(argv, args...)...)
}

// truename is where packages put name: it is name itself where there is no diversion.
func (s *System) truename(ctx context.Context, name string) (string, error) {
	out, err := s.dpkgDivert(ctx, "--truename", name)
	return strings.TrimSpace(out), err
}

// takeDiverted links a name behind a diversion: of ours, or one that is there already.
func (s *System) takeDiverted(ctx context.Context, name string) error {
	to, err := s.truename(ctx, name)
	if err != nil {
		return err
	}
	if to != name {
		if what := s.foreign(name); what != "" {
			return &ForeignError{name, what + ", and there is a diversion to " + to}
		}
		return s.link(name)
	}
	if err := s.divert(ctx, name); err != nil {
		return err
	}
	if err := s.link(name); err != nil {
		return errors.Join(err, s.undivert(ctx, name))
	}
	return nil
}

// divert has packages put name elsewhere, and moves what is there.
func (s *System) divert(ctx context.Context, name string) error {
	s.Say(fmt.Sprintf("divert %s to %s", name, diverted(name)))
	if s.Dry {
		return nil
	}
	_, err := s.dpkgDivert(ctx, "--local", "--rename", "--divert", diverted(name), "--add", name)
	return err
}

// undivert ends the diversion, and moves back what was there.
func (s *System) undivert(ctx context.Context, name string) error {
	s.Say("end the diversion of " + name)
	if s.Dry {
		return nil
	}
	_, err := s.dpkgDivert(ctx, "--local", "--rename", "--divert", diverted(name), "--remove", name)
	return err
}

// diverted is where a diversion leads. The name says whose it is: an administrator's own is not ended by Remove.
func diverted(name string) string { return name + ".before-postern" }
