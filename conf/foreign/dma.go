package foreign

import "strings"

// dma reads dma.conf and auth.conf, as dma(8) describes them.
func (p *Profile) dma(files []File) {
	main := files[0]
	a := p.account(DMA, main.Name)
	set := dmaSettings(a, main)
	host := set["SMARTHOST"]
	if host.text == "" {
		p.note(main.Name, 0, "without SMARTHOST dma looked for each recipient's own server; postern sends by one that you have an account with")
		p.notes = append(p.notes, a.notes...)
		return
	}
	has := func(key string) bool { _, ok := set[key]; return ok }
	secure := max(set["SECURETRANSFER"].line, set["SECURETRANS"].line)
	switch {
	case secure == 0:
		a.set("backend", "plain")
		if s, ok := set["STARTTLS"]; ok {
			a.note(s.line, "STARTTLS: without SECURETRANSFER this has no effect")
		}
	case has("STARTTLS"):
		a.set("backend", "starttls")
		if s, ok := set["OPPORTUNISTIC_TLS"]; ok {
			a.note(s.line, "OPPORTUNISTIC_TLS: a server without STARTTLS gets nothing")
		}
	default:
		a.set("backend", "tls")
	}
	port := 0
	if s, ok := set["PORT"]; ok {
		if port, ok = portNumber(s.text); !ok {
			a.note(s.line, "PORT: this is no port")
		}
	}
	a.setServer(host.line, host.text, port, 25) // whatever TLS does
	if !a.has("host") {
		p.add(a)
		return
	}
	a.set("queue", "always") // as dma has it: first it keeps, then it delivers
	if secure > 0 {
		dmaTLS(a, set, secure)
	} else if !thisMachine(host.text) {
		a.warnPlain(host.line)
	}
	p.dmaAuth(a, host.text, set, files)
	dmaFrom(a, set)
	if s, ok := set["ALIASES"]; ok && s.text != "" {
		p.setAliasFile(a.file, s.line, s.text)
		a.note(s.line, "ALIASES: an entry \"*\" in the file would be for that name alone; an alias's addresses stand apart by commas")
	}
	if !has("NULLCLIENT") {
		a.note(0, "dma kept mail for names of this machine in /var/mail; postern sends it on, unless there is an account with backend = \"maildir\" and match_recipient = [\"*\"]")
	}
	p.add(a)
}

// dmaSettings takes the file apart: a name, white space, a value; what follows # is a comment.
func dmaSettings(a *account, file File) map[string]setting {
	set := map[string]setting{}
	for i, line := range strings.Split(file.Text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		name, value := cutSpace(strings.TrimSpace(line))
		why := ""
		switch name {
		case "":
			continue
		case "SMARTHOST", "PORT", "ALIASES", "AUTHPATH", "SECURETRANSFER", "SECURETRANS", "STARTTLS", "OPPORTUNISTIC_TLS", "CERTFILE", "MAILNAME",
			"MASQUERADE", "INSECURE", "FINGERPRINT", "VERIFYCERT", "NULLCLIENT":
			set[name] = setting{value, i + 1}
			continue
		case "SPOOLDIR":
			why = "the folder of the queue is queue.dir, and what waits in the old one is not taken"
		case "DEFER":
			why = "messages are kept, and delivered at once; sendmail -odq leaves them to a run of the queue"
		case "FULLBOUNCE":
			why = "sendmail -R FULL asks for it, message by message"
		default:
			a.note(i+1, "dma has no setting %q that is known here", word(name))
			continue
		}
		a.note(i+1, "%s: %s", name, why)
	}
	return set
}

func dmaTLS(a *account, set map[string]setting, line int) {
	s, pinned := set["FINGERPRINT"]
	if pinned {
		a.setPin(s.line, s.text)
	}
	if _, checks := set["VERIFYCERT"]; !checks && !pinned {
		a.note(line, "dma checked no certificate, and postern does; one that isn't signed can be trusted by tls.pin")
	}
	if s, ok := set["CERTFILE"]; ok {
		a.setCert(s.line, s.text, s.text)
	}
}

// authPath is the file of the passwords that a dma.conf names.
func authPath(main File) string {
	return dmaSettings((&Profile{}).account("", ""), main)["AUTHPATH"].text
}

// dmaAuth finds the password for the server among the lines user|server:password.
func (p *Profile) dmaAuth(a *account, host string, set map[string]setting, files []File) {
	path, named := set["AUTHPATH"]
	if !named {
		return
	}
	if len(files) < 2 {
		a.note(path.line, "AUTHPATH: the file with the passwords can't be read from here; it has user and password")
		return
	}
	for i, line := range strings.Split(files[1].Text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		user, rest, ok := strings.Cut(line, "|")
		at := strings.IndexAny(rest, ": \t")
		if !ok || at < 0 || user == "" {
			p.note(files[1].Name, i+1, "this is no line such as user|smtp.example.org:password")
			continue
		}
		if rest[:at] != host || a.has("user") {
			p.note(files[1].Name, i+1, "this is not for SMARTHOST, or not the first")
			continue
		}
		a.set("user", user)
		a.setPassword(path.line, rest[at+1:])
		insecure, allowed := set["INSECURE"]
		switch {
		case a.keys["backend"] == `"plain"` && allowed:
			a.keys["insecure_auth"] = "true"
			a.note(insecure.line, "INSECURE: the password goes out in clear, as it did")
		case a.keys["backend"] == `"plain"` && !thisMachine(host):
			a.note(path.line, "without TLS a password is only shown to this machine, unless insecure_auth = true")
		}
	}
}

// dmaFrom is who sends: the name of the machine, and what stands in its place.
func dmaFrom(a *account, set map[string]setting) {
	if s, ok := set["MAILNAME"]; ok {
		if strings.HasPrefix(s.text, "/") {
			a.note(s.line, "MAILNAME: the file is not read; set domain to the name in it")
		} else {
			a.setDomain(s.line, s.text)
			a.setHELO(s.line, s.text)
		}
	}
	s, ok := set["MASQUERADE"]
	if !ok {
		return
	}
	switch user, domain, found := cutLast(s.text, "@"); {
	case found && user != "" && domain != "":
		if a.setFrom(s.line, s.text) {
			a.keys["override_from"] = "true"
		}
	case found && domain == "":
		a.note(s.line, "MASQUERADE: a user without a domain is none to send as; from has both")
	default:
		a.setDomain(s.line, domain)
		a.note(s.line, "MASQUERADE: the domain completes names without one; other senders stay, unless there is from with override_from")
	}
}

// cutLast cuts at the last separator; without one all is behind it.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+len(separator):], true
}
