package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"postern/cmd/install"
)

func installCommand(std streams, status *int) *cobra.Command {
	var remove bool
	s := installSystem(std)
	c := &cobra.Command{
		Use:   "install-sendmail",
		Short: "make postern the system's sendmail",
		Long: `install-sendmail has /usr/sbin/sendmail, /usr/lib/sendmail, /usr/bin/mailq and /usr/bin/newaliases lead to postern. On Debian
it diverts what is there (dpkg-divert), so that no package takes the names back; on RPM systems it makes postern an
alternative for mta and chooses it. Elsewhere it makes links, and writes over nothing that is not postern's. What is done
already stays. It takes root.`,
		Example: `  sudo postern install-sendmail
  postern install-sendmail --dry-run
  sudo postern install-sendmail --remove
  postern install-sendmail --root /srv/image --program /usr/bin/postern`,
		Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			ctx, stop := interruptible()
			defer stop()
			if err := installSendmail(ctx, s, remove); err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
	c.Flags().BoolVar(&remove, "remove", false, "undo what install-sendmail has done")
	c.Flags().BoolVar(&s.Dry, "dry-run", false, "tell what would be done, and do nothing")
	c.Flags().StringVar(&s.Root, "root", "/", "the system's `folder`, where it is an image that is being built")
	c.Flags().StringVar(&s.Program, "program", "", "the program's `path` within the system; without it, that of the one that runs")
	_ = c.MarkFlagDirname("root")
	return c
}

// installSystem is this system.
func installSystem(std streams) *install.System {
	return &install.System{Root: "/", Say: func(did string) { fmt.Fprintln(std.out, did) }, Run: changeSystem}
}

func installSendmail(ctx context.Context, s *install.System, remove bool) (err error) {
	if s.Root, err = filepath.Abs(s.Root); err != nil {
		return err
	}
	if s.Program == "" {
		if s.Program, err = ownPath(); err != nil {
			return err
		}
		if within, err := filepath.Rel(s.Root, s.Program); err == nil && s.Root != "/" && filepath.IsLocal(within) {
			s.Program = "/" + within
		}
	}
	if !filepath.IsAbs(s.Program) {
		return usageError{fmt.Errorf("--program %s: should be a path from the system's root on", s.Program)}
	}
	do := s.Install
	if remove {
		do = s.Remove
	}
	err = do(ctx)
	var foreign *install.ForeignError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return permissionError{fmt.Errorf("%w: this changes the system, and takes root: sudo postern install-sendmail", err)}
	case errors.Is(err, exec.ErrNotFound):
		return unavailableError{err}
	case errors.As(err, &foreign):
		return createError{fmt.Errorf("%w; move it away first", err)}
	}
	return createError{err}
}

// changeSystem runs a program that changes the system.
func changeSystem(ctx context.Context, argv ...string) (string, error) {
	out, complaint, err := runTool(ctx, argv...)
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", argv[0], err, complaint)
		if strings.Contains(complaint, "Permission denied") {
			err = fmt.Errorf("%w: %w", fs.ErrPermission, err)
		}
	}
	return out, err
}
