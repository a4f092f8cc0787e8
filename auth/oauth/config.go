// Package oauth gets OAuth 2.0 access tokens (RFC 6749): by a person's consent in a browser (with PKCE, RFC 7636, and a
// redirect to this machine, RFC 8252) or on another device (RFC 8628), and for a program of its own by its secret or a
// signed assertion (RFC 7523). Tokens are kept in a file for each account, and renewed ahead of their end, under a lock:
// many providers replace the refresh token at each use, and to use one twice ends the sign-in.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"postern/auth"
)

// The grants that Grant may name.
const (
	GrantCode   = "authorization_code" // a person consents: in the browser, or on another device
	GrantClient = "client_credentials" // the program has a secret of its own
	GrantJWT    = "jwt"                // the program signs with the key of a service account
)

// The places that Keep may name.
const (
	KeepFile    = "file"    // a file in Dir
	KeepKeyring = "keyring" // the keyring of the desktop session
)

// Config says how one account gets its tokens.
type Config struct {
	Account string // names the file, and stands in advice
	User    string // who is to sign in, a hint for the provider's page
	Dir     string // where token files and their locks are; empty when there is no place
	Keep    string // KeepFile unless set

	Provider  string // google, microsoft and so on, or empty where the URLs say all
	Grant     string // GrantCode unless set
	AuthURL   string
	TokenURL  string
	DeviceURL string
	Scopes    []string
	ClientID  string
	Secret    func(context.Context) (auth.Secret, error) // the client's; nil where it has none
	KeyFile   string                                     // of a service account, as Google gives it
	Subject   string                                     // whom the service account acts for
	Tenant    string                                     // the organisation at Microsoft

	// Dial connects to the provider; nil does so without proxy. Its errors may be an *Error.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	style     oauth2.AuthStyle
	redirect  string // the host of the redirect: a name for this machine
	extra     map[string]string
	noDevice  string
	transport http.RoundTripper // of tests; nil is the network
}

// Fault is a setting that is wrong or missing; Key is its name in the oauth table.
type Fault struct{ Key, Text string }

// Complete fills in what the provider is known to want, and judges the rest. It touches neither network nor files.
func (c Config) Complete() (Config, *Fault) {
	if c.Grant == "" {
		c.Grant = GrantCode
	}
	p := provider{redirect: "127.0.0.1", style: oauth2.AuthStyleInParams}
	if c.Secret != nil {
		p.style = oauth2.AuthStyleInHeader // what every server has to take (RFC 6749 section 2.3.1)
	}
	if c.Provider != "" {
		known, ok := findProvider(c.Provider)
		if !ok {
			return c, &Fault{"provider", fmt.Sprintf("%q is none of %s; others are set by auth_url and token_url", c.Provider, strings.Join(providerNames(), ", "))}
		}
		p = known
	}
	if fault := c.judge(p); fault != nil {
		return c, fault
	}
	c.style, c.redirect, c.extra, c.noDevice = p.style, p.redirect, p.extra, p.noDevice
	tenant := c.Tenant
	if tenant == "" {
		tenant = "common"
	}
	for _, u := range []struct {
		key, known string
		set        *string
	}{{"auth_url", p.authURL, &c.AuthURL}, {"token_url", p.tokenURL, &c.TokenURL}, {"device_url", p.deviceURL, &c.DeviceURL}} {
		if *u.set == "" {
			*u.set = strings.ReplaceAll(u.known, "{tenant}", url.PathEscape(tenant))
		}
		if *u.set != "" && !safeURL(*u.set) {
			return c, &Fault{u.key, fmt.Sprintf("%q is no https URL", *u.set)}
		}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = p.scopes
		if c.Grant == GrantClient && p.appScopes != nil {
			c.Scopes = p.appScopes
		}
	}
	switch {
	case c.Grant == GrantJWT && len(c.Scopes) == 0:
		return c, &Fault{"scopes", "there are neither provider nor scopes"}
	case c.TokenURL == "" && c.Grant != GrantJWT: // there the key file has it
		return c, &Fault{"token_url", "there is neither provider nor token_url"}
	case c.AuthURL == "" && c.DeviceURL == "" && c.Grant == GrantCode:
		return c, &Fault{"auth_url", "there is neither auth_url nor device_url to sign in at"}
	}
	return c, nil
}

// judge refuses settings that can't be meant.
func (c *Config) judge(p provider) *Fault {
	switch c.Grant {
	case GrantCode, GrantClient, GrantJWT:
	default:
		return &Fault{"grant", fmt.Sprintf("%q is none of %s, %s, %s", c.Grant, GrantCode, GrantClient, GrantJWT)}
	}
	switch c.Keep {
	case "", KeepFile, KeepKeyring:
	default:
		return &Fault{"keep", fmt.Sprintf("%q is neither %s nor %s", c.Keep, KeepFile, KeepKeyring)}
	}
	isJWT, isClient := c.Grant == GrantJWT, c.Grant == GrantClient
	perTenant := strings.Contains(p.tokenURL, "{tenant}")
	switch {
	case isJWT && c.KeyFile == "":
		return &Fault{"key_file", "grant = \"jwt\" needs key_file, the key of a service account"}
	case !isJWT && c.KeyFile != "":
		return &Fault{"key_file", "key_file is for grant = \"jwt\""}
	case !isJWT && c.Subject != "":
		return &Fault{"subject", "subject is for grant = \"jwt\""}
	case c.Tenant != "" && !perTenant:
		return &Fault{"tenant", "tenant is for provider = \"microsoft\""}
	case isClient && perTenant && c.Tenant == "":
		return &Fault{"tenant", "grant = \"client_credentials\" needs tenant, the organisation's id or domain"}
	case !isJWT && c.ClientID == "":
		text := "there is no client_id"
		if p.register != "" {
			text += ": " + p.register
		}
		return &Fault{"client_id", text}
	case (isJWT || isClient) && c.Keep == KeepKeyring: // its owner is not there to unlock it, and the file holds nothing that lasts
		return &Fault{"keep", fmt.Sprintf("keep = %q is for tokens that a person signs in for", KeepKeyring)}
	case isClient && c.Secret == nil:
		return &Fault{"client_secret", "grant = \"client_credentials\" needs client_secret"}
	}
	return nil
}

// safeURL tells whether secrets may go to an address: by https, or on this machine.
func safeURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// identity is what a kept token was given for: with another client, scope or endpoint it is of no use.
func (c *Config) identity() string {
	return strings.Join([]string{c.TokenURL, c.ClientID, c.KeyFile, c.Subject, strings.Join(c.Scopes, " ")}, "\n")
}

// byItself tells whether tokens come without a person.
func (c *Config) byItself() bool { return c.Grant != GrantCode }

// library is the configuration as golang.org/x/oauth2 has it.
func (c *Config) library(secret auth.Secret, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: string(secret), Scopes: c.Scopes, RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{AuthURL: c.AuthURL, TokenURL: c.TokenURL, DeviceAuthURL: c.DeviceURL, AuthStyle: c.style},
	}
}

// secret fetches the client's.
func (c *Config) secret(ctx context.Context) (auth.Secret, error) {
	if c.Secret == nil {
		return "", nil
	}
	secret, err := c.Secret(ctx)
	kind := Denied
	if errors.Is(err, auth.ErrLater) {
		kind = Again
	}
	if err != nil {
		return "", &Error{kind, fmt.Sprintf("client_secret of account %s: %v", c.Account, err)}
	}
	return secret, nil
}
