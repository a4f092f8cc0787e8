package main

import (
	"github.com/spf13/cobra"
)

func setupCommand(std streams, status *int) *cobra.Command {
	s := &setup{std: std, ask: newAsker(std)}
	c := &cobra.Command{
		Use:   "setup ADDRESS",
		Short: "make an account for an address, and try it",
		Long: `setup finds the servers of the address, asks for the password, signs in, shows the account as it will be, and writes it
into your configuration, of which all else stays as it is. Nothing is sent, and nothing is written when the sign-in fails.
The servers come from a table of providers, the DNS (SRV and MX records), the autoconfig file of the domain over HTTPS, or
usual names that answer, in this order; --server names one instead. The domain's own web server gets to know the address by
that, and nobody else does. A server that only the DNS names, outside of the domain, is asked about, or takes --yes.
A server with a certificate that no authority vouches for is asked about too, or takes --pin with its key.
The password never stands in the configuration: it goes into a file beside it that only you can read, which works under cron
too, or with --keyring into the keyring of the desktop session. Without a terminal it is the first line of standard input, if
no flag says where it is.`,
		Example: `  postern setup ann@example.org
  postern setup ann@gmail.com --name gmail --keyring --default
  postern setup ann@example.org --server mail.example.org:587 --password-command "pass show mail" --yes
  postern setup ann@home.example --server nas.home.example:465 --pin sha256:5f0c...
  postern setup ann@outlook.com --oauth microsoft --client-id 0a1b2c3d
  postern setup ann@example.org --password-file ~/.mail-password --offline --server smtp.example.org:465`,
		Args: cobra.ExactArgs(1),
		Run: func(_ *cobra.Command, args []string) {
			ctx, stop := interruptible()
			defer stop()
			s.address = args[0]
			if err := s.run(ctx); err != nil {
				*status = s.report(err)
			}
		},
	}
	f := c.Flags()
	f.StringVar(&s.name, "name", "", "the account's `name`; without it, the first part of the domain")
	f.StringVar(&s.server, "server", "", "the server, as `host:port`; nobody is asked for one then")
	f.StringVar(&s.backend, "backend", "", "the `backend`, tls or starttls, for --server; without it, starttls on port 587, and tls elsewhere")
	f.StringVar(&s.pin, "pin", "", "trust a server by its `key` alone, as sha256:..., where no authority vouches for it")
	f.StringVar(&s.user, "user", "", "the `name` to sign in with, where it isn't what the provider is known to want")
	f.StringVar(&s.passwordFile, "password-file", "", "a `file` that has the password in its first line")
	f.StringVar(&s.passwordCommand, "password-command", "", "a `command` that prints the password: words with spaces between, and no shell")
	f.BoolVar(&s.keyring, "keyring", false, "keep the password in the keyring of the desktop session")
	f.StringVar(&s.oauth, "oauth", "", "sign in with OAuth at this `provider`, in place of a password")
	f.StringVar(&s.clientID, "client-id", "", "the `id` of your OAuth client, for --oauth")
	f.StringVar(&s.clientSecretFile, "client-secret-file", "", "a `file` that has the secret of your OAuth client, where it has one")
	f.BoolVar(&s.makeDefault, "default", false, "make the account the default; the first one is anyway")
	f.BoolVar(&s.replace, "replace", false, "write the account anew where there is one of the name")
	f.BoolVar(&s.offline, "offline", false, "ask no server and try nothing: the table of providers or --server have to do")
	f.BoolVar(&s.noCheck, "no-check", false, "write the account without a sign-in")
	f.BoolVar(&s.database, "ispdb", false, "ask Mozilla's database of providers too, which gets to know the domain")
	f.BoolVar(&s.yes, "yes", false, "ask nothing: write, and take a server that only the DNS names")
	f.BoolVar(&s.asJSON, "json", false, "print what was written as one JSON object")
	f.StringVarP(&s.file, "config", "C", "", "the configuration `file`, in place of POSTERN_CONFIG and your own")
	c.MarkFlagsMutuallyExclusive("password-file", "password-command", "keyring", "oauth")
	return c
}
