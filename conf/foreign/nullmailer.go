package foreign

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"postern/conf"
)

// controlFiles are nullmailer's besides the list of servers.
func controlFiles() []string {
	return []string{
		"adminaddr", "allmailfrom", "defaultdomain", "defaulthost", "helohost", "idhost", "maxpause", "me", "pausetime", "queuelifetime", "sendtimeout",
	}
}

// nullmailer reads the files of nullmailer-send(8), nullmailer-queue(8) and nullmailer-inject(1): the list of servers, and
// files of one line.
func (p *Profile) nullmailer(files []File) {
	set := map[string]setting{}
	names := map[string]string{}
	for _, f := range files[1:] {
		key := filepath.Base(f.Name)
		names[key] = f.Name
		text, _, _ := strings.Cut(f.Text, "\n")
		set[key] = setting{strings.TrimSpace(text), 1}
	}
	p.remotes(files[0], func(a *account) {
		a.set("queue", "always") // nullmailer keeps first, and delivers then
		fromFiles(a, set, names)
	})
	if s := set["adminaddr"]; s.text != "" {
		var to []string
		for address := range strings.SplitSeq(s.text, ",") {
			if address = strings.TrimSpace(address); address != "" {
				to = append(to, address)
			}
		}
		if len(to) > 0 {
			p.aliases = append(p.aliases, alias{"root", conf.QuoteAll(to)})
		}
		p.note(names["adminaddr"], 1, "nullmailer had the mail of all users of this machine go there; each but root needs a line in [aliases]")
	}
	p.pauses(set, names)
	if s := set["queuelifetime"]; s.text != "" {
		if t, ok := seconds(s.text); ok {
			p.queue = append(p.queue, entry{"give_up", conf.Quote(t)})
		} else {
			p.note(names["queuelifetime"], 1, "this is no length of time")
		}
	}
	if set["idhost"].text != "" {
		p.note(names["idhost"], 1, "the domain of a Message-ID is the sender's")
	}
	if set["sendtimeout"].text != "" {
		p.note(names["sendtimeout"], 1, "timeout is for each step, and not for the whole")
	}
}

// pauses are those between tries: nullmailer doubles the first up to the longest.
func (p *Profile) pauses(set map[string]setting, names map[string]string) {
	first, longest := uint64(60), uint64(86400)
	for key, value := range map[string]*uint64{"pausetime": &first, "maxpause": &longest} {
		text := set[key].text
		if text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil || n == 0 {
			p.note(names[key], 1, "this is no pause between tries")
			return
		}
		*value = n
	}
	if set["pausetime"].text == "" && set["maxpause"].text == "" {
		return
	}
	var list []string
	for pause := first; len(list) < 20; pause *= 2 {
		t, _ := seconds(strconv.FormatUint(min(pause, longest), 10))
		list = append(list, t)
		if pause >= longest {
			break
		}
	}
	p.queue = append(p.queue, entry{"retry", conf.QuoteAll(list)})
}

// fromFiles are the names that an account has from the files of one line.
func fromFiles(a *account, set map[string]setting, names map[string]string) {
	a.file = names["helohost"]
	helo := set["helohost"].text
	if helo == "" {
		a.file, helo = names["me"], set["me"].text
	}
	if helo != "" {
		a.setHELO(1, helo)
	}
	domain := set["defaulthost"].text
	if more := set["defaultdomain"].text; domain != "" && more != "" && !strings.Contains(domain, ".") {
		domain += "." + more
	}
	if a.file = names["defaulthost"]; domain == "" {
		a.file, domain = names["me"], set["me"].text
	}
	if domain != "" {
		a.setDomain(1, domain)
	}
	if s := set["allmailfrom"]; s.text != "" {
		if a.file = names["allmailfrom"]; a.setFrom(1, s.text) {
			a.keys["override_from"] = "true"
		}
	}
}

