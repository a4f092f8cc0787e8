package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// errRefuses says that a domain has announced that it has no such service.
var errRefuses = errors.New("the domain says that it has no servers for sending")

// srv asks for the SRV records: those of implicit TLS come first (RFC 8314 section 5.1).
func (f *Finder) srv(ctx context.Context, _, domain string) (Found, error) {
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	found := Found{How: "the SRV records of " + domain}
	refused := false
	var failed error
	for _, service := range []struct{ name, backend string }{{"submissions", TLS}, {"submission", StartTLS}} {
		_, records, err := f.Resolver.LookupSRV(ctx, service.name, "tcp", domain+".")
		if len(records) == 0 {
			if failed == nil || errors.Is(failed, errAbsent) {
				failed = absent(err)
			}
			continue
		}
		for _, r := range records {
			host := strings.TrimSuffix(r.Target, ".")
			if host == "" || r.Port == 0 { // "." is a service that isn't there (RFC 6186 section 3.4)
				refused = true
				continue
			}
			found.Servers = append(found.Servers, Server{Host: strings.ToLower(host), Port: int(r.Port), Backend: service.backend})
		}
	}
	switch {
	case len(found.Servers) > 0:
		found.Unproven = slices.ContainsFunc(found.Servers, func(s Server) bool { return !within(s.Host, domain) })
		return found, nil
	case refused:
		return Found{}, errRefuses
	}
	return Found{}, failed
}

// mx asks who takes the domain's mail.
func (f *Finder) mx(ctx context.Context, _, domain string) (Found, error) {
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	records, err := f.Resolver.LookupMX(ctx, domain+".")
	if len(records) == 0 {
		return Found{}, absent(err)
	}
	for _, r := range records {
		if p, ok := byMX(r.Host); ok {
			found := p.found(fmt.Sprintf("the MX records of %s, which name %s", domain, strings.TrimSuffix(r.Host, ".")))
			found.Unproven = true
			return found, nil
		}
	}
	return Found{}, errors.New("they name no provider of the table")
}

// absent is why the DNS has no records.
func absent(err error) error {
	var dns *net.DNSError
	switch {
	case err == nil, errors.As(err, &dns) && dns.IsNotFound:
		return errAbsent
	case errors.As(err, &dns):
		return errors.New(dns.Err)
	}
	return err
}
