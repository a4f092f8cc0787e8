package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"postern/backend"
	"postern/backend/smtp"
)

func capabilitiesCommand(std streams, status *int) *cobra.Command {
	var backendName string
	var asJSON, verbose bool
	c := &cobra.Command{
		Use:   "capabilities HOST[:PORT]",
		Short: "list what a server offers, and the certificate it shows",
		Long: `capabilities asks a server what it offers, before TLS and after it: its extensions, each with what it is for, the
mechanisms to sign in with, and the size that a message may have. It shows the version of TLS, the certificate, and the
pin that tls.pin takes. Nobody signs in, and nothing is sent.

In place of HOST the name of an account may stand, which is then asked by its own backend, TLS keys and proxy. For any
other host port 465 has TLS at once, and the other ports have STARTTLS where the server offers it; without a port the
first of 465, 587 and 25 that answers is asked.

A certificate that is not trusted is shown with what is wrong about it, the listing goes on, and the exit status is 77.`,
		Example: `  postern capabilities smtp.example.org
  postern capabilities smtp.example.org:25 --backend plain
  postern capabilities work --json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAccounts,
		Run: func(_ *cobra.Command, args []string) {
			if err := capabilities(std, args[0], backendName, asJSON, verbose); err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
	c.Flags().StringVar(&backendName, "backend", "", "ask by this `backend`, plain, starttls, tls or lmtp, whatever the port is")
	c.Flags().BoolVar(&asJSON, "json", false, "one object of JSON")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the dialogue with the server on standard error")
	return c
}

// capabilities lists a server. The error is also that of a certificate that is not trusted.
func capabilities(std streams, host, backendName string, asJSON, verbose bool) error {
	s := backend.Surroundings{Hostname: fqdn()}
	if verbose {
		s.Dialogue = std.err
	}
	server, wrap, err := serverToList(host, backendName, s)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	l, err := server.Inspect(ctx)
	if err != nil {
		return wrap(err)
	}
	if asJSON {
		err = writeJSON(std.out, recordOf(l))
	} else {
		err = writeListing(std.out, l)
	}
	if err == nil && l.TLS != nil && l.TLS.Fault != nil {
		err = wrap(l.TLS.Fault)
	}
	return err
}

// serverToList is the account of that name, else the host; wrap names the account in an error.
func serverToList(host, backendName string, s backend.Surroundings) (_ smtp.Inspector, wrap func(error) error, err error) {
	if config, err := loadConfig(""); err == nil && backendName == "" { // without a configuration it is a host
		if a, err := config.Named(host); err == nil {
			transports, err := openAll(config, s)
			if err == nil {
				err = transports[host].err
			}
			if err != nil {
				return nil, nil, err
			}
			i, ok := transports[host].transport.(smtp.Inspector)
			if !ok {
				return nil, nil, usageError{fmt.Errorf("account %s has no server: its backend is %s", host, a.Backend)}
			}
			return i, func(err error) error { return withAccount{err, a} }, nil
		}
	}
	i, err := smtp.ServerOf(host, backendName, s)
	if err != nil {
		err = usageError{err}
	}
	return i, func(err error) error { return err }, err
}
