package smtp

import (
	"context"
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
}

// OAuth is how an account gets its OAuth tokens; nil where it has no oauth table.
func OAuth(a *conf.Account) (*oauth.Config, error) {
	var k keys
	if err := a.Decode(&k); err != nil {
		return nil, err
	}
	return k.OAuth.config(a, k.User)
}

// config judges the keys. The errors are *conf.Error.
func (k *oauthKeys) config(a *conf.Account, user string) (*oauth.Config, error) {
	if k == nil {
		return nil, nil
	}
	c := oauth.Config{
		Account: a.Name, User: user, Provider: k.Provider, Grant: k.Grant, AuthURL: k.AuthURL, TokenURL: k.TokenURL,
		DeviceURL: k.DeviceURL, Scopes: k.Scopes, ClientID: k.ClientID, KeyFile: k.KeyFile, Subject: k.Subject, Tenant: k.Tenant,
	}
	secret := sourceOf(k.ClientSecret)
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
