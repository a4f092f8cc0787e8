package foreign

import (
	"net/netip"
	"strings"

	"postern/conf"
)

// ssmtp reads ssmtp.conf(5) and the revaliases beside it.
func (p *Profile) ssmtp(files []File) {
	main := files[0]
	a := p.account(SSMTP, main.Name)
	set := ssmtpSettings(a, main)
	for _, key := range []string{"debug", "addheader", "minuserid", "useoldauth", "backupmailhub", "backupremoteport", "queuedir", "emailaddress", "authaskpass"} {
		if s, ok := set[key]; ok && !strings.EqualFold(s.text, "no") {
			a.note(s.line, "%s", ssmtpUnable(key))
		}
	}
	ssmtpServer(a, set)
	if !a.has("host") {
		p.add(a)
		return
	}
	ssmtpAuth(a, set)
	for _, key := range []string{"hostname", "rewritedomain"} { // the latter counts more
		if s := set[key]; s.text != "" {
			a.setDomain(s.line, s.text[strings.LastIndexByte(s.text, '@')+1:])
		}
	}
	if s := set["hostname"]; s.text != "" {
		a.setHELO(s.line, s.text)
	}
	override := set["fromlineoverride"]
	keepsFrom := strings.EqualFold(override.text, "yes")
	if !keepsFrom {
		a.note(override.line, "FromLineOverride is off, so that ssmtp wrote From: anew; postern leaves it, unless there is from = \"ann@example.org\" with set_from = \"always\"")
	}
	if s := set["root"]; s.text != "" {
		p.aliases = append(p.aliases, alias{"root", conf.Quote(s.text)})
		a.note(s.line, "Root: ssmtp also had the mail of other users of the system go there; each needs a line in [aliases]")
	}
	p.add(a)
	for _, f := range files[1:] {
		p.revaliases(a, f, keepsFrom)
	}
	if len(p.accounts) > 1 && p.find(a.name) != nil { // for everybody else
		p.fallback = a.name
	}
}

// ssmtpSettings takes the file apart: keywords in any case, an equals sign, one word. A line without the sign is none.
func ssmtpSettings(a *account, file File) map[string]setting {
	set := map[string]setting{}
	for i, line := range strings.Split(file.Text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok || strings.ContainsAny(key, " \t") {
			a.note(i+1, "this is no line such as Mailhub=smtp.example.org")
			continue
		}
		value, rest := cutSpace(strings.TrimSpace(value))
		if rest != "" && key != "addheader" && rest[0] != '#' {
			a.note(i+1, "ssmtp reads one word, and nothing behind it")
		}
		switch key {
		case "root", "mailhub", "rewritedomain", "hostname", "fromlineoverride", "usetls", "usestarttls", "usetlscert", "tlscert", "tlskey",
			"tls_ca_file", "authuser", "authpass", "authmethod", "remoteport", "debug", "addheader", "minuserid", "useoldauth",
			"backupmailhub", "backupremoteport", "queuedir", "emailaddress", "authaskpass":
			set[key] = setting{value, i + 1}
		default:
			a.note(i+1, "ssmtp has no keyword %q that is known here", word(key))
		}
	}
	return set
}

// ssmtpUnable is why postern can't do what a keyword asks.
func ssmtpUnable(key string) string {
	switch key {
	case "debug":
		return "Debug: sendmail -v shows the dialogue, log keeps receipts"
	case "addheader":
		return "AddHeader: fields are not added to messages"
	case "minuserid":
		return "MinUserId: recipients are not told apart by their user ids"
	case "useoldauth":
		return "UseOldAUTH: AUTH has one form"
	case "backupmailhub", "backupremoteport":
		return "a second server goes into the list of host, \"name:port\""
	case "queuedir":
		return "QueueDir: the folder of the queue is queue.dir, and what waits in the old one is not taken"
	case "emailaddress":
		return "EmailAddress: from is the key for it"
	}
	return "AuthAskPass: password = { command = [...] } runs a program"
}

