package oauth

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"postern/auth"
)

const (
	// ahead is how long before its end a token is renewed: what is given out has to last for a sign-in.
	ahead = time.Minute
	// barely is what a token must still have to be given out when it can't be renewed now.
	barely = 5 * time.Second
	// assumed is how long a token is taken for good where the provider doesn't say.
	assumed = 5 * time.Minute
	// recent is how long a token is new: a server that refuses one would refuse another as well.
	recent = time.Minute
)

// Token is an access token that is good for a minute at least. The error is an *Error.
func (c Config) Token(ctx context.Context) (auth.Secret, error) {
	s := c.store()
	r, err := s.read(ctx, false)
	if err != nil && !c.byItself() {
		return "", c.advise(err)
	}
	if c.lasts(r, ahead) {
		return r.Access, nil
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		if c.byItself() && ctx.Err() == nil { // the file only spares requests
			got, err := c.obtain(ctx, record{})
			return got.Access, err
		}
		return "", err
	}
	defer unlock()
	// Somebody else may have renewed it while we waited: then the refresh token that we had is used up.
	if r, err = s.read(ctx, false); err != nil && !c.byItself() {
		return "", c.advise(err)
	}
	if c.lasts(r, ahead) {
		return r.Access, nil
	}
	return c.renew(ctx, s, r)
}

// Another is a token in place of one that a server has refused although it should still be good. It is empty where there
// is no point in one: the refused one is new, or nothing is there to renew it by. The error is an *Error.
func (c Config) Another(ctx context.Context, refused auth.Secret) (auth.Secret, error) {
	s := c.store()
	unlock, err := s.lock(ctx)
	var r record
	if err == nil {
		defer unlock()
		r, err = s.read(ctx, false)
	}
	switch {
	case err != nil && c.byItself() && ctx.Err() == nil: // nothing is kept, so the refused one is new
		return "", nil
	case err != nil:
		return "", c.advise(err)
	case r.Access != refused && c.lasts(r, ahead): // another process has renewed it meanwhile
		return r.Access, nil
	case time.Since(r.Obtained) < recent, r.Refresh == "" && !c.byItself():
		return "", nil
	}
	if r.Access == refused {
		r.Expiry = time.Now().Round(0) // whatever the provider has said
	}
	return c.renew(ctx, s, r)
}

// renew gets a new token and keeps it; the lock is held.
func (c *Config) renew(ctx context.Context, s store, old record) (auth.Secret, error) {
	if !c.byItself() {
		switch {
		case old.Refresh == "" && old.Access == "":
			return "", &Error{Login, "account " + c.Account + " is not signed in: " + c.login()}
		case old.For != c.identity():
			return "", &Error{Login, "account " + c.Account + " has other oauth settings than when it was signed in: " + c.login()}
		case old.Refresh == "":
			return "", &Error{Login, "the token of account " + c.Account + " has ended, and the provider gave none to renew it: " + c.login()}
		}
	}
	pending, err := s.begin()
	if err != nil && !c.byItself() {
		return "", err
	}
	if pending != nil {
		defer pending.drop()
	}
	fresh, failed := c.obtain(ctx, old)
	if failed != nil {
		fresh = old
		fresh.Failure, fresh.Failed = failed.Error(), time.Now()
	}
	if pending != nil {
		err = pending.commit(ctx, fresh)
	}
	switch cause := new(Error); {
	case failed != nil && errors.As(failed, &cause) && cause.Kind == Again && c.lasts(old, barely):
		return old.Access, nil
	case failed != nil:
		return "", failed
	case err != nil && !c.byItself():
		return "", err // a replaced refresh token is lost, and somebody should know
	}
	return fresh.Access, nil
}

// obtain asks the provider.
func (c *Config) obtain(ctx context.Context, old record) (record, error) {
	secret, err := c.secret(ctx)
	if err != nil {
		return record{}, err
	}
	ctx, cancel := outlast(ctx)
	defer cancel()
	a := newAsker(c)
	a.hide(string(secret), string(old.Refresh), string(old.Access))
	ctx = a.context(ctx)
	var source oauth2.TokenSource
	switch c.Grant {
	case GrantClient:
		source = (&clientcredentials.Config{
			ClientID: c.ClientID, ClientSecret: string(secret), TokenURL: c.TokenURL, Scopes: c.Scopes, AuthStyle: c.style,
		}).TokenSource(ctx)
	case GrantJWT:
		if source, err = c.assertion(ctx); err != nil {
			return record{}, err
		}
	default:
		source = c.library(secret, "").TokenSource(ctx, &oauth2.Token{RefreshToken: string(old.Refresh)})
	}
	t, err := source.Token()
	if err != nil {
		return record{}, a.explain(err)
	}
	if t.AccessToken == "" {
		return record{}, a.explain(errors.New("it has no access_token"))
	}
	return c.record(t), nil
}

// record is a token to keep.
func (c *Config) record(t *oauth2.Token) record {
	return record{
		Access: auth.Secret(t.AccessToken), Refresh: auth.Secret(t.RefreshToken),
		Expiry: t.Expiry.Round(0), Obtained: time.Now().Round(0), For: c.identity(),
	}
}

// lasts tells whether the access token can be used for that long.
func (c *Config) lasts(r record, long time.Duration) bool {
	now := time.Now()
	switch {
	case r.Access == "", r.For != c.identity():
		return false
	case r.Obtained.After(now.Add(ahead)): // the clock has been set back, and the end is not to be trusted
		return false
	case r.Expiry.IsZero():
		return r.Refresh == "" && !c.byItself() || now.Before(r.Obtained.Add(assumed))
	}
	return now.Add(long).Before(r.Expiry)
}

// advise adds what to do to an error that only a sign-in mends.
func (c *Config) advise(err error) error {
	if cause := new(Error); errors.As(err, &cause) && cause.Kind == Login {
		return &Error{Login, cause.Text + ": " + c.login()}
	}
	return err
}

// Health is how an account's tokens are.
type Health struct {
	SignedIn bool      // there is something to get tokens by, as far as is known here
	Valid    time.Time // until when the token is good; zero where there is none, or nobody knows
	Renewed  time.Time
	Failure  string // what came of the latest attempt to renew, where it failed
	Failed   time.Time
}

// Health looks at what is kept, and asks nobody: neither the provider, nor the owner of the keyring to unlock it.
func (c Config) Health(ctx context.Context) (Health, error) {
	r, err := c.store().read(ctx, true)
	h := Health{Valid: r.Expiry, Renewed: r.Obtained, Failure: r.Failure, Failed: r.Failed}
	h.SignedIn = c.byItself() || r.For == c.identity() && (r.Refresh != "" || c.lasts(r, 0))
	return h, err
}
