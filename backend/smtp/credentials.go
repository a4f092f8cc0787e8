package smtp

import (
	"cmp"
	"strings"

	"postern/auth"
	"postern/conf"
)

// credentials are what the account signs in with. They settle auth, and refuse what can't be meant; the errors are
// *conf.Error. first is the first of the account's servers, which the password is looked up by.
func (k *keys) credentials(a *conf.Account, first server, sec security) (auth.Credentials, error) {
	given := k.Auth != ""
	if !given {
		k.Auth = "none"
		if k.User != "" {
			k.Auth = "auto"
		}
	}
	have := auth.Credentials{User: k.User, Password: k.source(first), Certificate: k.TLS.Cert != ""}
	tokens, err := k.tokens(a)
	if err != nil {
		return have, err
	}
	if tokens != nil {
		have.Token, have.Another = tokens.Token, tokens.Another
	}
	hasPassword := have.Password.Given()
	// Without a password a person is asked, unless there is something else to sign in with.
	have.Password.Ask = !hasPassword && k.User != "" && !have.Certificate && have.Token == nil
	have.Password = have.Password.Kept()
	mech, known := auth.Find(k.Auth)
	switch {
	case k.Auth == "none" && !given && hasPassword:
		return have, a.Errorf("password", "there is a password, and no user to sign in with")
	case k.Auth == "none" && !given && tokens != nil:
		return have, a.Errorf("oauth", "there is oauth, and no user to sign in with")
	case k.Auth == "none":
		return have, nil
	case k.Auth == "auto" && hasPassword && tokens != nil: // one of them would have no effect
		return have, a.Errorf("password", "there is oauth as well: set auth to the mechanism that is meant, or take one of them out")
	case k.Auth != "auto" && !known:
		return have, a.Errorf("auth", "%q is none of auto, none, %s", k.Auth, strings.Join(auth.Names(), ", "))
	case mech.Binds && sec == never:
		return have, a.Errorf("auth", "%q needs TLS, and backend = %q has none", k.Auth, a.Backend)
	}
	switch lacking := auth.Lacking(&have, k.Auth); lacking {
	case "":
		return have, nil
	case "password":
		return have, a.Errorf("user", "there is no password: set password = { command = [...] }, { file = ... }, { env = ... } or the text itself")
	default:
		return have, a.Errorf("auth", "%q needs %s", k.Auth, lacking)
	}
}

// source is where the password is, as far as the account says so.
func (k *keys) source(first server) auth.Source {
	s := sourceOf(k.Password)
	s.Host, s.Port, s.User = cmp.Or(first.domain, first.certificate), first.Port, k.User
	return s
}

func sourceOf(p conf.Password) auth.Source {
	return auth.Source{
		Text: p.Text, File: p.File, Env: p.Env, Command: p.Command, Keyring: p.Keyring, Service: p.Service,
		Credential: p.Credential, Netrc: p.Netrc, GitCredential: p.GitCredential,
	}
}

// KeyringItem is an account's place in the keyring, and whether the account looks there.
func KeyringItem(a *conf.Account) (item auth.Item, used bool, err error) {
	var k keys
	if err := a.Decode(&k); err != nil {
		return item, false, err
	}
	if k.User == "" {
		return item, false, a.Errorf("user", "the account has no user, by which the keyring would find the password")
	}
	if len(k.Hosts) == 0 || k.Hosts[0] == "" {
		return item, false, a.Errorf("host", "the account has no host, by which the keyring would find the password")
	}
	servers, err := k.serversOf(a, upgraded)
	if err != nil {
		return item, false, err
	}
	s := k.source(servers[0])
	return auth.Item{Service: s.Service, Host: s.Host, User: s.User}, s.Keyring, nil
}
