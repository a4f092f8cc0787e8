package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"postern/conf"
)

func useCommand(std streams, status *int) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "use ACCOUNT",
		Short: "make an account the default",
		Long: `use changes the key default to the account. It does so in the file that has default, or else in your own, and leaves all
else in the file as it is, comments too. Where default is in the system's file and you may not write that, your own
file gets one, which counts for more.`,
		Example: `  postern use work
  postern use work --config test.toml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAccounts,
		Run: func(_ *cobra.Command, args []string) {
			changed, err := use(args[0], file)
			if err != nil {
				*status = report(std.err, "postern", []error{err})
				return
			}
			fmt.Fprintf(std.out, "%s is the default now, by %s\n", args[0], changed)
		},
	}
	c.Flags().StringVarP(&file, "config", "C", "", "the configuration `file`, in place of POSTERN_CONFIG and the usual ones")
	return c
}

// use makes the account called name the default, and names the file that says so.
func use(name, option string) (file string, err error) {
	files, required := conf.Files(option)
	accounts, with, err := conf.Tables(files, required)
	if err != nil {
		return "", configError{err}
	}
	if !slices.Contains(accounts, name) {
		err := error(&conf.NoAccountError{Name: name, There: accounts})
		if len(accounts) == 0 {
			err = fmt.Errorf("%w: postern setup makes one", err)
		}
		return "", err
	}
	file = with
	own := files[len(files)-1]
	if file == "" || file != own && !writable(file) {
		file = own
	}
	return file, editError(conf.Edit{Default: name}.Write(file))
}

// writable tells whether this user may write the file.
func writable(name string) bool {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// editError sorts what went wrong with a change of the configuration.
func editError(err error) error {
	var exists conf.ExistsError
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exists):
		return configError{fmt.Errorf("%w: --replace writes it anew", err)}
	case errors.Is(err, fs.ErrPermission):
		return permissionError{fmt.Errorf("the configuration can't be written: %w", err)}
	case errors.As(err, &path):
		return createError{fmt.Errorf("the configuration can't be written: %w", err)}
	}
	return configError{err}
}
