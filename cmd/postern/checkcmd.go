package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"postern/conf"
)

func checkCommand(std streams, status *int) *cobra.Command {
	var sendTo string
	var asJSON, verbose bool
	c := &cobra.Command{
		Use:   "check [ACCOUNT]",
		Short: "try an account step by step, without sending anything",
		Long: `check goes the way that a message would go, with a line for each step: the configuration, the password or the token, the
DNS, each address of each host, TLS and the certificate, what the server offers, and the sign-in. Where a step fails it
says what to do. Nothing is sent, unless --send-to names somebody who gets a short message at the end.

A host that can't be reached is tried at the other usual ports as well, which tells a port that the network blocks from
a host that is down. What the DNS says of the sender's domain (SPF, DMARC) is advice and fails nothing; it isn't asked
where the account has a proxy.

Without ACCOUNT it is the one that POSTERN_ACCOUNT or default names, or the only one. An account of the backends pipe and
maildir is tried as far as its program or its folder. The exit status is that of the first step that failed, as sendmail
would have it.`,
		Example: `  postern check
  postern check work --send-to ann@example.org
  postern check work --json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeAccounts,
		Run: func(c *cobra.Command, args []string) {
			var err error
			if c.Flags().Changed("send-to") {
				sendTo, err = addressToCheck(sendTo)
			}
			if err != nil {
				*status = report(std.err, "postern", []error{err})
				return
			}
			*status = newChecker(std, asJSON).check(args, sendTo, verbose)
		},
	}
	c.Flags().StringVar(&sendTo, "send-to", "", "send a short message to this `address` when all is well")
	c.Flags().BoolVar(&asJSON, "json", false, "a line of JSON for each step")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the dialogue with the server on standard error")
	return c
}

// check is postern check, for one account; it gives the exit status.
func (k *checker) check(args []string, sendTo string, verbose bool) int {
	m := k.configuration(verbose)
	if m == nil {
		return exitStatus(k.first)
	}
	defer m.close()
	account, why, err := accountToCheck(m.config, args)
	if !k.passed("account", err) {
		return exitStatus(k.first)
	}
	ctx, stop := interruptible()
	defer stop()
	k.account = account
	k.step(stepOf("account", fmt.Sprintf("%s, %s; backend %s", account.Name, why, account.Backend)))
	k.try(ctx, m)
	k.advise(ctx)
	if sendTo != "" {
		k.send(m, sendTo)
	}
	return exitStatus(k.first)
}

// accountToCheck is the account that the command line names, or that a message which names none would go by.
func accountToCheck(config *conf.Config, args []string) (a *conf.Account, why string, err error) {
	if len(args) == 0 {
		env := os.Getenv("POSTERN_ACCOUNT")
		a, why, err = config.Choose(conf.Wanted{Env: env})
		if err != nil && env == "" && len(config.Accounts) > 1 {
			err = fmt.Errorf("no default is set; name one of %s", strings.Join(config.Names(), ", "))
		}
		if err != nil {
			err = configError{err}
		}
		return a, "by " + why, err
	}
	a, err = config.Named(args[0])
	return a, "by its name", err
}
