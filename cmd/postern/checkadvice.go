package main

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"postern/auth/alignment"
	"postern/backend"
)

// adviceLimit is how long the DNS has for what is only advice.
const adviceLimit = 4 * time.Second

// advise tells what the DNS says of the sender's domain, where it answers: not where the servers couldn't be looked up. Behind a proxy the names don't show: the DNS of
// this machine is not asked.
func (k *checker) advise(ctx context.Context) {
	_, domain, found := strings.Cut(k.account.From, "@")
	hosts := k.dnsHosts()
	if !found || !strings.Contains(domain, ".") || len(hosts) == 0 || k.proxied || k.at == "DNS" || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, adviceLimit)
	defer cancel()
	findings, err := alignment.Look(ctx, net.DefaultResolver, domain, hosts)
	if err != nil {
		return
	}
	for _, f := range findings {
		step := backend.Step{Name: f.About, Text: f.Text}
		switch {
		case f.Unknown:
			step.Verdict = backend.Skipped
		case !f.Good:
			step.Verdict = backend.Noted
		}
		k.step(step)
	}
}

// dnsHosts are the account's hosts that have a name in the DNS, as far as that names a provider.
func (k *checker) dnsHosts() (names []string) {
	keys, err := serverKeysOf(k.account)
	if k.account.Backend == "lmtp" || err != nil {
		return nil
	}
	for _, host := range keys.Hosts {
		host = strings.TrimPrefix(host, "srv:")
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		_, notName := netip.ParseAddr(host)
		if !strings.HasPrefix(host, "unix:") && notName != nil && strings.Contains(host, ".") {
			names = append(names, host)
		}
	}
	return names
}
