package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"postern/backend/smtp"
	"postern/conf"
)

func accountsCommand(std streams, status *int) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "accounts",
		Short: "list the accounts, and how their tokens are",
		Long: `accounts lists the accounts, which of them is the default, and how their OAuth tokens are: how long they last, when they
were renewed, and what went wrong the last time. Nobody is asked for it.`,
		Example: `  postern accounts
  postern accounts --json`,
		Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			config, err := checkedConfig()
			if err == nil {
				ctx, stop := interruptible()
				defer stop()
				list := listAccounts
				if asJSON {
					list = writeAccounts
				}
				err = list(ctx, std.out, config)
			}
			if err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "a line of JSON for each account")
	c.AddCommand(accountsTestCommand(std, status))
	return c
}

// listAccounts has a line for each account, with its tokens at the end.
func listAccounts(ctx context.Context, out io.Writer, config *conf.Config) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tBACKEND\tHOST\tFROM\tAUTH\tTOKEN")
	for _, a := range config.Accounts {
		k, err := serverKeysOf(a)
		if err != nil {
			return err
		}
		name := a.Name
		if name == config.Default {
			name += " (default)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", name, a.Backend, cmp.Or(strings.Join(k.Hosts, ","), "-"), cmp.Or(a.From, "-"), cmp.Or(k.Auth, "-"), tokenHealth(ctx, a))
	}
	return written(table.Flush())
}

// serverKeys are the keys of an account that its list shows.
type serverKeys struct {
	Hosts conf.Strings `toml:"host"`
	Port  int          `toml:"port"`
	Auth  string       `toml:"auth"`
	User  string       `toml:"user"`
}

func serverKeysOf(a *conf.Account) (k serverKeys, err error) {
	if err := a.Decode(&k); err != nil {
		return k, err
	}
	if k.Auth == "" && k.User != "" {
		k.Auth = "auto"
	}
	for i, host := range k.Hosts {
		if strings.Contains(host, "@") && !strings.HasPrefix(host, "unix:") { // a fault, with perhaps a password in it
			k.Hosts[i] = "?"
		}
	}
	return k, nil
}

// tokenHealth tells in one line how an account's tokens are; nobody is asked for it.
func tokenHealth(ctx context.Context, a *conf.Account) string {
	tokens, err := smtp.OAuth(a)
	if err != nil {
		return oneLine(err.Error())
	}
	if tokens == nil {
		return "-"
	}
	h, err := tokens.Health(ctx)
	switch {
	case err != nil:
		return oneLine(err.Error())
	case !h.SignedIn && h.Failure == "":
		return "not signed in: run postern login " + a.Name
	}
	text := "none yet"
	now := time.Now()
	switch {
	case h.Valid.IsZero() && !h.Renewed.IsZero():
		text = "valid"
	case now.Before(h.Valid):
		text = "valid until " + clock(h.Valid)
	case !h.Valid.IsZero():
		text = "ended " + clock(h.Valid)
	}
	if !h.Renewed.IsZero() {
		text += ", renewed " + clock(h.Renewed)
	}
	if h.Failure != "" {
		text += ", failed " + clock(h.Failed) + ": " + oneLine(h.Failure)
	}
	return text
}

// clock is a time as people of this machine read it.
func clock(t time.Time) string { return t.Local().Format(time.DateTime) }
