package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"postern/auth"
	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
)

func passwordCommand(std streams, status *int) *cobra.Command {
	c := &cobra.Command{
		Use:   "password",
		Short: "keep an account's password in the keyring",
		Long: `password keeps the password of an account in the keyring of the desktop session (the Secret Service), where
password = { keyring = true } in the account finds it.`,
		Example: "  postern password set work\n  postern password delete work",
	}
	for _, verb := range []struct {
		name, short, long string
		run               func(context.Context, streams, *conf.Account) error
	}{
		{"set", "store a password", `set asks for the password on the terminal, without echo, or reads the first line of a standard input that is no
terminal, and stores it in place of the one that is there.`, setPassword},
		{"delete", "remove the password that set has stored", "delete removes the password that set has stored.", deletePassword},
	} {
		c.AddCommand(&cobra.Command{
			Use: verb.name + " ACCOUNT", Short: verb.short, Long: verb.long, Example: "  postern password " + verb.name + " work",
			Args: cobra.ExactArgs(1), ValidArgsFunction: completeAccounts,
			RunE: func(_ *cobra.Command, args []string) error {
				ctx, stop := interruptible()
				defer stop()
				account, err := accountNamed(args[0])
				if err == nil {
					err = verb.run(ctx, std, account)
				}
				if err != nil {
					*status = report(std.err, "postern", []error{err})
				}
				return nil
			},
		})
	}
	return c
}

// accountNamed is the account called name.
func accountNamed(name string) (*conf.Account, error) {
	config, err := loadConfig("")
	if err != nil {
		return nil, err
	}
	return config.Named(name)
}

func setPassword(ctx context.Context, std streams, a *conf.Account) error {
	item, used, err := smtp.KeyringItem(a)
	if err != nil {
		return err
	}
	secret, err := newPassword(ctx, std.in, item)
	if err != nil {
		return err
	}
	if err := item.Set(ctx, secret); err != nil {
		return keyringError(err)
	}
	fmt.Fprintf(std.out, "the keyring has the password of %s at %s\n", item.User, item.Host)
	if !used {
		fmt.Fprintf(std.out, "set password = { keyring = true } in account.%s to use it\n", a.Name)
	}
	return nil
}

func deletePassword(ctx context.Context, std streams, a *conf.Account) error {
	item, _, err := smtp.KeyringItem(a)
	if err != nil {
		return err
	}
	if err := item.Delete(ctx); err != nil {
		return keyringError(err)
	}
	fmt.Fprintf(std.out, "the keyring no longer has the password of %s at %s\n", item.User, item.Host)
	return nil
}

func keyringError(err error) error {
	e := &backend.Error{Kind: backend.Denied, Stage: "keyring", Err: err}
	if errors.Is(err, auth.ErrLater) {
		e.Kind = backend.Again
	}
	return e
}

// maxTyped bounds a password that is typed or piped in.
const maxTyped = 64 << 10

// newPassword asks twice on the terminal, or reads the first line of what is piped in.
func newPassword(ctx context.Context, in io.Reader, item auth.Item) (auth.Secret, error) {
	if f, ok := in.(*os.File); ok && auth.IsTerminal(f) {
		first, err := auth.Ask(ctx, fmt.Sprintf("Password of %s at %s: ", item.User, item.Host))
		if err != nil {
			return "", err
		}
		second, err := auth.Ask(ctx, "The same again: ")
		switch {
		case err != nil:
			return "", err
		case first != second:
			return "", dataError{errors.New("the two passwords differ; nothing is stored")}
		case first == "":
			return "", dataError{errors.New("the password is empty; nothing is stored")}
		}
		return first, nil
	}
	return pipedPassword(in)
}

// pipedPassword is the first line of what is piped in.
func pipedPassword(in io.Reader) (auth.Secret, error) {
	line, err := bufio.NewReader(io.LimitReader(in, maxTyped+1)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	switch {
	case line == "":
		return "", dataError{errors.New("there is no password on standard input; nothing is stored")}
	case len(line) > maxTyped:
		return "", dataError{fmt.Errorf("the password has more than %d octets; nothing is stored", maxTyped)}
	}
	return auth.Secret(line), nil
}