// remotes is the list of servers, of which each is tried when the one before it can't have the message. Where they differ in
// no more than name and port, they are one account's.
func (p *Profile) remotes(file File, complete func(*account)) {
	var hosts []string // of the first account
	for i, line := range strings.Split(file.Text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		words, ok := shellWords(line)
		if !ok || len(words) == 0 {
			p.note(file.Name, i+1, "the quotation marks have no end")
			continue
		}
		a := p.account(Nullmailer, file.Name)
		p.remote(a, i+1, words)
		if !a.has("host") {
			p.add(a)
			continue
		}
		complete(a)
		a.file = file.Name
		if len(p.accounts) == 0 {
			p.add(a)
			hosts = []string{a.address()}
			continue
		}
		first := p.accounts[0]
		if a.alike(first) {
			hosts = append(hosts, a.address())
			first.notes = append(first.notes, a.notes...)
			continue
		}
		a.name = fmt.Sprintf("%s%d", Nullmailer, len(p.accounts)+1)
		a.note(i+1, "this server signs in or is secured in another way, so that it has an account of its own; postern doesn't go on to it when the first fails")
		p.add(a)
	}
	if len(hosts) > 1 {
		delete(p.accounts[0].keys, "port")
		p.accounts[0].list("host", hosts...)
	}
	if len(p.accounts) > 1 {
		p.fallback = Nullmailer
	}
}

// address is the host with its port.
func (a *account) address() string {
	host, port := strings.Trim(a.keys["host"], `"`), a.keys["port"]
	switch {
	case port == "":
		return host
	case strings.Contains(host, ":"):
		return "[" + host + "]:" + port
	}
	return host + ":" + port
}

// alike tells whether two accounts differ in host and port alone.
func (a *account) alike(b *account) bool {
	for _, key := range keyOrder() {
		if key != "host" && key != "port" && a.keys[key] != b.keys[key] {
			return false
		}
	}
	return true
}

// remote reads one server: its name, the protocol, and options, perhaps with hyphens in front.
func (p *Profile) remote(a *account, line int, words []string) {
	host := words[0]
	protocol := "smtp"
	rest := words[1:]
	if len(rest) > 0 {
		protocol, rest = rest[0], rest[1:]
	}
	if protocol != "smtp" {
		a.note(line, "%q is no protocol of postern's, and the server is left out", word(protocol))
		return
	}
	a.set("backend", "plain")
	opt := map[string]string{}
	for _, o := range rest {
		name, value, _ := strings.Cut(strings.TrimLeft(o, "-"), "=")
		switch name {
		case "tls", "ssl":
			a.set("backend", "tls")
		case "starttls":
			a.set("backend", "starttls")
		case "port", "user", "pass", "source", "auth-login", "x509certfile", "x509keyfile", "x509cafile":
			opt[name] = value
		case "insecure":
			a.note(line, "insecure: "+checked)
		case "x509crlfile":
			a.note(line, "x509crlfile: revocation lists are not read")
		case "x509fmtder":
			a.note(line, "x509fmtder: files of certificates have to be in PEM form")
		case "tls-anon-auth":
			a.note(line, "tls-anon-auth: a server without a certificate gets nothing")
		default:
			a.note(line, "nullmailer has no option %q that is known here", word(name))
		}
	}
	_, sourced := opt["source"]
	port, usual := 0, 25
	if a.keys["backend"] == `"tls"` {
		usual = 465
	}
	if text := opt["port"]; text != "" {
		var ok bool
		if port, ok = portNumber(text); !ok {
			a.note(line, "port: this is no port")
		}
	}
	if a.setServer(line, host, port, usual); !a.has("host") {
		return
	}
	if sourced {
		a.setSource(line, opt["source"])
	}
	plain := a.keys["backend"] == `"plain"`
	if user := opt["user"]; user != "" {
		a.set("user", user)
		a.setPassword(line, opt["pass"])
		if _, ok := opt["auth-login"]; ok {
			a.set("auth", "login")
		}
		if plain && !thisMachine(host) {
			a.note(line, "without TLS a password is only shown to this machine, unless insecure_auth = true")
		}
	}
	if plain {
		if !thisMachine(host) {
			a.warnPlain(line)
		}
		return
	}
	if ca := opt["x509cafile"]; ca != "" {
		a.setFile(line, "tls.ca", ca)
	}
	if cert := opt["x509certfile"]; cert != "" {
		key := opt["x509keyfile"]
		if key == "" {
			key = cert
		}
		a.setCert(line, cert, key)
	}
}
