package conf

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Wanted is what a call says about the account it wants.
type Wanted struct {
	Account string   // --account
	Env     string   // POSTERN_ACCOUNT
	Sender  string   // -f
	From    []string // the addresses of the From: field
}

// Choose picks the account: by --account, by POSTERN_ACCOUNT, by the -f address, by the From: field, then default,
// then the only account there is. why says which rule decided.
func (c *Config) Choose(w Wanted) (a *Account, why string, err error) {
	for _, named := range []struct{ name, by string }{{w.Account, "--account"}, {w.Env, "POSTERN_ACCOUNT"}} {
		if named.name == "" {
			continue
		}
		if a, err = c.Named(named.name); err != nil {
			return nil, "", fmt.Errorf("%s: %w", named.by, err)
		}
		return a, named.by, nil
	}
	if a := c.forSender(w.Sender); a != nil {
		return a, "-f " + w.Sender, nil
	}
	for _, addr := range w.From {
		if a := c.forSender(addr); a != nil {
			return a, "From: " + addr, nil
		}
	}
	if c.Default != "" { // which names one: see settle
		a, err = c.Named(c.Default)
		return a, "default", err
	}
	switch len(c.Accounts) {
	case 0:
		return nil, "", fmt.Errorf("there is no account in %s", c.files[len(c.files)-1].name)
	case 1:
		return c.Accounts[0], "being the only one", nil
	}
	return nil, "", fmt.Errorf("no account fits this message and no default is set (there are %s)", strings.Join(c.Names(), ", "))
}

// forSender is the first account whose from is addr, else the first with a pattern that fits it.
func (c *Config) forSender(addr string) *Account {
	if addr == "" {
		return nil
	}
	for _, a := range c.Accounts {
		if strings.EqualFold(a.From, addr) {
			return a
		}
	}
	for _, a := range c.Accounts {
		if a.Owns(addr) {
			return a
		}
	}
	return nil
}

// ForRecipient is the first account with a match_recipient that fits a recipient, or nil; bare tells that it has no
// domain. A pattern without an at sign fits only such names, so "*" is all local names.
func (c *Config) ForRecipient(addr string, bare bool) *Account {
	for _, a := range c.Accounts {
		for _, pattern := range a.MatchRecipient {
			if (strings.Contains(pattern, "@") || bare) && matches(pattern, addr) {
				return a
			}
		}
	}
	return nil
}

// Owns tells whether addr is one of the addresses that the account is for, by from or match.
func (a *Account) Owns(addr string) bool {
	return strings.EqualFold(a.From, addr) || slices.ContainsFunc(a.Match, func(p string) bool { return matches(p, addr) })
}

// matches applies a shell pattern to an address, in any case. In path.Match the slash is special, in an address
// it is a character as any other.
func matches(pattern, addr string) bool {
	plain := strings.NewReplacer("/", "\x00")
	ok, _ := path.Match(plain.Replace(strings.ToLower(pattern)), plain.Replace(strings.ToLower(addr)))
	return ok
}
