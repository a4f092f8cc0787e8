package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postern/conf"
	"postern/message"
)

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

// envelope is the envelope of a message. The sender is -f, else the account's from, else the From: field, else
// user@domain; the recipients are the arguments and, with -t, those of the header. What can't be read or expanded is
// told of in errs, and does not lose the others.
func (inv *invocation) envelope(config *conf.Config, account *conf.Account, msg *message.Message) (*message.Envelope, []error) {
	env := &message.Envelope{}
	var errs []error
	bad := func(err error) { errs = append(errs, dataError{err}) }

	from := msg.From()
	switch {
	case inv.sender != nil:
		env.From = inv.senderAddress()
		addrs, problems := message.ParseAddresses(*inv.sender)
		if len(addrs) > 1 {
			problems = append(problems, fmt.Errorf("more than one address in %q", *inv.sender))
		}
		if len(problems) > 0 {
			bad(fmt.Errorf("-f: %w", problems[0]))
			return env, errs
		}
	case account.From != "":
		env.From = account.From
	case len(from) > 0:
		env.From = from[0]
	default:
		env.From = userName()
	}
	if env.From != "" {
		env.From = completeSender(env.From, account)
	}

	var addrs []message.Address
	for _, word := range inv.recipients {
		list, problems := message.ParseAddresses(word)
		addrs = append(addrs, list...)
		for _, p := range problems {
			bad(fmt.Errorf("recipient: %w", p))
		}
	}
	if inv.fromHeader {
		list, problems := msg.Recipients()
		addrs = append(addrs, list...)
		for _, p := range problems {
			bad(p)
		}
	}
	aliases := expander{config, map[string]bool{}}
	seen := map[string]bool{}
	for _, a := range addrs {
		specs, problems := aliases.expand(a.Spec, nil)
		for _, p := range problems {
			bad(p)
		}
		for _, spec := range specs {
			spec = complete(spec, account.Domain)
			if key := sameness(spec); !seen[key] {
				seen[key] = true
				env.To = append(env.To, spec)
			}
		}
	}
	if len(env.To) == 0 && len(errs) == 0 {
		if inv.fromHeader {
			bad(errors.New("no recipients: the message has no address in To, Cc or Bcc"))
		} else {
			errs = append(errs, usageError{errors.New("no recipients: give them as arguments, or -t to take them from the message")})
		}
	}
	return env, errs
}

// expander replaces bare names by what the aliases say, each name once in a message.
type expander struct {
	config *conf.Config
	done   map[string]bool
}

// expand replaces a bare name, as often as the aliases have an answer. A target that can't be used is told of in errs,
// and doesn't lose the others. path has the names that led here.
func (x expander) expand(spec string, path []string) (specs []string, errs []error) {
	targets, ok := x.config.Alias(spec)
	name := strings.ToLower(spec)
	if strings.Contains(spec, "@") || !ok || len(path) > 0 && name == path[len(path)-1] {
		return []string{spec}, nil // also a name that stands for itself: that is the end
	}
	if slices.Contains(path, name) {
		return nil, []error{fmt.Errorf("the aliases go in a loop: %s -> %s", strings.Join(path, " -> "), name)}
	}
	if x.done[name] {
		return nil, nil
	}
	path = append(slices.Clone(path), name)
	found := false
	for _, target := range targets {
		more, problems := x.target(target, path)
		found = found || len(more)+len(problems) > 0 || strings.Trim(target, `"<> `) != ""
		specs, errs = append(specs, more...), append(errs, problems...)
	}
	x.done[name] = true
	if !found {
		errs = append(errs, fmt.Errorf("the alias %s leads nowhere", spec))
	}
	return specs, errs
}

// target expands one target of the alias that path ends in.
func (x expander) target(target string, path []string) (specs []string, errs []error) {
	alias := path[len(path)-1]
	bare := strings.TrimLeft(target, `"`)
	if strings.HasPrefix(bare, "|") || strings.HasPrefix(bare, "/") || strings.HasPrefix(bare, ":") {
		return nil, []error{fmt.Errorf("the alias %s leads to %q: programs, files and lists are not delivered to", alias, target)}
	}
	target, final := strings.CutPrefix(target, `\`) // aliases(5): no further aliases
	addrs, problems := message.ParseAddresses(target)
	for _, p := range problems {
		errs = append(errs, fmt.Errorf("the alias %s: %w", alias, p))
	}
	for _, a := range addrs {
		if final {
			specs = append(specs, a.Spec)
			continue
		}
		more, problems := x.expand(a.Spec, path)
		specs, errs = append(specs, more...), append(errs, problems...)
	}
	return specs, errs
}

// complete adds a domain to a bare name; without one to add it stays bare, and the server decides.
func complete(spec, domain string) string {
	if domain == "" || strings.Contains(spec, "@") {
		return spec
	}
	return spec + "@" + domain
}

// completeSender adds a domain to a sender without one, which always needs one for answers: the account's, else this
// host's name.
func completeSender(spec string, account *conf.Account) string {
	switch {
	case strings.Contains(spec, "@"):
		return spec
	case account.Domain != "":
		return spec + "@" + account.Domain
	}
	if host := fqdn(); host != "" {
		return spec + "@" + host
	}
	return spec + "@localhost"
}

// sameness is equal for two spellings of one mailbox: the domain counts in any case, the local part only in one (RFC
// 5321 section 2.4).
func sameness(spec string) string {
	at := strings.LastIndexByte(spec, '@') + 1
	return spec[:at] + strings.ToLower(spec[at:])
}

// author is who a message without From: is from: -f, else the account's from, else user@domain, with the name of -F.
func (inv *invocation) author(account *conf.Account) message.Address {
	spec := inv.senderAddress()
	if spec == "" {
		spec = account.From
	}
	if spec == "" {
		spec = userName()
	}
	return message.Address{Name: inv.fullName, Spec: completeSender(spec, account)}
}
