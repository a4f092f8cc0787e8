package foreign

import (
	"strconv"
	"strings"

	"postern/conf"
)

// build carries the account over.
func (m *msmtpAccount) build(a *account) {
	if !m.server(a) {
		return
	}
	m.tls(a)
	m.auth(a)
	m.from(a)
	if s, ok := m.get("source_ip"); ok && s.text != "" {
		a.setSource(s.line, s.text)
	}
	if s, ok := m.get("domain"); ok && s.text != "" {
		if strings.Contains(s.text, "%") {
			a.note(s.line, "domain: %s", noPattern)
		} else {
			a.setHELO(s.line, s.text)
		}
	}
	if s, ok := m.get("timeout"); ok {
		if t, fine := seconds(s.text); fine {
			a.set("timeout", t)
		} else {
			a.note(s.line, "timeout: each step has a limit, mostly five minutes, where no other is set")
		}
	}
	m.log(a)
	if s, ok := m.get("aliases"); ok && s.text != "" {
		a.profile.setAliasFile(a.file, s.line, s.text)
		a.profile.note(a.file, s.line, "aliases: an entry \"default\" in the file would be for that name alone, not for all others")
	}
}

const noPattern = "only %U@ has an equal, with the key domain; write the pattern's value out"

// server is the way to the server; without one there is no account.
func (m *msmtpAccount) server(a *account) bool {
	on, tls := m.on("tls", false)
	starttls, _ := m.on("tls_starttls", true)
	protocol, _ := m.get("protocol")
	lmtp := strings.EqualFold(protocol.text, "lmtp")
	usual := 25
	switch {
	case lmtp && on:
		a.note(tls.line, "LMTP with TLS is not offered, and without it would be less: the account is left out")
		return false
	case lmtp:
		a.set("backend", "lmtp")
		usual = 24
	case !on:
		a.set("backend", "plain")
	case starttls:
		a.set("backend", "starttls") // the port stays 25, as msmtp has it
	default:
		a.set("backend", "tls")
		usual = 465
	}
	if protocol.text != "" && !lmtp && !strings.EqualFold(protocol.text, "smtp") {
		a.note(protocol.line, "protocol: there are smtp and lmtp")
	}
	if socket, ok := m.get("socket"); ok && socket.text != "" {
		if strings.Contains(socket.text, "\x00") {
			a.note(socket.line, "socket: this is no path")
			return false
		}
		a.set("host", "unix:"+home(socket.text))
		return true
	}
	host, ok := m.get("host")
	if !ok {
		if len(m.own)+len(m.parents) > 0 {
			a.note(m.line, "the account has no host, and is left out")
		}
		return false
	}
	number := 0
	if port, ok := m.get("port"); ok && port.text != "" {
		var fine bool
		if number, fine = portNumber(port.text); !fine {
			a.note(port.line, "port: this is no port")
		}
	}
	a.setServer(host.line, host.text, number, usual)
	if !a.has("host") {
		return false
	}
	if !on && !lmtp && !thisMachine(host.text) {
		line := tls.line
		if line == 0 {
			line = m.line
		}
		a.warnPlain(line)
	}
	m.proxy(a)
	return true
}

func (m *msmtpAccount) proxy(a *account) {
	host, ok := m.get("proxy_host")
	if !ok || host.text == "" {
		return
	}
	port := "1080"
	if s, ok := m.get("proxy_port"); ok && s.text != "" {
		port = s.text
	}
	number, fine := portNumber(port)
	if !plainHost(host.text) || !fine {
		a.note(host.line, "proxy_host: this is no proxy; the account would go without it, and is left out")
		delete(a.keys, "host")
		return
	}
	name := host.text
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	a.set("proxy", "socks5://"+name+":"+strconv.Itoa(number))
}

// tls is whom to trust.
func (m *msmtpAccount) tls(a *account) {
	if on, _ := m.on("tls", false); !on {
		for _, command := range []string{"tls_trust_file", "tls_fingerprint", "tls_cert_file", "tls_host_override"} {
			if s, ok := m.own[command]; ok && s.text != "" {
				a.note(s.line, "%s: without tls this has no effect", command)
			}
		}
		return
	}
	if check, s := m.on("tls_certcheck", true); !check {
		a.note(s.line, "tls_certcheck: "+checked)
	}
	pin, pinned := m.get("tls_fingerprint")
	pinned = pinned && pin.text != "" && a.setPin(pin.line, pin.text)
	switch trust, ok := m.get("tls_trust_file"); {
	case !ok || trust.text == "system":
	case pinned: // with tls.ca as well, both would have to hold
		if trust.text != "" {
			a.note(trust.line, "tls_trust_file: the fingerprint counts alone")
		}
	case trust.text == "":
		a.note(trust.line, "tls_trust_file: certificates are always checked, with the system's authorities where nothing else is said")
	default:
		a.setFile(trust.line, "tls.ca", home(trust.text))
	}
	cert, hasCert := m.get("tls_cert_file")
	key, hasKey := m.get("tls_key_file")
	switch {
	case strings.HasPrefix(cert.text, "pkcs11:") || strings.HasPrefix(key.text, "pkcs11:"):
		a.note(cert.line, "tls_cert_file: certificates come from files only")
	case hasCert && cert.text != "" || hasKey && key.text != "":
		line := cert.line
		if line == 0 {
			line = key.line
		}
		a.setCert(line, home(cert.text), home(key.text))
	}
	if s, ok := m.get("tls_host_override"); ok && s.text != "" {
		if plainHost(s.text) {
			a.set("tls.server_name", s.text)
		} else {
			a.note(s.line, "tls_host_override: this is no host name")
		}
	}
}

