package main

import (
	"errors"
	"fmt"
	"strings"

	"postern/conf"
	"postern/message"
)

// route is what one account gets of a message.
type route struct {
	account *conf.Account
	env     *message.Envelope

	copied  bool // the copy in Sent is made, or somebody else's to make
	copying bool // it is to be made for this route
}

// senderAddress is the address of -f: without a display name, and empty for the null reverse-path or without -f.
func (inv *invocation) senderAddress() string {
	if inv.sender == nil {
		return ""
	}
	addrs, _ := message.ParseAddresses(*inv.sender)
	if len(addrs) == 0 {
		return ""
	}
	return addrs[0].Spec
}

// envelopes are the envelope of a message, parted by the accounts that carry it: account, the one chosen for the
// message, and those that a recipient fits by match_recipient, unless --account has named one for all.
// The recipients are the arguments and, with -t, those of the header. What can't be read or expanded is told of in
// errs, and does not lose the others.
func (inv *invocation) envelopes(config *conf.Config, account *conf.Account, msg *message.Message) (routes []*route, errs []error) {
	bad := func(err error) {
		if !errors.As(err, new(configError)) {
			err = dataError{err}
		}
		errs = append(errs, err)
	}
	sender, _, err := inv.reversePath(account, msg)
	if err != nil {
		return nil, []error{dataError{err}}
	}
	addrs, wishes, problems := inv.addressees(msg)
	for _, p := range problems {
		bad(p)
	}
	aliases := inv.expander(config)
	seen := map[string]bool{}
	for i, a := range addrs {
		specs, problems := aliases.expand(a.Spec, nil)
		for _, p := range problems {
			bad(p)
		}
		for _, spec := range specs {
			carrier := inv.carrier(config, account, spec)
			spec = complete(spec, carrier.Domain)
			key := sameness(spec)
			if seen[key] {
				continue
			}
			seen[key] = true
			var r *route
			r, routes = routeOf(routes, carrier)
			r.env.To = append(r.env.To, spec)
			if inv.wantsDSN() {
				wish := wishes[i]
				if wish.Original == "" {
					wish.Original = complete(a.Spec, carrier.Domain)
				}
				r.env.DSN.For = append(r.env.DSN.For, wish)
			}
		}
	}
	for _, r := range routes {
		r.env.From, r.env.EightBit, r.env.Terms = sender, inv.eightBit, inv.terms
		r.env.DSN.Return, r.env.DSN.ID = inv.dsnReturn, inv.dsnID
		if r.account.OverrideFrom {
			r.env.From = r.account.From
		}
	}
	if len(routes) == 0 && len(errs) == 0 {
		if inv.fromHeader {
			bad(errors.New("no recipients: the message has no address in To, Cc or Bcc"))
		} else {
			errs = append(errs, usageError{errors.New("no recipients: give them as arguments, or -t to take them from the message")})
		}
	}
	return routes, errs
}

// addressees are who is to get a message, before aliases: the arguments and, with -t, those of the header. wishes has one for
// each.
func (inv *invocation) addressees(msg *message.Message) (addrs []message.Address, wishes []message.Wish, errs []error) {
	for i, word := range inv.recipients {
		list, problems := message.ParseAddresses(word)
		for _, a := range list {
			addrs = append(addrs, a)
			wishes = append(wishes, inv.wish(i))
		}
		for _, p := range problems {
			errs = append(errs, fmt.Errorf("recipient: %w", p))
		}
	}
	if inv.fromHeader {
		list, problems := msg.Recipients()
		for _, a := range list {
			addrs = append(addrs, a)
			wishes = append(wishes, inv.wish(-1))
		}
		errs = append(errs, problems...)
	}
	return addrs, wishes, errs
}

// expander is that of one message.
func (inv *invocation) expander(config *conf.Config) expander {
	return expander{config: config, done: map[string]bool{}, off: inv.noAliases}
}

// reversePath is the envelope's sender: -f, else the account's from, else the From: field, else user@domain. by says which.
func (inv *invocation) reversePath(account *conf.Account, msg *message.Message) (spec, by string, err error) {
	switch from := msg.From(); {
	case account.OverrideFrom:
		return account.From, "the account's from, which override_from has count", nil
	case inv.sender != nil:
		addrs, problems := message.ParseAddresses(*inv.sender)
		if len(addrs) > 1 {
			problems = append(problems, fmt.Errorf("more than one address in %q", *inv.sender))
		}
		if len(problems) > 0 {
			return "", "", fmt.Errorf("-f: %w", problems[0])
		}
		if spec := inv.senderAddress(); spec != "" {
			return completeSender(spec, account), "-f", nil
		}
		return "", "-f, which has none", nil
	case account.From != "":
		return account.From, "the account's from", nil
	case len(from) > 0 && from[0] != "":
		return completeSender(from[0], account), "From:", nil
	}
	return completeSender(whoami().login, account), "the user who runs it", nil
}

// carrier is the account that a recipient goes by: by its bare name or, completed, by its address.
func (inv *invocation) carrier(config *conf.Config, account *conf.Account, spec string) *conf.Account {
	if inv.account != "" {
		return account
	}
	for _, addr := range []string{spec, complete(spec, account.Domain)} {
		if a := config.ForRecipient(addr, !message.HasDomain(addr)); a != nil {
			return a
		}
	}
	return account
}

// routeOf is the route by an account, which it adds where there is none yet.
func routeOf(routes []*route, account *conf.Account) (*route, []*route) {
	for _, r := range routes {
		if r.account == account {
			return r, routes
		}
	}
	r := &route{account: account, env: &message.Envelope{}}
	return r, append(routes, r)
}

// wish is what the sender wants to be told of the recipient that argument i names: by SMTP each has its own, -N is for
// all.
func (inv *invocation) wish(i int) message.Wish {
	if i >= 0 && i < len(inv.wishes) {
		return inv.wishes[i]
	}
	return message.Wish{Notify: inv.notify}
}

func (inv *invocation) wantsDSN() bool {
	return inv.notify != "" || len(inv.wishes) > 0
}

// complete adds a domain to a bare name; without one to add it stays bare, and the server decides.
func complete(spec, domain string) string {
	if domain == "" || message.HasDomain(spec) {
		return spec
	}
	return spec + "@" + domain
}

// completeSender adds a domain to a sender without one, which always needs one for answers.
func completeSender(spec string, account *conf.Account) string {
	return complete(spec, senderDomain(account))
}

// senderDomain completes senders: the account's domain, else this host's name.
func senderDomain(account *conf.Account) string {
	if account.Domain != "" {
		return account.Domain
	}
	if host := fqdn(); host != "" {
		return host
	}
	return "localhost"
}

// sameness is equal for two spellings of one mailbox: the domain counts in any case, the local part only in one (RFC
// 5321 section 2.4).
func sameness(spec string) string {
	if !message.HasDomain(spec) {
		return spec
	}
	at := strings.LastIndexByte(spec, '@') + 1
	return spec[:at] + strings.ToLower(spec[at:])
}
