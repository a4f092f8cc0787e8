package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"postern/cmd/catch"
)

// catching is a run of postern catch.
type catching struct {
	std     streams
	json    bool
	verbose bool
	paint   paint
	end     context.CancelCauseFunc // where nobody reads what it tells
}

func catchCommand(std streams, status *int) *cobra.Command {
	k := &catching{std: std}
	var o catch.Options
	var listen string
	var faults []string
	c := &cobra.Command{
		Use:   "catch",
		Short: "a mail server for trying things out: it takes any message and shows it",
		Long:  catchLong(),
		Example: `  postern catch
  postern catch --starttls --auth --keep mails
  postern catch --fault greylist --fault refuse=bob@example.org
  postern catch --listen :0 --once --json | jq -r 'select(.event == "message").text'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) (err error) {
			address, err := listenAddress(listen)
			if err != nil {
				return err
			}
			if o.Faults, err = catch.ParseFaults(faults); err != nil {
				return fmt.Errorf("--fault: %w", err)
			}
			switch {
			case o.TLS && o.StartTLS:
				return errors.New("--tls and --starttls are two ways: one of them")
			case o.TLS && o.Faults.NoStartTLS:
				return errors.New("--fault no-starttls: with --tls there is no STARTTLS")
			case o.EML != "" && o.Maildir != "":
				return errors.New("--keep and --maildir are two ways: one of them")
			}
			if err := k.run(address, o); err != nil {
				*status = report(std.err, "postern", []error{err})
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:2525", "the `address` and port to listen at; without an address the loopback, with port 0 a free port")
	f.BoolVar(&o.TLS, "tls", false, "TLS from the start, as on port 465")
	f.BoolVar(&o.StartTLS, "starttls", false, "offer STARTTLS")
	f.BoolVar(&o.Auth, "auth", false, "have clients sign in; any user and password will do")
	f.StringArrayVar(&faults, "fault", nil, "do this `wrong` on purpose; may be given again")
	f.StringVar(&o.EML, "keep", "", "keep each message as a .eml file in this `folder`")
	f.StringVar(&o.Maildir, "maildir", "", "file each message in this `Maildir`")
	f.BoolVar(&o.Once, "once", false, "end after the first message")
	f.BoolVar(&k.json, "json", false, "print a JSON object on a line for each event")
	f.BoolVarP(&k.verbose, "verbose", "v", false, "show as well who connects, signs in and leaves")
	_ = c.RegisterFlagCompletionFunc("fault", func(*cobra.Command, []string, string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
		for _, known := range catch.KnownFaults() {
			found = append(found, cobra.CompletionWithDesc(known.Name, known.Does))
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

func catchLong() string {
	var b strings.Builder
	b.WriteString(`catch is a mail server on this machine that takes any message, from any client, and delivers none. It shows each
with its envelope, its header and its text, and names what is attached. It prints a profile for itself, to try postern with.

The first line says where it listens; with --json it is an object whose listening has the address and whose profile has the
profile. The objects behind it have an event: message, fault, error, and with -v client.

With TLS it has a certificate made on the spot, which the profile's pin fits until the server ends. Passwords are never shown.

Names without a domain, such as root, are refused by the server; the profile has a domain, which postern adds to them.

Without --listen, or with a port alone as in :2525, only programs of this machine can reach it; 0.0.0.0:2525 is open to all.

It ends with Ctrl-C or another signal, and with --once when the first message was answered; the exit status is 0 then.

The faults, by --fault:
`)
	for _, known := range catch.KnownFaults() {
		fmt.Fprintf(&b, "\n%s: %s.\n", known.Name, known.Does)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// listenAddress reads --listen. A server that takes anything is for this machine, unless an address says else.
func listenAddress(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", fmt.Errorf("--listen %s: it is not like 127.0.0.1:2525 or :2525", text)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// run listens until it is enough. A signal is how a person ends it, and no failure.
func (k *catching) run(address string, o catch.Options) error {
	for _, folder := range []string{o.EML, o.Maildir} {
		if folder == "" {
			continue
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return createError{err}
		}
	}
	interrupt, stop := interruptible()
	defer stop()
	ctx, end := context.WithCancelCause(interrupt)
	defer end(nil)
	k.end, k.paint = end, newPaint(k.std.out)
	o.Show, o.Extensions = k.show, true
	server, err := catch.Listen(address, o)
	switch { // the error names the address
	case errors.Is(err, syscall.EACCES):
		return permissionError{err}
	case err != nil:
		return unavailableError{err}
	}
	k.greet(server)
	err = server.Serve(ctx)
	if unread := context.Cause(ctx); err == nil && interrupt.Err() == nil && unread != nil {
		err = unread
	}
	return written(err)
}

// greet says where the server listens, and how to try it.
func (k *catching) greet(server *catch.Server) {
	listening := server.Addr().String()
	if k.json {
		k.told(writeJSON(k.std.out, struct {
			Event     string `json:"event"`
			Listening string `json:"listening"`
			Profile   string `json:"profile"`
		}{"listening", listening, server.Profile()}))
		return
	}
	_, err := fmt.Fprintf(k.std.out, `listening on %s
%s

%s
%s
`, k.paint.bold(listening), k.paint.faint("a profile for it, say in catch.toml:"), server.Profile(),
		k.paint.faint("to try it: echo hello | postern sendmail -C catch.toml bob@example.org; to end it: Ctrl-C"))
	k.told(err)
}

// show tells of an event.
func (k *catching) show(e catch.Event) {
	if e.Kind == catch.ClientEvent && !k.verbose {
		return
	}
	if e.Kind == catch.ErrorEvent {
		complain(k.std.err, "postern", errors.New(e.Text))
	}
	switch {
	case k.json:
		var line strings.Builder
		err := writeJSON(&line, e.Record())
		if err == nil {
			_, err = io.WriteString(k.std.out, catch.Printable(line.String())) // people look at it too
		}
		k.told(err)
	case e.Message != nil:
		k.told(e.Message.Write(k.std.out, k.paint.bold))
	case e.Kind == catch.FaultEvent:
		_, err := fmt.Fprintf(k.std.out, "* %s: %s\n", k.paint.warn(e.Fault), oneLine(catch.Printable(e.Text)))
		k.told(err)
	case e.Kind == catch.ClientEvent:
		_, err := fmt.Fprintln(k.std.out, k.paint.faint("* "+e.Client+" "+oneLine(catch.Printable(e.Text))))
		k.told(err)
	}
}

// told ends the server where what it tells can't be written.
func (k *catching) told(err error) {
	if err != nil {
		k.end(err)
	}
}
