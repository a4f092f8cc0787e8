package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cli/browser"
	"github.com/spf13/cobra"

	"postern/auth/oauth"
	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
)

func loginCommand(std streams, status *int) *cobra.Command {
	var device bool
	c := &cobra.Command{
		Use:   "login ACCOUNT",
		Short: "sign in at the provider of an account that has oauth",
		Long: `login prints the address of the provider's page, opens it in a browser where there is a display, and keeps the
tokens that the provider gives. With a browser on another machine, paste the address where it ends, which begins with
http://127.0.0.1 or http://localhost and shows no page there.`,
		Example: `  postern login work
  postern login work --device`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAccounts,
		Run: func(_ *cobra.Command, args []string) {
			if err := login(std, args[0], device); err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
	c.Flags().BoolVar(&device, "device", false, "sign in with a code on another device")
	return c
}

// login has a person sign in, in the browser or on another device.
func login(std streams, name string, device bool) error {
	tokens, err := tokensOf(name)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	return signIn(ctx, std, name, tokens, device)
}

// signIn has a person sign in for the account called name.
func signIn(ctx context.Context, std streams, name string, tokens *oauth.Config, device bool) (err error) {
	notice := func(text string) { fmt.Fprintf(std.err, "postern: %s\n", text) }
	if device {
		err = tokens.LoginDevice(ctx, func(d oauth.DeviceCode) { showCode(std.out, d) }, notice)
	} else {
		err = tokens.Login(ctx, oauth.Person{Visit: func(url string) { visit(std.out, url) }, Notice: notice, Pasted: std.in})
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "account %s is signed in\n", name)
	return nil
}

// showCode tells what to do on the other device. The words are the provider's.
func showCode(out io.Writer, d oauth.DeviceCode) {
	fmt.Fprintf(out, "Open this address on any device, until %s:\n\n  %s\n\nand enter the code\n\n  %s\n\n", d.Until.Local().Format(time.TimeOnly), oneLine(d.URL), oneLine(d.Code))
	if d.Complete != "" {
		fmt.Fprintf(out, "This address has the code in it:\n\n  %s\n\n", oneLine(d.Complete))
	}
}

// visit shows the address of the provider's page, and opens it where there is a display.
func visit(out io.Writer, url string) {
	fmt.Fprintf(out, "Open this address in a browser, and sign in:\n\n  %s\n\nIf the browser is on another machine, paste here the address where it ends.\n", url)
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	go func() { _ = browser.OpenURL(url) }() // it may last as long as the browser; the address is printed anyway
}

// tokensOf is how the account called name gets its tokens.
func tokensOf(name string) (*oauth.Config, error) {
	config, err := checkedConfig()
	if err != nil {
		return nil, err
	}
	a, err := config.Named(name)
	if err != nil {
		return nil, err
	}
	tokens, err := smtp.OAuth(a)
	if err == nil && tokens == nil {
		err = a.Errorf("oauth", "the account has no oauth table, and so no tokens")
	}
	return tokens, err
}

// checkedConfig is the configuration with all its keys read.
func checkedConfig() (*conf.Config, error) {
	config, err := loadConfig("")
	if err != nil {
		return nil, err
	}
	_, err = openAll(config, backend.Surroundings{})
	return config, err
}
