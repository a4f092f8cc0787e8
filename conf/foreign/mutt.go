package foreign

import (
	"net/url"
	"strings"
)

// mutt reads what a muttrc(5) says about sending. The other lines are mutt's own business, and not named one by one.
func (p *Profile) mutt(file File) {
	a := p.account("mutt", file.Name)
	set := map[string]setting{}
	others := false
	variable := func(name string) (string, bool) {
		s, ok := set[name]
		return s.text, ok
	}
	readMutt(file.Text, variable, func(l muttLine) {
		switch l.words[0] {
		case "source":
			a.note(l.line, "source: the file is not read; import it by itself")
		case "send-hook", "send2-hook", "account-hook", "folder-hook", "reply-hook":
			a.note(l.line, "%s: hooks are not carried over; match chooses an account by the sender", l.words[0])
		case "my_hdr":
			a.note(l.line, "my_hdr: fields are not added to messages; mutt goes on to add it")
		case "set", "unset", "reset":
			if !muttSet(a, set, l) {
				others = true
			}
		default:
			others = true
		}
	})
	muttAccount(a, set)
	p.add(a)
	if others {
		p.note(file.Name, 0, "the other commands are about reading and writing mail, and stay with mutt")
	}
}

// passCommand is no variable: it is the command in backquotes that smtp_pass is made of.
const passCommand = "smtp_pass `"

// muttSet takes a line of settings, and tells whether any of them is about sending.
func muttSet(a *account, set map[string]setting, l muttLine) (about bool) {
	names, values := muttSettings(l.words[1:])
	for i, name := range names {
		if l.words[0] != "set" {
			values[i] = ""
			if l.words[0] == "unset" && muttBool(name) {
				values[i] = "no"
			}
		}
		if l.words[0] == "set" && !strings.Contains(l.words[1+i], "=") && !muttBool(name) {
			continue // mutt shows it, and sets nothing
		}
		why, known := muttVariable(name)
		if strings.HasPrefix(name, "my_") { // for others to be made of
			set[name] = setting{values[i], l.line}
		}
		if !known {
			continue
		}
		about = true
		switch {
		case why != "" && values[i] != "" && values[i] != "no":
			a.note(l.line, "%s: %s", name, why)
		case why != "":
		case l.command != "" && name == "smtp_pass" && values[i] == "":
			set["smtp_pass"] = setting{}
			set[passCommand] = setting{strings.TrimSpace(l.command), l.line}
		case l.command != "":
			a.note(l.line, "%s: the command in backquotes was not run", name)
		case l.unknown != "":
			a.note(l.line, "%s: nothing before this line has set $%s", name, l.unknown)
		default:
			set[name] = setting{values[i], l.line}
		}
	}
	return about
}

// muttBool tells whether a variable is yes or no.
func muttBool(name string) bool {
	switch name {
	case "ssl_starttls", "ssl_force_tls", "ssl_usesystemcerts", "ssl_verify_host", "ssl_verify_dates", "use_envelope_from":
		return true
	}
	return false
}

// muttVariable tells whether a variable is about sending, and why it can't be carried over.
func muttVariable(name string) (why string, known bool) {
	switch name {
	case "smtp_url", "smtp_user", "smtp_pass", "smtp_authenticators", "smtp_oauth_refresh_command", "from", "ssl_starttls", "ssl_force_tls",
		"ssl_usesystemcerts", "ssl_verify_host", "ssl_verify_dates", "ssl_ca_certificates_file", "ssl_client_cert",
		"ssl_verify_host_override", "use_envelope_from", "envelope_from", "envelope_from_address", "hostname", "sendmail":
		return "", true
	case "realname":
		return "the name in From: is mutt's to write, and postern leaves it", true
	case "certificate_file":
		return "certificates that you have accepted are trusted one by one: tls.pin has that of the server", true
	case "ssl_ciphers", "ssl_min_dh_prime_bits", "ssl_use_tlsv1", "ssl_use_tlsv1_1", "ssl_use_sslv2", "ssl_use_sslv3":
		return "of TLS only tls.min can be chosen, and 1.2 is the least", true
	case "record":
		return "mutt goes on to keep its own copy of what it sends", true
	case "tunnel":
		return "a command as the way to the server is not offered; host = \"unix:path\" is a socket, proxy a proxy", true
	case "preconnect":
		return "no command is run before a connection", true
	case "dsn_notify":
		return "mutt asks sendmail for it by -N", true
	case "dsn_return":
		return "mutt asks sendmail for it by -R", true
	}
	return "", false
}

