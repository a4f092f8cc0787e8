package main

import (
	"os"
	"strings"
	"sync"
	"time"

	"postern/conf"
	"postern/message"
)

// defaults are what a message lacks, when account sends it with this reverse-path.
func (inv *invocation) defaults(account *conf.Account, sender string, msg *message.Message) message.Defaults {
	me := sync.OnceValue(whoami) // it reads the password file
	d := message.Defaults{
		ReplaceFrom:     account.SetFrom == conf.SetFromAlways,
		KeepFrom:        account.SetFrom == conf.SetFromNever,
		Now:             time.Now(),
		SenderDomain:    senderDomain(account),
		RecipientDomain: account.Domain,
	}
	if d.ReplaceFrom || len(msg.From()) == 0 || msg.Author().Spec == "" {
		d.From = inv.author(account, me())
	}
	switch {
	case d.ReplaceFrom:
		d.From.Spec = account.From
		if name := msg.Author().Name; name != "" && !msg.SentAgain() {
			d.From.Name = name
		}
	case !d.KeepFrom:
		d.Sender = inv.agent(account, sender, me, msg)
	}
	d.IDDomain = identifierDomain(append(msg.From(), d.From.Spec, sender, account.From, "@"+account.Domain)...)
	return d
}

// author is who a message without From: is from: -f, else the account's from, else user@domain. The name is that of
// -F, else the user's, unless -f says that it is somebody else.
func (inv *invocation) author(account *conf.Account, me person) message.Address {
	a := message.Address{Name: inv.fullName}
	if !account.OverrideFrom {
		a.Spec = inv.senderAddress()
	}
	mine := a.Spec == ""
	switch {
	case !mine:
	case account.From != "":
		a.Spec = account.From
	default:
		a.Spec = me.login
	}
	local, _, _ := strings.Cut(a.Spec, "@")
	if a.Name == "" && (mine || local == me.login) {
		a.Name = me.name
	}
	a.Spec = completeSender(a.Spec, account)
	return a
}

// agent is who Sender: names where the authors of From: are others, or several (RFC 5322 section 3.6.2); else it is
// empty. It takes an account's from to know who is the user's.
func (inv *invocation) agent(account *conf.Account, sender string, me func() person, msg *message.Message) string {
	authors := msg.From()
	switch {
	case len(authors) > 1 && account.From == "":
		return sender
	case len(authors) > 1:
		return account.From
	case len(authors) == 0 || authors[0] == "" || account.From == "":
		return ""
	}
	author := completeSender(authors[0], account)
	switch {
	case account.Owns(author),
		inv.sender != nil && strings.EqualFold(author, completeSender(inv.senderAddress(), account)),
		strings.EqualFold(author, completeSender(me().login, account)):
		return ""
	}
	return account.From
}

// identifierDomain is the first domain of these addresses that others than this machine can know, for a Message-ID,
// which is US-ASCII; else this host's name.
func identifierDomain(specs ...string) string {
	for _, spec := range specs {
		_, domain, _ := strings.Cut(spec[max(strings.LastIndexByte(spec, '@'), 0):], "@")
		odd := strings.ContainsFunc(domain, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`[]"()`, r) })
		if strings.Contains(domain, ".") && !odd && !strings.HasPrefix(domain, "localhost.") {
			return domain
		}
	}
	if host := fqdn(); host != "" {
		return host
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}
