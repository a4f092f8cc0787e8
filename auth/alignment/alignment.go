// Package alignment reads what the DNS says of who may send mail for a domain: SPF (RFC 7208) and DMARC (RFC 7489).
//
// It gives advice and no verdict. Which address a provider's servers send from shows only on a message that has arrived,
// so what is told here is whether a domain's records name the provider at all.
package alignment

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Finding is one thing that the DNS says, or doesn't.
type Finding struct {
	About   string // SPF, DMARC or DKIM
	Good    bool
	Unknown bool // nothing can be said
	Text    string
}

// Look asks the DNS about the domain of an address, whose mail goes out by hosts. The error is that of a DNS that doesn't
// answer.
func Look(ctx context.Context, dns *net.Resolver, domain string, hosts []string) ([]Finding, error) {
	l := &looker{ctx, dns, domain, hosts}
	spf, err := l.spf()
	if err != nil {
		return nil, err
	}
	dmarc, err := l.dmarc()
	if err != nil {
		return nil, err
	}
	return []Finding{spf, dmarc, {About: "DKIM", Unknown: true, Text: "can't be looked up without its selector; Authentication-Results of a message that has arrived tells whether it was signed for " + domain}}, nil
}

type looker struct {
	ctx    context.Context
	dns    *net.Resolver
	domain string
	hosts  []string
}

// records are the TXT records at name that begin with the version tag.
func (l *looker) records(name, version string) (found []string, err error) {
	all, err := l.dns.LookupTXT(l.ctx, strings.TrimSuffix(name, ".")+".") // and no search domain
	var none *net.DNSError
	if errors.As(err, &none) && none.IsNotFound && !none.IsTimeout {
		err = nil
	}
	for _, text := range all {
		first, _, _ := strings.Cut(text, " ")
		tag, _, _ := strings.Cut(first, ";")
		if strings.EqualFold(tag, version) {
			found = append(found, text)
		}
	}
	return found, err
}

// dmarc finds the policy, of the domain or else of the organisation's (RFC 7489 section 6.6.3).
func (l *looker) dmarc() (Finding, error) {
	f := Finding{About: "DMARC"}
	var found []string
	var err error
	at := l.domain
	for _, at = range []string{l.domain, organisation(l.domain)} {
		if found, err = l.records("_dmarc."+at, "v=DMARC1"); err != nil || len(found) > 0 {
			break
		}
	}
	switch {
	case err != nil:
		return f, err
	case len(found) == 0:
		f.Text = l.domain + " has no DMARC record, which large receivers want: _dmarc." + l.domain + " TXT \"v=DMARC1; p=none\" is the least"
		return f, nil
	case len(found) > 1:
		f.Text = fmt.Sprintf("_dmarc.%s has %d DMARC records, and so none counts", at, len(found))
		return f, nil
	}
	tags := tagsOf(found[0])
	policy := tags["p"]
	if sub, ok := tags["sp"]; ok && at != l.domain {
		policy = sub
	}
	f.Good = policy != ""
	f.Text = fmt.Sprintf("_dmarc.%s: %s", at, map[string]string{
		"none":       "policy none: what is neither SPF's nor DKIM's is delivered all the same",
		"quarantine": "policy quarantine: what is neither SPF's nor DKIM's may go to spam",
		"reject":     "policy reject: what is neither SPF's nor DKIM's is refused",
	}[policy])
	if f.Good = policy == "none" || policy == "quarantine" || policy == "reject"; !f.Good {
		f.Text = fmt.Sprintf("_dmarc.%s has a policy that is none of none, quarantine, reject", at)
	}
	return f, nil
}

// tagsOf reads tag=value pairs (RFC 7489 section 6.4).
func tagsOf(text string) map[string]string {
	tags := map[string]string{}
	for _, pair := range strings.Split(text, ";") {
		name, value, _ := strings.Cut(pair, "=")
		tags[strings.ToLower(strings.TrimSpace(name))] = strings.ToLower(strings.TrimSpace(value))
	}
	return tags
}
