// Package discover finds the servers that an address's owner sends by. It asks in this order, and the first answer is it:
//
//  1. a table of providers, which asks nobody
//  2. the SRV records of the address's domain (RFC 6186 section 3.1, RFC 8314 section 5.1)
//  3. the MX records of the domain, where they name a provider of the table, as those of firms do
//  4. the autoconfig file of the domain, over HTTPS: what comes over plain HTTP could be anybody's, and is not asked for
//  5. Mozilla's database of such files, if it may: it gets to know the domain, though not the address
//  6. names that are usual, if somebody there speaks SMTP with TLS and a certificate for the name
//
// A password will go to what is found. Answers of the DNS can be forged, so a server that only they name, outside of the
// domain, is for the person to agree to (RFC 6186 section 6): Found.Unproven. Whom to trust is not decided here.
package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// The backends of what is found: nothing without TLS is.
const (
	TLS      = "tls"
	StartTLS = "starttls"
)

// Server is a server to send by.
type Server struct {
	Host      string
	Port      int
	Backend   string // TLS or StartTLS
	User      string // who signs in; empty is the address
	LocalPart bool   // who signs in is what the address has before its @
}

// Advice is what a person has to know about a provider.
type Advice struct {
	OAuth     string // by which name of oauth.provider it takes tokens
	OnlyOAuth bool   // it takes nothing else
	Password  string // which password it wants, where it isn't that of the account
	URL       string // where to get it
	Note      string
}

// Found is what was found.
type Found struct {
	Provider string   // its name, where it is known
	How      string   // where that comes from, for people
	Servers  []Server // the best one first
	Unproven bool     // only the DNS says so, and the server is outside of the domain
	Advice   Advice
}

// Finder asks.
type Finder struct {
	Resolver *net.Resolver
	Client   *http.Client // see NewClient
	Database bool         // Mozilla's may be asked
	// Confirm tells whether a server is there and has TLS and a certificate for its name.
	Confirm func(context.Context, Server) error
	// Tell is told what has been asked and came to nothing.
	Tell func(asked string, err error)

	autoconfig []string // in place of the usual places, for the tests
}

// ErrNone says that nothing was found.
var ErrNone = errors.New("no server was found")

// ErrUnasked says that nothing was found, and that the DNS could not be asked.
var ErrUnasked = errors.New("the DNS can't be asked")

// errAbsent says that a domain has no such records or files.
var errAbsent = errors.New("nothing there")

// questionLimit is the time that each question may take.
const questionLimit = 10 * time.Second

// Find finds the servers of an address.
func (f *Finder) Find(ctx context.Context, address string) (Found, error) {
	local, domain, err := Split(address)
	if err != nil {
		return Found{}, err
	}
	if found, ok := Known(domain); ok {
		return found.signingIn(local, domain), nil
	}
	steps := []struct {
		asked string
		ask   func(context.Context, string, string) (Found, error)
	}{
		{"the SRV records of " + domain, f.srv},
		{"the MX records of " + domain, f.mx},
		{"autoconfig of " + domain, f.own},
		{"Mozilla's database", f.database},
		{"the usual names", f.guess},
	}
	var unasked error // why the DNS gave no answer to the first question
	for i, s := range steps {
		found, err := s.ask(ctx, local, domain)
		if err == nil {
			return found.signingIn(local, domain), nil
		}
		if ctx.Err() != nil {
			return Found{}, context.Cause(ctx)
		}
		f.Tell(s.asked, err)
		if errors.Is(err, errRefuses) {
			return Found{}, fmt.Errorf("%w: %w", ErrNone, err)
		}
		if i == 0 && !errors.Is(err, errAbsent) {
			unasked = err
		}
	}
	if unasked != nil {
		return Found{}, fmt.Errorf("%w for the servers of %s: %w", ErrUnasked, domain, unasked)
	}
	return Found{}, fmt.Errorf("%w for %s", ErrNone, domain)
}

// Split takes an address apart; its domain comes as the DNS has it.
func Split(address string) (local, domain string, err error) {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at == len(address)-1 || strings.ContainsAny(address, " \t\r\n<>,;\"") {
		return "", "", fmt.Errorf("%q is no address such as ann@example.org", address)
	}
	local = address[:at]
	domain, err = idna.Lookup.ToASCII(strings.TrimSuffix(address[at+1:], "."))
	if err != nil || !strings.Contains(domain, ".") && domain != "localhost" {
		return "", "", fmt.Errorf("%q has no domain", address)
	}
	return local, domain, nil
}

// signingIn has the servers sign in as the one who has the address.
func (f Found) signingIn(local, domain string) Found {
	servers := make([]Server, len(f.Servers))
	for i, s := range f.Servers {
		if s.User == "" {
			s.User = local + "@" + domain
		}
		if s.LocalPart {
			s.User = local
		}
		servers[i] = s
	}
	f.Servers = servers
	if f.Advice == (Advice{}) && len(servers) > 0 {
		f.Advice = Advises(servers[0].Host)
	}
	return f
}

// within tells whether a name is domain's or of one below it.
func within(name, domain string) bool {
	name, domain = strings.ToLower(strings.TrimSuffix(name, ".")), strings.ToLower(domain)
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// guess tries the usual names; the first of them that is confirmed is it.
func (f *Finder) guess(ctx context.Context, _, domain string) (Found, error) {
	var last error
	for _, s := range []Server{
		{Host: "smtp." + domain, Port: 465, Backend: TLS},
		{Host: "mail." + domain, Port: 465, Backend: TLS},
		{Host: "smtp." + domain, Port: 587, Backend: StartTLS},
		{Host: "mail." + domain, Port: 587, Backend: StartTLS},
	} {
		err := f.Confirm(ctx, s)
		if err == nil {
			return Found{How: "a usual name, where a server answers with a certificate for it", Servers: []Server{s}}, nil
		}
		if ctx.Err() != nil {
			return Found{}, context.Cause(ctx)
		}
		last = err
	}
	return Found{}, last
}
