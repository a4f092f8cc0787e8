package alignment

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// maxDepth is how far includes are followed: the provider is named near the top, and each is a question to the DNS.
const maxDepth = 2

// spf tells whether the domain's record names the provider that the hosts are of.
func (l *looker) spf() (Finding, error) {
	f := Finding{About: "SPF"}
	found, err := l.records(l.domain, "v=spf1")
	switch {
	case err != nil:
		return f, err
	case len(found) == 0:
		f.Text = l.domain + " has no SPF record: receivers can't tell who may send for it"
		return f, nil
	case len(found) > 1: // RFC 7208 section 4.5
		f.Text = fmt.Sprintf("%s has %d SPF records, and so none counts", l.domain, len(found))
		return f, nil
	}
	by, named, err := l.permits(found[0], l.domain, 0)
	switch {
	case err != nil:
		return f, err
	case by != "":
		f.Good, f.Text = true, fmt.Sprintf("%s permits %s, as %s", l.domain, strings.Join(l.hosts, ", "), by)
	case len(named) == 0:
		f.Text = fmt.Sprintf("the SPF record of %s names nobody that looks like %s", l.domain, strings.Join(l.hosts, ", "))
	default:
		f.Text = fmt.Sprintf("the SPF record of %s names %s, and nobody that looks like %s: what it sends may be distrusted", l.domain, strings.Join(named, ", "), strings.Join(l.hosts, ", "))
	}
	return f, nil
}

// permits is the term of a record that names one of the hosts or its provider, or empty; named are the others it names.
func (l *looker) permits(record, owner string, depth int) (by string, named []string, err error) {
	for _, term := range strings.Fields(record)[1:] {
		term = strings.TrimPrefix(term, "+")
		if strings.ContainsAny(term[:min(1, len(term))], "-~?") { // none of them permits
			continue
		}
		kind, value, _ := strings.Cut(strings.Replace(term, "=", ":", 1), ":")
		switch strings.ToLower(kind) {
		case "all":
			return term + ", which is everybody", nil, nil
		case "include", "redirect":
			if strings.Contains(value, "%") { // a macro, which needs a message
				continue
			}
			named = append(named, value)
			if l.provides(value) {
				return term, nil, nil
			}
			if depth < maxDepth {
				by, err := l.within(value, depth+1)
				if err != nil || by != "" {
					return by, nil, err
				}
			}
		case "a", "mx":
			name, _, _ := strings.Cut(value, "/")
			if name == "" {
				name = owner
			}
			if l.provides(name) {
				return term, nil, nil
			}
		case "ip4", "ip6":
			if l.has(value) {
				return term, nil, nil
			}
		}
	}
	return "", named, nil
}

// within looks into the record of an included domain.
func (l *looker) within(domain string, depth int) (by string, err error) {
	found, err := l.records(domain, "v=spf1")
	if err != nil || len(found) != 1 {
		return "", err
	}
	by, _, err = l.permits(found[0], domain, depth)
	if by != "" {
		by += " of " + domain
	}
	return by, err
}

// provides tells whether a name is of the provider of one of the hosts.
func (l *looker) provides(name string) bool {
	return slices.ContainsFunc(l.hosts, func(host string) bool { return provider(host) == provider(name) })
}

// has tells whether an address or a network has one of the hosts in it, where hosts are addresses or resolve to some.
func (l *looker) has(network string) bool {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		addr, err := netip.ParseAddr(network)
		if err != nil {
			return false
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	return slices.ContainsFunc(l.hosts, func(host string) bool {
		addrs, _ := l.dns.LookupNetIP(l.ctx, "ip", host)
		return slices.ContainsFunc(addrs, func(a netip.Addr) bool { return prefix.Contains(a.Unmap()) })
	})
}

// provider is whose a name is: that of its organisation, or the one name of those that have many.
func provider(name string) string {
	name = organisation(name)
	switch name {
	case "gmail.com", "googlemail.com", "googleapis.com":
		return "google.com"
	case "office365.com", "office.com", "hotmail.com", "live.com":
		return "outlook.com"
	case "me.com", "mac.com", "apple.com":
		return "icloud.com"
	case "messagingengine.com", "fastmail.fm":
		return "fastmail.com"
	case "amazonaws.com":
		return "amazonses.com"
	case "mailgun.net":
		return "mailgun.org"
	case "gmx.de", "gmx.com", "gmx.at", "gmx.ch":
		return "gmx.net"
	case "zoho.eu", "zoho.in", "zohomail.com", "zohomail.eu":
		return "zoho.com"
	}
	return name
}

// organisation is the part of a name that somebody has registered: two labels, or three where the last two are a
// country's. A guess does, as this is advice.
func organisation(name string) string {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(name, ".")), ".")
	take := 2
	if n := len(labels); n > 2 && len(labels[n-1]) == 2 && strings.Contains(" ac co com edu gob gov gv ne net nom or org ", " "+labels[n-2]+" ") {
		take = 3
	}
	return strings.Join(labels[max(0, len(labels)-take):], ".")
}