// auth is how to sign in.
func (m *msmtpAccount) auth(a *account) {
	on, method := m.on("auth", false)
	user, hasUser := m.get("user")
	hasUser = hasUser && user.text != ""
	if !on {
		for _, command := range []string{"user", "password", "passwordeval"} {
			if s, ok := m.get(command); ok && s.text != "" {
				a.note(s.line, "%s: auth is off, so that nobody signs in", command)
			}
		}
		return
	}
	external := strings.EqualFold(method.text, "external")
	if external && !a.has("tls.cert") {
		a.note(method.line, "auth: external needs tls_cert_file and tls_key_file")
		return
	}
	if !hasUser && !external {
		a.note(method.line, "auth: there is no user to sign in with; set user")
		return
	}
	if method.text != "" && !strings.EqualFold(method.text, "on") {
		a.setAuth(method.line, method.text)
	}
	if hasUser {
		a.set("user", user.text)
	}
	if external {
		return
	}
	password, hasPassword := m.get("password")
	eval, hasEval := m.get("passwordeval")
	switch {
	case hasPassword && password.text != "":
		a.setPassword(password.line, password.text)
		if hasEval && eval.text != "" {
			a.note(eval.line, "passwordeval: the password counts")
		}
	case hasEval && eval.text != "":
		a.setPasswordCommand(eval.text)
	default:
		a.note(method.line, "auth: msmtp looks in the keyring and in ~/.netrc, and asks; postern asks, unless there is password = { keyring = true } or { netrc = true }")
	}
	if a.keys["backend"] == `"plain"` && a.has("auth") && a.keys["auth"] != `"cram-md5"` && !strings.Contains(a.keys["auth"], "scram") {
		a.note(method.line, "auth: without TLS a password is only shown to this machine, unless insecure_auth = true")
	}
}

// from is who sends.
func (m *msmtpAccount) from(a *account) {
	from, ok := m.get("from")
	text := from.text
	if auto, s := m.on("auto_from", false); auto {
		domain, _ := m.get("maildomain")
		text, from.line, ok = "%U@"+domain.text, s.line, true
		if domain.text == "" {
			text = "%U"
		}
	}
	domain, auto := strings.CutPrefix(text, "%U@")
	switch {
	case !ok || text == "":
	case text == "%U", auto && (domain == "%H" || domain == "%C"):
		a.note(from.line, "from: left out, since postern makes it of the user's name and this host's, where neither -f nor From: says otherwise")
	case auto && !strings.Contains(domain, "%"):
		a.setDomain(from.line, domain)
		a.note(from.line, "from: left out, since postern makes it of the user's name and domain, where neither -f nor From: says otherwise; domain completes recipients too")
	case strings.Contains(text, "%"):
		a.note(from.line, "from: %s", noPattern)
	case strings.ContainsAny(text, "?*["):
		a.setMatch(from.line, text)
	default:
		a.setFrom(from.line, text)
	}
	if allow, s := m.on("allow_from_override", true); !allow {
		if a.has("from") {
			a.keys["override_from"] = "true"
		} else {
			a.note(s.line, "allow_from_override: override_from needs one address as from")
		}
	}
	switch s, _ := m.get("set_from_header"); strings.ToLower(s.text) {
	case "on":
		if a.has("from") {
			a.set("set_from", "always")
		} else {
			a.note(s.line, "set_from_header: set_from = \"always\" needs one address as from")
		}
	case "off":
		a.set("set_from", "never")
	}
}

// log is the log of the program; that of an account is for all.
func (m *msmtpAccount) log(a *account) {
	file, ok := m.get("logfile")
	switch {
	case !ok || file.text == "":
	case file.text == "-":
		a.profile.setLog(a.file, file.line, conf.Quote("stderr"))
		a.profile.note(a.file, file.line, "logfile: the log goes to standard error")
	default:
		a.profile.setLog(a.file, file.line, "{ file = "+conf.Quote(home(file.text))+" }")
		a.profile.note(a.file, file.line, "logfile: a line is JSON")
	}
	s, ok := m.get("syslog")
	if !ok || s.off() {
		return
	}
	a.profile.setLog(a.file, s.line, conf.Quote("syslog"))
	if s.text != "LOG_MAIL" {
		a.profile.note(a.file, s.line, "syslog: the facility is mail")
	}
}

// home is a file name as postern has it: msmtp has every leading tilde stand for the home folder.
func home(name string) string {
	if rest, ok := strings.CutPrefix(name, "~"); ok && !strings.HasPrefix(rest, "/") {
		return "~/" + rest
	}
	return name
}

// thisMachine tells whether a host is this one: there TLS would protect nothing.
func thisMachine(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}
