package smtp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"

	"postern/auth"
	"postern/auth/oauth"
	"postern/backend"
	"postern/conf"
)

// oauthKeys are the keys of the oauth table.
type oauthKeys struct {
	Provider     string        `toml:"provider"`
	Grant        string        `toml:"grant"`
	AuthURL      string        `toml:"auth_url"`
	TokenURL     string        `toml:"token_url"`
	DeviceURL    string        `toml:"device_url"`
	Scopes       conf.Strings  `toml:"scopes"`
	ClientID     string        `toml:"client_id"`
	ClientSecret conf.Password `toml:"client_secret"`
	KeyFile      string        `toml:"key_file"`
	Subject      string        `toml:"subject"`
	Tenant       string        `toml:"tenant"`
	Keep         string        `toml:"keep"`
}

// OAuth is how an account gets its OAuth tokens; nil where it has no oauth table.
func OAuth(a *conf.Account) (*oauth.Config, error) {
	var k keys
	if err := a.Decode(&k); err != nil {
		return nil, err
	}
	return k.tokens(a)
}

// tokens judges the keys of the oauth table. The errors are *conf.Error.
func (k *keys) tokens(a *conf.Account) (*oauth.Config, error) {
	o := k.OAuth
	if o == nil {
		return nil, nil
	}
	c := oauth.Config{
		Account: a.Name, User: k.User, Provider: o.Provider, Grant: o.Grant, AuthURL: o.AuthURL, TokenURL: o.TokenURL,
		DeviceURL: o.DeviceURL, Scopes: o.Scopes, ClientID: o.ClientID, KeyFile: o.KeyFile, Subject: o.Subject, Tenant: o.Tenant,
		Keep: o.Keep, Dial: (&transport{keys: *k}).dialProvider,
	}
	secret := sourceOf(o.ClientSecret)
	if secret.Given() {
		c.Secret = func(ctx context.Context) (auth.Secret, error) { return secret.Fetch(ctx) }
	}
	if dir := conf.StateDir(); dir != "" {
		c.Dir = filepath.Join(dir, "tokens")
	}
	complete, fault := c.Complete()
	if fault != nil {
		return nil, a.Errorf("oauth."+fault.Key, "%s", fault.Text)
	}
	if at, err := url.Parse(complete.TokenURL); err == nil { // what a keyring or a netrc file has it under
		secret.Host, secret.Port, secret.User = at.Hostname(), 443, complete.ClientID
	}
	return &complete, nil
}

// dialProvider connects to the provider of tokens as the account connects to its servers: through its proxy, from its
// source. A provider on this machine, with which one may speak in clear, is reached directly.
func (t *transport) dialProvider(ctx context.Context, network, addr string) (net.Conn, error) {
	to, err := parseHost(addr, 0)
	if err != nil {
		return nil, &oauth.Error{Kind: oauth.Denied, Text: addr + " " + err.Error()}
	}
	if ip, err := netip.ParseAddr(to.certificate); to.name == "localhost" || err == nil && ip.IsLoopback() {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	var c net.Conn
	p, failed := t.proxyTo(to)
	switch {
	case failed != nil:
		err = failed
	case p == nil:
		return t.dialer(network)(ctx, addr)
	default:
		c, err = p.dial(ctx, t, to, addr)
	}
	if errors.As(err, &failed) {
		kind := oauth.Denied
		if backend.Temporary(failed) {
			kind = oauth.Again
		}
		err = &oauth.Error{Kind: kind, Text: to.certificate + ": " + withoutServer(failed)}
	}
	return c, err
}

// KindOf is what the lack of a token comes to.
func KindOf(err *oauth.Error) backend.Kind {
	switch err.Kind {
	case oauth.Again:
		return backend.Again
	case oauth.Local:
		return backend.Local
	}
	return backend.Denied
}
