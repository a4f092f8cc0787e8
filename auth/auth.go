// Package auth is the plug board of SASL mechanisms (RFC 4422) and the place where secrets come from.
//
// A mechanism is one file here and one word in Mechanisms. The exchange itself, which carries the challenges and
// responses, is the transport's.
package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
)

// Credentials are what an account signs in with.
type Credentials struct {
	User        string
	Password    Source
	Token       func(context.Context) (Secret, error) // an OAuth access token; nil where there is none
	Certificate bool                                  // a client certificate is configured

	// Another is a token in place of one that a server has refused, or empty where there is none that could be better.
	// It is set where Token is.
	Another func(ctx context.Context, refused Secret) (Secret, error)
}

// kind is what "auto" signs in with.
func (c *Credentials) kind() string {
	switch {
	case c.Token != nil:
		return "an OAuth token"
	case external.Fits(c):
		return "a client certificate"
	}
	return "a password"
}

// Connection is what a mechanism may want to know of the connection and the server.
type Connection struct {
	TLS     *tls.ConnectionState // nil without TLS
	Offered []string             // the server's mechanisms; nil where it could not say, since it answered only HELO
	Secure  bool                 // a password may go out as it is: encrypted, to this machine, or the user said so
	Host    string               // the server's name or address; empty behind a unix socket
	Port    int
}

// Mechanism is one way to sign in.
type Mechanism struct {
	Name      string // as servers offer it: "PLAIN"
	Cleartext bool   // the password or the token itself crosses the connection
	Binds     bool   // it is for TLS alone, to which it binds the sign-in
	// Fits tells whether "auto" may pick it for an account, which has the secrets for it. Where it is nil, the
	// mechanism has to be asked for by name.
	Fits func(*Credentials) bool
	// Lacks is the key without which the account can't use the mechanism, or empty.
	Lacks func(*Credentials) string
	// New begins a sign-in. The secret is what must not be shown.
	New func(context.Context, *Credentials, Connection) (Client, Secret, error)
}

// Client is one sign-in: Start gives the initial response, Next answers a challenge.
type Client = sasl.Client

// Prover is a client to which the server, too, has to prove something: without it, its success is none.
type Prover interface {
	Proven() error
}

// Reasoner is a client that knows more about a refusal than the reply says; empty where it doesn't. The words are the
// server's, as they came.
type Reasoner interface {
	Reason() string
}

// Expecter is a client that knows what the server will say next, and that it tells of the password.
type Expecter interface {
	Expects() Secret
}

// Mechanisms are all there are, the most preferred first.
var Mechanisms = []Mechanism{
	scramSHA256Plus, scramSHA1Plus, scramSHA256, scramSHA1, cramMD5, external, oauthBearer, xoauth2, plain, login, anonymous,
}

var (
	// ErrCleartext says that the password would leave in clear.
	ErrCleartext = errors.New("the password would leave in clear on this connection")
	// ErrNotOffered says that the server has no mechanism, or not the wanted one.
	ErrNotOffered = errors.New("not offered by the server")
	// ErrUnproven says that whoever answers doesn't know the password, and so is not the server that it is for.
	ErrUnproven = errors.New("the server has not proved that it knows the password")

	errNoTLS = errors.New("it binds the sign-in to TLS, and nothing to bind to is on this connection")
)

// Find is the mechanism called name, in any case.
func Find(name string) (Mechanism, bool) {
	for _, m := range Mechanisms {
		if strings.EqualFold(m.Name, name) {
			return m, true
		}
	}
	return Mechanism{}, false
}

// Choose picks the mechanism: want by its name, or with "auto" the most preferred one that the server offers, the
// account has the secrets for, and the connection is good for. What was asked for by name is tried where the server
// could not say what it offers, and never replaced.
// The errors wrap ErrCleartext or ErrNotOffered, but for one of a connection that nothing can be bound to.
func Choose(have *Credentials, over Connection, want string) (Mechanism, error) {
	if want != "auto" {
		m, ok := Find(want)
		switch {
		case !ok:
			return m, fmt.Errorf("%s is no mechanism that is known here", want)
		case over.Offered != nil && !contains(over.Offered, m.Name):
			return m, fmt.Errorf("%s is %w, which has %s", m.Name, ErrNotOffered, list(over.Offered))
		case m.Cleartext && !over.Secure:
			return m, ErrCleartext
		case m.Binds && !over.binding().IsSupported():
			return m, fmt.Errorf("%s: %w", m.Name, errNoTLS)
		}
		return m, nil
	}
	inClear := false
	for _, m := range Mechanisms {
		if !m.fits(have) {
			continue
		}
		switch {
		case !contains(over.Offered, m.Name), m.Binds && !over.binding().IsSupported():
		case m.Cleartext && !over.Secure:
			inClear = true
		default:
			return m, nil
		}
	}
	if inClear {
		return Mechanism{}, ErrCleartext
	}
	return Mechanism{}, fmt.Errorf("a mechanism for %s is %w, which has %s", have.kind(), ErrNotOffered, list(over.Offered))
}

func (m Mechanism) fits(have *Credentials) bool {
	return m.Fits != nil && m.Fits(have)
}

// Lacking is the key without which an account can't sign in by want, the name of a mechanism or "auto". It is empty
// where nothing is lacking.
func Lacking(have *Credentials, want string) string {
	if m, ok := Find(want); ok {
		return m.Lacks(have)
	}
	for _, m := range Mechanisms {
		if m.fits(have) {
			return ""
		}
	}
	return lacksPassword(have)
}

// hasPassword is for the mechanisms that use a password. An account that has tokens signs in with those.
func hasPassword(have *Credentials) bool {
	return have.Token == nil && lacksPassword(have) == ""
}

func lacksPassword(have *Credentials) string {
	switch {
	case have.User == "":
		return "user"
	case !have.Password.Given():
		return "password"
	}
	return ""
}

// Names are the mechanisms' names as the configuration spells them.
func Names() []string {
	var names []string
	for _, m := range Mechanisms {
		names = append(names, strings.ToLower(m.Name))
	}
	return names
}

func contains(offered []string, name string) bool {
	for _, o := range offered {
		if strings.EqualFold(o, name) {
			return true
		}
	}
	return false
}

func list(offered []string) string {
	if len(offered) == 0 {
		return "none"
	}
	return strings.Join(offered, ", ")
}
