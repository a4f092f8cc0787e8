package main

import (
	"github.com/spf13/cobra"

	"postern/backend"
	"postern/conf"
)

func accountsTestCommand(std streams, status *int) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "test",
		Short: "try all accounts, with a line for each",
		Long: `test goes through the steps of postern check for each account, as far as the sign-in, and has a line for each: how far
it came, or what has failed and what to do about it. Nothing is sent. The exit status is that of the first account that
failed.`,
		Example: `  postern accounts test
  postern accounts test --json`,
		Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			*status = testAccounts(std, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "a line of JSON for each account")
	return c
}

// testAccounts checks one account after the other: a person may be asked for each one's password.
func testAccounts(std streams, asJSON bool) int {
	m, err := (&invocation{learns: true}).mailer("postern", std)
	if err != nil {
		return report(std.err, "postern", []error{err})
	}
	defer m.close()
	ctx, stop := interruptible()
	defer stop()
	show := newStepLines(std.out).show
	if asJSON {
		show = jsonSteps(std.out)
	}
	var first error
	for _, a := range m.config.Accounts {
		if ctx.Err() != nil {
			break
		}
		k := &checker{std: std, account: a, show: func(told) {}}
		k.try(ctx, m)
		show(k.summary(a))
		if first == nil {
			first = k.first
		}
	}
	return exitStatus(first)
}

// summary is a check as one step: the one that failed, or the last.
func (k *checker) summary(a *conf.Account) told {
	t := told{Step: k.last, account: a.Name, label: a.Name}
	switch {
	case k.first != nil:
		t.Step = backend.Step{Name: k.at, Verdict: backend.Failed, Err: k.first}
		t.hint = hint(k.first)
	case k.noted != "":
		t.Verdict, t.hint = backend.Noted, k.noted
	}
	return t
}
