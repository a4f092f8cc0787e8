package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func tokenCommand(std streams, status *int) *cobra.Command {
	return &cobra.Command{
		Use:   "token ACCOUNT",
		Short: "print an access token for another program",
		Long: `token prints an access token of an account that has oauth, renewed where it would end within a minute: for mutt,
isync and others that take a token from a program's output.`,
		Example: `  postern token work
  mutt -e 'set imap_oauth_refresh_command="postern token work"'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAccounts,
		Run: func(_ *cobra.Command, args []string) {
			if err := printToken(std, args[0]); err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
}

func printToken(std streams, name string) error {
	tokens, err := tokensOf(name)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	token, err := tokens.Token(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(std.out, string(token))
	return written(err)
}
