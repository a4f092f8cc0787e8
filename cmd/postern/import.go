package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postern/conf"
	"postern/conf/foreign"
)

func importCommand(std streams, status *int) *cobra.Command {
	programs := foreign.Programs()
	return &cobra.Command{
		Use:   "import " + strings.Join(programs, "|") + " [PATH]",
		Short: "print the configuration of another mail program as postern would have it",
		Long: `import reads the configuration of msmtp, ssmtp, nullmailer, dma, git send-email or mutt, and prints a configuration of
postern that does the same. Without a path it reads the program's own file: that of the user, else that of the system. With - it
reads standard input. For ssmtp the file revaliases beside it is read as well, for nullmailer the folder, for dma the file that
AUTHPATH names. Nothing is run or followed that the files name.

Every line that has no equal is named on standard error with the reason, and in a comment beside its account. What was sent with
TLS is sent with TLS or not at all; certificates are always checked. What was sent without TLS stays so, and is named.

A password in the old file is in the new one too, so that the new one has to be for its owner alone: set umask 077 before, or
chmod 600 the file. The status is 0 where anything was carried over, 65 where nothing was, and 66 where the file can't be read.`,
		Example: `  postern import msmtprc
  (umask 077; postern import msmtprc > ~/.config/postern/config.toml)
  postern import ssmtp /etc/ssmtp/ssmtp.conf
  postern import gitconfig .git/config
  ssh mail cat .msmtprc | postern import msmtprc -`,
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.RangeArgs(1, 2)(c, args); err != nil {
				return err
			}
			if !slices.Contains(programs, args[0]) {
				return fmt.Errorf("%q is none of %s", args[0], strings.Join(programs, ", "))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return programs, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		Run: func(_ *cobra.Command, args []string) {
			if err := importProfile(std, args[0], args[1:]); err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
}

// importProfile prints what a program's configuration comes to, and tells what is not in it.
func importProfile(std streams, program string, paths []string) error {
	if len(paths) == 0 {
		paths = foreign.Paths(program, conf.HomeDir(), conf.UserDir())
	}
	files, err := foreign.Read(program, paths, std.in)
	if err != nil {
		return inputError{err}
	}
	p, err := foreign.Import(program, files)
	if err != nil {
		return usageError{err}
	}
	for _, n := range p.Notes() {
		complain(std.err, "postern", errors.New(n.String()))
	}
	if p.Empty() {
		return dataError{fmt.Errorf("%s: there is nothing in it that postern could send by", files[0].Name)}
	}
	if p.HasSecret() {
		complain(std.err, "postern", errors.New("there is a password in what is printed: a file for it has to be for its owner alone, chmod 600"))
	}
	if _, err := io.WriteString(std.out, p.TOML()); err != nil {
		return ioError{err}
	}
	return nil
}
