package smtp

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"postern/backend"
)

// discover finds the servers of a domain by its SRV records (RFC 6186 section 3.1, RFC 8314 section 5.1), in the order
// of RFC 2782: by priority, and by chance within one, as the weights say.
//
// Answers of the DNS can be forged, and then so is the name in them. A server within the domain is one that its owner
// has named: its certificate has to be for the server's own name. Any other needs the user's consent (RFC 6186 section
// 6), which is tls.server_name; without it the certificate has to be for the domain itself (RFC 7817 section 3).
func (t *transport) discover(ctx context.Context, to server) ([]server, *backend.Error) {
	service := map[security]string{upgraded: "submission", implicit: "submissions"}[t.security]
	record := "_" + service + "._tcp." + to.domain
	ctx, cancel := context.WithTimeout(ctx, t.connectLimit())
	defer cancel()
	_, records, err := net.DefaultResolver.LookupSRV(ctx, service, "tcp", strings.TrimSuffix(to.domain, ".")+".") // and no search domain
	if len(records) == 0 && err != nil {                                                                          // with records it is only that some of them make no sense
		return nil, lookupError(to.Host, record+": ", err)
	}
	var found []server
	for _, r := range records {
		target := strings.TrimSuffix(r.Target, ".")
		if _, err := hostName(target); err != nil || r.Port == 0 { // "." is a service that isn't there (RFC 2782)
			continue
		}
		s := server{Host: target, Port: int(r.Port), name: r.Target, certificate: target}
		if domain := strings.TrimSuffix(to.domain, "."); !within(target, domain) {
			s.certificate = domain
		}
		found = append(found, s)
	}
	if len(found) == 0 {
		err := errors.New(record + ": the domain says that it has no such service")
		return nil, &backend.Error{Kind: backend.NoHost, Server: to.Host, Stage: stageLookup, Err: err}
	}
	return found, nil
}

// within tells whether a name is domain's or of one below it.
func within(name, domain string) bool {
	name, domain = strings.ToLower(name), strings.ToLower(domain)
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// connectLimit is the time that a name lookup, an address or a proxy has.
func (t *transport) connectLimit() time.Duration {
	return stageConnect.capped(time.Duration(t.Timeout)).limit
}

// stageLookup is the stage of what the DNS answers.
const stageLookup = "name lookup"

// lookupError is the error of a question to the DNS.
func lookupError(host, question string, err error) *backend.Error {
	e := &backend.Error{Kind: backend.Again, Server: host, Stage: stageLookup, Err: err}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		e.Err = errors.New(question + dns.Err)
		if dns.IsNotFound && !dns.IsTemporary {
			e.Kind = backend.NoHost
		}
	}
	return e
}
