package foreign

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	"postern/conf"
)

// setting is a command's argument with its line.
type setting struct {
	text string
	line int
}

// off tells whether a setting is "off"; "on" may be left out.
func (s setting) off() bool { return strings.EqualFold(s.text, "off") }

// msmtpAccount is an account of an msmtprc. It starts from the defaults as they were at its line; what its parents and
// then itself set counts more.
type msmtpAccount struct {
	name      string
	line      int
	defaults  map[string]setting
	inherited map[string]setting // what the parents set, the last one first
	own       map[string]setting
	parents   []*msmtpAccount
	notes     []Note
	made      *account
}

// get is a command's argument; ok tells that it was given.
func (m *msmtpAccount) get(command string) (s setting, ok bool) {
	for _, from := range []map[string]setting{m.own, m.inherited, m.defaults} {
		if s, ok = from[command]; ok {
			break
		}
	}
	return s, ok
}

// on is a command that is on or off.
func (m *msmtpAccount) on(command string, usual bool) (bool, setting) {
	s, ok := m.get(command)
	if !ok {
		return usual, s
	}
	return !s.off(), s
}

// msmtp reads an msmtprc(5), as msmtp(1) describes it.
func (p *Profile) msmtp(file File) {
	accounts := p.msmtpAccounts(file)
	for _, m := range accounts {
		a := p.account(m.name, file.Name)
		a.notes = m.notes
		m.build(a)
		m.made = a
		if len(m.parents) == 1 {
			a.parent = m.parents[0].made
		}
		if m.name == "default" {
			if len(m.own) == 0 && a.parent != nil && p.find(a.parent.name) == a.parent && a.same(a.parent) {
				p.fallback = a.parent.name
				continue
			}
			if a.has("host") {
				p.fallback = m.name
			}
		}
		p.add(a)
	}
}

// msmtpAccounts takes the file apart.
func (p *Profile) msmtpAccounts(file File) (accounts []*msmtpAccount) {
	defaults := map[string]setting{}
	named := map[string]*msmtpAccount{}
	var current *msmtpAccount // nil among the defaults
	inDefaults := false
	tell := func(line int, text string) {
		if current != nil {
			current.notes = append(current.notes, Note{file.Name, line, text})
			return
		}
		p.note(file.Name, line, "%s", text)
	}
	for i, line := range strings.Split(file.Text, "\n") {
		line = strings.TrimSpace(strings.TrimSuffix(line, "\r"))
		if line == "" || line[0] == '#' {
			continue
		}
		n := i + 1
		command, argument := cutSpace(line)
		command = strings.ToLower(command)
		if len(argument) > 1 && argument[0] == '"' && argument[len(argument)-1] == '"' {
			argument = argument[1 : len(argument)-1]
		}
		switch command {
		case "defaults":
			current, inDefaults = nil, true
			continue
		case "account":
			current, inDefaults = p.msmtpAccount(file, n, argument, named), false
			current.defaults = maps.Clone(defaults)
			accounts = append(accounts, current)
			named[current.name] = current
			continue
		}
		command, argument = msmtpOld(command, argument)
		why, known := msmtpCommand(command, argument)
		switch {
		case !known:
			tell(n, "msmtp has no command "+conf.Quote(word(command))+" that is known here")
		case why != "":
			tell(n, command+": "+why)
		case current == nil && !inDefaults:
			tell(n, "this stands before any account")
		case current == nil:
			defaults[command] = setting{argument, n}
		default:
			current.own[command] = setting{argument, n}
		}
	}
	return accounts
}

