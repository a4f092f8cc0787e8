package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

// maxInterval bounds the pause between two questions, however often the provider was out of reach.
const maxInterval = 60

// DeviceCode is what a person needs on another device. It is the provider's text, and may hold anything.
type DeviceCode struct {
	URL      string
	Code     string
	Complete string // the URL with the code in it, or empty
	Until    time.Time
}

// LoginDevice has a person consent on another device, and keeps the tokens (RFC 8628).
func (c Config) LoginDevice(ctx context.Context, show func(DeviceCode), notice func(string)) error {
	if c.byItself() {
		return &Error{Denied, fmt.Sprintf("account %s needs no sign-in: grant is %s", c.Account, c.Grant)}
	}
	if c.DeviceURL == "" {
		why := "account " + c.Account + " has no device_url"
		if c.noDevice != "" {
			why = c.noDevice
		}
		return &Error{Denied, why + ": run postern login " + c.Account + " without --device; it tells how to use a browser on another machine"}
	}
	if err := c.store().open(ctx); err != nil {
		return err
	}
	secret, err := c.secret(ctx)
	if err != nil {
		return err
	}
	a, library := newAsker(&c), c.library(secret, "")
	a.hide(string(secret))
	d, err := library.DeviceAuth(a.context(ctx))
	if err != nil {
		return a.explain(err)
	}
	if d.DeviceCode == "" || d.VerificationURI == "" || d.UserCode == "" {
		return a.explain(errors.New("it has no code for the device"))
	}
	a.hide(d.DeviceCode)
	if limit := time.Now().Add(loginLimit); d.Expiry.IsZero() { // RFC 8628 section 3.2 requires it
		d.Expiry = limit
	}
	show(DeviceCode{d.VerificationURI, d.UserCode, d.VerificationURIComplete, d.Expiry})
	t, err := c.poll(ctx, a, library, d)
	if err != nil {
		return err
	}
	return c.exchange(ctx, a, func(context.Context) (*oauth2.Token, error) { return t, nil }, notice)
}

// poll asks until the person has consented or refused, or the code has expired. The library keeps to the interval and
// to slow_down; a provider out of reach is asked again, more slowly (RFC 8628 section 3.5).
func (c *Config) poll(ctx context.Context, a *asker, library *oauth2.Config, d *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	for {
		t, err := library.DeviceAccessToken(a.context(ctx), d)
		if err == nil {
			return t, nil
		}
		var said *oauth2.RetrieveError
		isAnswer := errors.As(err, &said)
		switch {
		case ctx.Err() != nil:
			return nil, &Error{Again, "interrupted"}
		case !time.Now().Before(d.Expiry), isAnswer && said.ErrorCode == "expired_token":
			return nil, &Error{Denied, "the code has expired, and nobody has signed in with it: " + c.login() + " --device again"}
		case isAnswer && said.ErrorCode == "access_denied":
			return nil, &Error{Denied, "the sign-in was refused"}
		}
		cause := a.explain(err)
		if cause.Kind != Again {
			return nil, cause
		}
		d.Interval = min(max(2*d.Interval, 10), maxInterval)
	}
}