func ssmtpServer(a *account, set map[string]setting) {
	hub := set["mailhub"]
	host, port := splitPort(hub.text)
	if port == "" {
		port = set["remoteport"].text
	}
	yes := func(key string) bool { return strings.EqualFold(set[key].text, "yes") }
	if yes("usestarttls") { // which turns UseTLS on
		a.set("backend", "starttls")
	} else if yes("usetls") {
		a.set("backend", "tls")
	} else {
		a.set("backend", "plain")
	}
	number := 0
	if port != "" {
		var ok bool
		if number, ok = portNumber(port); !ok {
			a.note(hub.line, "Mailhub: this is no port")
		}
	}
	if host == "" {
		a.note(hub.line, "there is no Mailhub, and so no account")
		return
	}
	a.setServer(hub.line, host, number, 25) // whatever TLS does
	if a.keys["backend"] == `"plain"` {
		if !thisMachine(host) {
			a.warnPlain(set["usetls"].line)
		}
		return
	}
	line := max(set["usestarttls"].line, set["usetls"].line)
	a.note(line, "ssmtp checked no certificate, and postern does; one that isn't signed can be trusted by tls.pin")
	if s := set["tls_ca_file"]; s.text != "" {
		a.setFile(s.line, "tls.ca", s.text)
	}
	if cert := set["tlscert"]; cert.text != "" {
		key := set["tlskey"].text
		if key == "" {
			key = cert.text
		}
		if yes("usetlscert") {
			a.setCert(cert.line, cert.text, key)
		} else {
			a.note(cert.line, "TLSCert: without UseTLSCert=YES this has no effect")
		}
	}
}

func ssmtpAuth(a *account, set map[string]setting) {
	user, password := set["authuser"], set["authpass"]
	if user.text == "" {
		if password.text != "" {
			a.note(password.line, "AuthPass: without AuthUser nobody signs in")
		}
		return
	}
	a.set("user", user.text)
	if password.text == "" {
		a.note(user.line, "AuthUser: there is no password; postern asks for it, unless one is set")
	} else {
		a.setPassword(password.line, password.text)
	}
	if s := set["authmethod"]; s.text != "" {
		a.setAuth(s.line, s.text)
	}
	if a.keys["backend"] == `"plain"` && a.keys["auth"] != `"cram-md5"` {
		a.note(user.line, "AuthUser: without TLS a password is only shown to this machine, unless insecure_auth = true")
	}
}

// revaliases are lines user:address[:server[:port]]: who a user of this machine sends as, and by which server.
func (p *Profile) revaliases(main *account, file File, keepsFrom bool) {
	for i, line := range strings.Split(file.Text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, ":")
		user, address := strings.TrimSpace(parts[0]), ""
		if len(parts) > 1 {
			address = strings.TrimSpace(parts[1])
		}
		if !plainDomain(user) || !plainAddress(address) || p.find(user) != nil {
			p.note(file.Name, i+1, "this is no new line such as ann:ann@example.org:smtp.example.org")
			continue
		}
		a := p.account(user, file.Name)
		a.parent = main
		for key, value := range main.keys {
			a.keys[key] = value
		}
		if len(parts) > 2 && parts[2] != "" {
			port := 0
			if len(parts) > 3 {
				port, _ = portNumber(parts[3])
			}
			delete(a.keys, "port")
			delete(a.keys, "host")
			a.setServer(i+1, parts[2], port, 25)
		}
		a.set("from", address)
		match := []string{user}
		if domain := strings.Trim(main.keys["domain"], `"`); domain != "" {
			match = append(match, user+"@"+domain)
		}
		if strings.ContainsAny(user, `*?[\`) {
			p.note(file.Name, i+1, "this is no plain name of a user")
			continue
		}
		a.list("match", match...)
		if !keepsFrom {
			a.set("set_from", "always")
			a.keys["override_from"] = "true"
		}
		a.note(i+1, "postern doesn't choose by who runs it: this account is for what says -f or From: %s; for everything of that user, make it the default in ~/.config/postern/config.toml there", word(user))
		p.add(a)
	}
}

// splitPort takes a port off behind the last colon; an IPv6 address may stand in brackets.
func splitPort(text string) (host, port string) {
	if _, err := netip.ParseAddr(text); err == nil {
		return text, ""
	}
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		host, port = text[:i], text[i+1:]
	} else {
		host = text
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port
}
