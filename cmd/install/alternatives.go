package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// group is what RPM systems call the alternatives of a mail server, by the link /usr/sbin/sendmail.
const group = "mta"

// priority is that of a small sendmail: the program is chosen by name, so it counts for nothing until that choice is
// undone.
const priority = "20"

// hasAlternatives tells whether the names are links that "alternatives" makes, as on RPM systems. Debian's mail servers
// have the names as files of their packages, though update-alternatives is there.
func (s *System) hasAlternatives() bool {
	for _, name := range []string{"/usr/sbin/alternatives", "/usr/bin/alternatives"} {
		if _, err := os.Lstat(s.at(name)); err == nil && !s.debian() {
			return true
		}
	}
	return false
}

// alternatives runs that program, in the system.
func (s *System) alternatives(ctx context.Context, args ...string) (string, error) {
	argv := append([]string{"alternatives"}, args...)
	if filepath.Clean(s.Root) != "/" {
		argv = append([]string{"chroot", s.Root}, argv...)
	}
	return s.Run(ctx, argv...)
}

func (s *System) addAlternative(ctx context.Context) error {
	args := []string{"--install", names()[0], group, s.Program, priority}
	for _, name := range names() {
		if to, _ := os.Readlink(s.at(name)); s.foreign(name) != "" && !strings.HasPrefix(to, "/etc/alternatives/") {
			return &ForeignError{name, s.foreign(name)}
		}
	}
	for _, slave := range [][2]string{{names()[1], "sendmail"}, {names()[2], "mailq"}, {names()[3], "newaliases"}} {
		args = append(args, "--slave", slave[0], group+"-"+slave[1], s.Program)
	}
	s.Say(fmt.Sprintf("make %s an alternative of %s, with %s, and choose it", s.Program, names()[0], strings.Join(names()[1:], ", ")))
	if s.Dry {
		return nil
	}
	if _, err := s.alternatives(ctx, args...); err != nil {
		return err
	}
	_, err := s.alternatives(ctx, "--set", group, s.Program)
	return err
}

func (s *System) removeAlternative(ctx context.Context) error {
	if shown, err := s.alternatives(ctx, "--display", group); err != nil || !strings.Contains(shown, s.Program+" - ") { // without the group it fails
		s.Say("nothing leads to " + s.Program)
		return nil
	}
	s.Say(fmt.Sprintf("take %s out of the alternatives of %s", s.Program, names()[0]))
	if s.Dry {
		return nil
	}
	_, err := s.alternatives(ctx, "--remove", group, s.Program)
	return err
}