// msmtpAccount begins an account: a name, and perhaps those that it inherits from behind a colon.
func (p *Profile) msmtpAccount(file File, line int, argument string, before map[string]*msmtpAccount) *msmtpAccount {
	name, list, inherits := strings.Cut(argument, ":")
	m := &msmtpAccount{name: strings.TrimSpace(name), line: line, inherited: map[string]setting{}, own: map[string]setting{}}
	if m.name == "" || before[m.name] != nil {
		m.notes = append(m.notes, Note{file.Name, line, "an account needs a name of its own; this one has been given another"})
		base := cmp.Or(m.name, "account")
		for n := line; m.name == "" || before[m.name] != nil; n++ {
			m.name = fmt.Sprintf("%s-%d", base, n)
		}
	}
	for parent := range strings.SplitSeq(list, ",") {
		parent = strings.TrimSpace(parent)
		if b := before[parent]; b != nil {
			m.parents = append(m.parents, b)
			maps.Copy(m.inherited, b.inherited)
			maps.Copy(m.inherited, b.own)
		} else if inherits {
			m.notes = append(m.notes, Note{file.Name, line, "there is no account " + conf.Quote(word(parent)) + " before this line"})
		}
	}
	return m
}

// msmtpOld are commands that msmtp has renamed.
func msmtpOld(command, argument string) (string, string) {
	off := strings.EqualFold(argument, "off")
	opposite := "off"
	if off {
		opposite = "on"
	}
	auto := "auto"
	if off {
		auto = "off"
	}
	switch command {
	case "tls_nocertcheck":
		return "tls_certcheck", opposite
	case "tls_nostarttls":
		return "tls_starttls", opposite
	case "keepbcc":
		return "remove_bcc_headers", opposite
	case "add_missing_from_header":
		return "set_from_header", auto
	case "add_missing_date_header":
		return "set_date_header", auto
	}
	return command, argument
}

// msmtpCommand tells whether msmtp has a command, and why postern can't do what it asks.
func msmtpCommand(command, argument string) (why string, known bool) {
	off := strings.EqualFold(argument, "off")
	switch command {
	case "set_date_header", "set_msgid_header", "remove_bcc_headers":
		if !off {
			return "", true // as it is done anyway
		}
	case "connect_timeout", "ntlmdomain", "tls_crl_file", "tls_priorities", "tls_min_dh_prime_bits", "dsn_notify", "dsn_return", "logfile_time_format":
		if off || argument == "" {
			return "", true
		}
	case "undisclosed_recipients", "tls_force_sslv3":
		if off {
			return "", true
		}
	}
	switch command {
	case "host", "port", "source_ip", "proxy_host", "proxy_port", "socket", "timeout", "protocol", "domain", "auth", "user", "password",
		"passwordeval", "tls", "tls_starttls", "tls_trust_file", "tls_fingerprint", "tls_key_file", "tls_cert_file", "tls_certcheck",
		"tls_host_override", "from", "allow_from_override", "set_from_header", "logfile", "syslog", "aliases", "auto_from", "maildomain":
		return "", true
	case "eval":
		return "the command was not run; what it would print has to be written out, or be the password's command", true
	case "connect_timeout":
		return "there is one key timeout, for each step", true
	case "ntlmdomain":
		return "there is no NTLM", true
	case "tls_crl_file":
		return "revocation lists are not read", true
	case "tls_priorities", "tls_min_dh_prime_bits", "tls_force_sslv3":
		return "of TLS only tls.min can be chosen, and 1.2 is the least", true
	case "dsn_notify":
		return "sendmail -N asks for reports, message by message", true
	case "dsn_return":
		return "sendmail -R asks for it, message by message", true
	case "set_date_header":
		return "a Date that is missing is always added", true
	case "set_msgid_header":
		return "a Message-ID that is missing is always added", true
	case "remove_bcc_headers":
		return "Bcc is always removed", true
	case "undisclosed_recipients":
		return "To and Cc are never removed", true
	case "logfile_time_format":
		return "the log is JSON, and its times are RFC 3339", true
	case "from_full_name":
		return "the name in From: is the program's, that of sendmail -F, or the user's in the password file", true
	}
	return "", false
}

// cutSpace cuts at the first white space.
func cutSpace(line string) (first, rest string) {
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], strings.TrimSpace(line[i:])
	}
	return line, ""
}
