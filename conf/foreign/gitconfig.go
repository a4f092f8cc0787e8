package foreign

import "strings"

// identity is one [sendemail] section, or that of an identity.
type identity struct {
	name string
	line int
	set  map[string]setting
}

// gitconfig reads the sections sendemail of a git configuration, as git-send-email(1) has them. What an identity doesn't set
// is as in the section without a name.
func (p *Profile) gitconfig(file File) {
	base := identity{name: "sendemail", set: map[string]setting{}}
	var identities []*identity
	user := setting{}
	for _, l := range readINI(file.Text) {
		switch {
		case l.section == "include" || l.section == "includeif":
			if l.key == "path" {
				p.note(file.Name, l.line, "the included file is not read; import it by itself")
			}
			continue
		case l.fault != "":
			p.note(file.Name, l.line, "%s", l.fault)
			continue
		case l.section == "user" && l.key == "email":
			user = setting{l.value, l.line}
			continue
		case l.section != "sendemail":
			continue
		}
		current := &base
		if l.sub != "" {
			current = nil
			for _, i := range identities {
				if i.name == l.sub {
					current = i
				}
			}
			if current == nil {
				current = &identity{l.sub, l.line, map[string]setting{}}
				identities = append(identities, current)
			}
		}
		if l.key == "" {
			continue
		}
		value := l.value
		if l.bare {
			value = "true"
		}
		if why := gitUnable(l.key); why != "" {
			p.note(file.Name, l.line, "%s: %s", l.key, why)
			continue
		}
		current.set[l.key] = setting{value, l.line}
	}
	get := func(i *identity) func(string) (setting, bool) {
		return func(key string) (setting, bool) {
			if s, ok := i.set[key]; ok {
				return s, true
			}
			s, ok := base.set[key]
			return s, ok
		}
	}
	a := p.account(base.name, file.Name)
	gitAccount(a, get(&base), user)
	if len(base.set) > 0 {
		p.add(a)
	}
	for _, i := range identities {
		if len(i.set) == 0 {
			continue
		}
		b := p.account(i.name, file.Name)
		b.parent = a
		if p.find(i.name) != nil {
			b.name += "-identity"
		}
		gitAccount(b, get(i), user)
		p.add(b)
	}
	if s, ok := base.set["identity"]; ok {
		switch {
		case p.find(s.text) != nil && s.text != "":
			p.fallback = s.text
		default:
			p.note(file.Name, s.line, "identity: there is no such account")
		}
	} else if len(p.accounts) > 1 && p.find(base.name) != nil {
		p.fallback = base.name
	}
}

// gitUnable is why a variable can't be carried over, or empty. What has to do with the making of messages stays with git.
func gitUnable(key string) string {
	switch key {
	case "identity", "smtpserver", "smtpserverport", "smtpencryption", "smtpssl", "smtpuser", "smtppass", "smtpauth", "smtpdomain",
		"smtpsslcertpath", "envelopesender", "from", "sendmailcmd":
		return ""
	case "smtpserveroption":
		return "options of a program have no place in an account"
	case "smtpbatchsize", "smtprelogindelay":
		return "git hands over one message at a time; postern's queue shares connections"
	case "smtpsslclientcert", "smtpsslclientkey":
		return "tls.cert and tls.key are the keys for it"
	}
	return "this is of git's own making of messages, and stays there"
}

// gitAccount carries one section over.
func gitAccount(a *account, get func(string) (setting, bool), user setting) {
	server, ok := get("smtpserver")
	if program, is := get("sendmailcmd"); is {
		a.note(program.line, "sendmailcmd: the program has a configuration of its own; once that is imported, postern is the sendmail that git finds")
		return
	}
	if !ok || strings.HasPrefix(server.text, "/") || strings.HasPrefix(server.text, "~") {
		if ok {
			a.note(server.line, "smtpserver: the program has a configuration of its own; once that is imported, postern is the sendmail that git finds")
		}
		return
	}
	encryption, _ := get("smtpencryption")
	if s, old := get("smtpssl"); old && encryption.text == "" && s.text != "false" {
		encryption = setting{"ssl", s.line}
	}
	usual := 25
	switch encryption.text {
	case "ssl":
		a.set("backend", "tls")
		usual = 465
	case "tls":
		a.set("backend", "starttls")
	default:
		a.set("backend", "plain")
	}
	host, inHost := splitPort(server.text)
	port := 0
	if s, ok := get("smtpserverport"); ok || inHost != "" {
		if !ok {
			s = setting{inHost, server.line}
		}
		if port, ok = portNumber(s.text); !ok {
			a.note(s.line, "smtpserverport: this is no port")
		}
	}
	if a.setServer(server.line, host, port, usual); !a.has("host") {
		return
	}
	if a.keys["backend"] == `"plain"` && !thisMachine(host) {
		line := encryption.line
		if line == 0 {
			line = server.line
		}
		a.warnPlain(line)
	}
	gitAuth(a, get, host)
	if s, ok := get("smtpdomain"); ok && s.text != "" {
		a.setHELO(s.line, s.text)
	}
	if s, ok := get("smtpsslcertpath"); ok && a.keys["backend"] != `"plain"` {
		switch {
		case s.text == "":
			a.note(s.line, "smtpsslcertpath: "+checked)
		case strings.HasSuffix(s.text, "/") || strings.HasSuffix(s.text, "/certs"):
			a.note(s.line, "smtpsslcertpath: a folder of certificates is not read; the system's authorities are trusted")
		default:
			a.setFile(s.line, "tls.ca", s.text)
		}
	}
	gitFrom(a, get, user)
}

func gitAuth(a *account, get func(string) (setting, bool), host string) {
	mechanisms, chosen := get("smtpauth")
	list := strings.Fields(mechanisms.text)
	user, ok := get("smtpuser")
	if !ok || user.text == "" {
		return
	}
	if len(list) == 1 && strings.EqualFold(list[0], "none") {
		a.note(user.line, "smtpuser: smtpauth is none, so that nobody signs in")
		return
	}
	a.set("user", user.text)
	switch {
	case len(list) == 1:
		a.setAuth(mechanisms.line, list[0])
	case chosen && len(list) > 1:
		a.note(mechanisms.line, "smtpauth: auth is one mechanism, or the best that the server offers")
	}
	if s, ok := get("smtppass"); ok && s.text != "" {
		a.setPassword(s.line, s.text)
	} else {
		a.keys["password"] = "{ git_credential = true }"
	}
	if a.keys["backend"] == `"plain"` && !thisMachine(host) {
		a.note(user.line, "smtpuser: without TLS a password is only shown to this machine, unless insecure_auth = true")
	}
}

// gitFrom is who sends: the envelope's sender, else from, else the user.
func gitFrom(a *account, get func(string) (setting, bool), user setting) {
	author, ok := get("from")
	if !ok {
		author = user
	}
	address := author.text
	if open := strings.LastIndexByte(address, '<'); open >= 0 {
		address, _, _ = strings.Cut(address[open+1:], ">")
	}
	address = strings.TrimSpace(address)
	envelope, ok := get("envelopesender")
	if ok && envelope.text != "auto" && envelope.text != "" {
		if a.setFrom(envelope.line, envelope.text) && plainAddress(address) && !strings.ContainsAny(address, `*?[`) && address != envelope.text {
			a.list("match", address)
		}
		return
	}
	if address != "" {
		a.setFrom(author.line, address)
	}
}