// muttAccount carries the settings over.
func muttAccount(a *account, set map[string]setting) {
	at := set["smtp_url"]
	if at.text == "" {
		if s := set["sendmail"]; s.text != "" {
			a.note(s.line, "sendmail: the program has a configuration of its own; once that is imported, set sendmail to postern's")
		}
		return
	}
	u, err := url.Parse(at.text)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		a.note(at.line, "smtp_url: this is no URL such as smtps://user@smtp.example.org")
		return
	}
	no := func(name string) bool { return strings.EqualFold(set[name].text, "no") }
	usual := 25
	switch {
	case u.Scheme == "smtps":
		a.set("backend", "tls")
		usual = 465
	case no("ssl_force_tls") && no("ssl_starttls"):
		a.set("backend", "plain")
	default:
		a.set("backend", "starttls")
		if no("ssl_force_tls") {
			a.note(set["ssl_force_tls"].line, "ssl_force_tls: a server without STARTTLS gets nothing")
		}
	}
	port := 0
	if u.Port() != "" {
		port, _ = portNumber(u.Port())
	}
	if a.setServer(at.line, u.Hostname(), port, usual); !a.has("host") {
		return
	}
	if a.keys["backend"] == `"plain"` {
		if !thisMachine(u.Hostname()) {
			a.warnPlain(max(set["ssl_starttls"].line, at.line))
		}
	} else {
		muttTLS(a, set, no)
	}
	muttAuth(a, set, u)
	if s := set["hostname"]; s.text != "" {
		a.setDomain(s.line, s.text)
		a.setHELO(s.line, s.text)
	}
	from, envelope := set["from"], set["envelope_from_address"]
	address := from.text
	if open := strings.LastIndexByte(address, '<'); open >= 0 {
		address, _, _ = strings.Cut(address[open+1:], ">")
	}
	switch {
	case envelope.text != "":
		if a.setFrom(envelope.line, envelope.text) && plainAddress(address) && !strings.ContainsAny(address, `*?[`) && address != envelope.text {
			a.list("match", address)
		}
	case address != "":
		a.setFrom(from.line, address)
	}
}

// muttTLS is whom to trust.
func muttTLS(a *account, set map[string]setting, no func(string) bool) {
	if s := set["ssl_ca_certificates_file"]; s.text != "" {
		a.setFile(s.line, "tls.ca", s.text)
		if !no("ssl_usesystemcerts") { // it adds to them
			a.list("tls.ca", "system", s.text)
		}
	}
	if s := set["ssl_client_cert"]; s.text != "" {
		a.setCert(s.line, s.text, s.text)
	}
	for _, name := range []string{"ssl_verify_host", "ssl_verify_dates"} {
		if no(name) {
			a.note(set[name].line, "%s: %s", name, checked)
		}
	}
	if s := set["ssl_verify_host_override"]; s.text != "" {
		if plainHost(s.text) {
			a.set("tls.server_name", s.text)
		} else {
			a.note(s.line, "ssl_verify_host_override: this is no host name")
		}
	}
}

// muttAuth is how to sign in: where the URL names a user.
func muttAuth(a *account, set map[string]setting, u *url.URL) {
	at := set["smtp_url"]
	user := u.User.Username()
	if s := set["smtp_user"]; user == "" && s.text != "" { // NeoMutt has it
		user = s.text
	}
	if user == "" {
		if s := set["smtp_pass"]; s.text != "" {
			a.note(s.line, "smtp_pass: smtp_url names no user, so that nobody signs in")
		}
		return
	}
	a.set("user", user)
	list := strings.FieldsFunc(set["smtp_authenticators"].text, func(r rune) bool { return r == ':' || r == ' ' })
	line := set["smtp_authenticators"].line
	switch {
	case len(list) == 1:
		a.setAuth(line, list[0])
	case len(list) > 1:
		a.note(line, "smtp_authenticators: auth is one mechanism, or the best that the server offers")
	}
	oauth := set["smtp_oauth_refresh_command"]
	password, inURL := u.User.Password()
	switch {
	case oauth.text != "" && (a.keys["auth"] == `"oauthbearer"` || a.keys["auth"] == `"xoauth2"`):
		a.setPasswordCommand(oauth.text)
	case inURL && password != "":
		a.setPassword(at.line, password)
		if line := max(set["smtp_pass"].line, set[passCommand].line); line > 0 {
			a.note(line, "smtp_pass: the password in smtp_url is the one that counts")
		}
	case set["smtp_pass"].text != "":
		a.setPassword(set["smtp_pass"].line, set["smtp_pass"].text)
	case set[passCommand].text != "":
		a.setPasswordCommand(set[passCommand].text)
	default:
		a.note(at.line, "smtp_url: there is no password; postern asks for it, as mutt did, unless one is set")
	}
	if oauth.text != "" && !strings.Contains(a.keys["password"], "command") {
		a.note(oauth.line, "smtp_oauth_refresh_command: with auth = \"oauthbearer\" or \"xoauth2\" it can be password = { command = [...] }")
	}
	if a.keys["backend"] == `"plain"` && !thisMachine(u.Hostname()) {
		a.note(at.line, "without TLS a password is only shown to this machine, unless insecure_auth = true")
	}
}
