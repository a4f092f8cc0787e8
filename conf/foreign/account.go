package foreign

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"postern/conf"
)

// account is an account in the making.
type account struct {
	profile *Profile
	name    string
	file    string            // the file its notes are about
	keys    map[string]string // values in TOML; "tls.ca" is a key of the table
	notes   []Note
	parent  *account // whose keys it may start from
}

func (p *Profile) account(name, file string) *account {
	return &account{profile: p, name: name, file: file, keys: map[string]string{}}
}

// keyOrder is the order in which an account's keys are written.
func keyOrder() []string {
	return []string{
		"backend", "host", "port", "from", "match", "domain", "set_from", "override_from", "auth", "user", "password",
		"insecure_auth", "proxy", "source", "helo", "timeout", "queue", "tls.ca", "tls.pin", "tls.cert", "tls.key", "tls.server_name",
	}
}

func (a *account) has(key string) bool { return a.keys[key] != "" }

func (a *account) set(key, value string) { a.keys[key] = conf.Quote(value) }

func (a *account) list(key string, values ...string) { a.keys[key] = conf.QuoteAll(values) }

// checked is what becomes of a setting that has certificates not checked.
const checked = "certificates are always checked; the error about one that isn't trusted has the tls.pin that would trust it"

func (a *account) note(line int, format string, args ...any) {
	a.notes = append(a.notes, Note{a.file, line, oneLine(fmt.Sprintf(format, args...))})
}

// setServer is host and port, for a backend that is set already; usual is the port of the program where it has none of its
// own.
func (a *account) setServer(line int, host string, port, usual int) {
	if !plainHost(host) {
		a.note(line, "there is no host name here, and so no account")
		return
	}
	if port == 0 {
		port = usual
	}
	if port < 1 || port > 65535 {
		a.note(line, "%d is no port, and so there is no account", port)
		return
	}
	a.set("host", host)
	own := 465
	switch a.keys["backend"] {
	case `"plain"`:
		own = 25
	case `"starttls"`:
		own = 587
	case `"lmtp"`:
		own = 24
	}
	if port != own {
		a.keys["port"] = strconv.Itoa(port)
	}
}

// warnPlain tells that an account goes without TLS, as it did.
func (a *account) warnPlain(line int) {
	a.note(line, "there is no TLS here: what is sent can be read and changed on its way; backend = \"starttls\" or \"tls\" ends that")
}

// setPassword carries a password over as it is.
func (a *account) setPassword(line int, password string) {
	if password == "" || !utf8.ValidString(password) {
		a.note(line, "the password is empty or no UTF-8, and left out")
		return
	}
	a.set("password", password)
	a.profile.secret = true
}

// setPasswordCommand has a shell run what the program's shell ran.
func (a *account) setPasswordCommand(command string) {
	a.keys["password"] = "{ command = " + conf.QuoteAll([]string{"sh", "-c", command}) + " }"
}

// setAuth is a mechanism by its name; where postern has no such one, the best that the server offers is taken.
func (a *account) setAuth(line int, mechanism string) {
	name := strings.ToLower(mechanism)
	switch name {
	case "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "scram-sha-1-plus", "scram-sha-256-plus",
		"external", "oauthbearer", "xoauth2", "anonymous":
		a.set("auth", name)
	default:
		a.note(line, "postern has no mechanism %q: it takes the best that the server offers", word(mechanism))
	}
}

// setFrom is the address of the sender.
func (a *account) setFrom(line int, address string) bool {
	if !plainAddress(address) {
		a.note(line, "this is no plain address")
		return false
	}
	a.set("from", address)
	return true
}

func (a *account) setDomain(line int, domain string) {
	if !plainDomain(domain) {
		a.note(line, "this is no domain")
		return
	}
	a.set("domain", domain)
}

func (a *account) setHELO(line int, name string) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		a.note(line, "this is no host name to greet with")
		return
	}
	a.set("helo", name)
}

func (a *account) setSource(line int, address string) {
	if _, err := netip.ParseAddr(address); err != nil {
		a.note(line, "the source has to be an address of this machine")
		return
	}
	a.set("source", address)
}

// setPin is the SHA-256 of a certificate, in hexadecimal with or without colons.
func (a *account) setPin(line int, text string) bool {
	digits := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(text))
	if sum, err := hex.DecodeString(digits); err != nil || len(sum) != 32 {
		a.note(line, "a pin is a SHA-256, 64 digits: SHA-1 and MD5 can be forged; the certificate has to be signed by an authority")
		return false
	}
	a.set("tls.pin", "sha256:"+digits)
	return true
}

// setFile is a key with a file name. Both have "~/" for the home folder.
func (a *account) setFile(line int, key, name string) {
	if !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "~/") {
		a.note(line, "a relative file name: postern has it relative to its configuration file")
	}
	a.set(key, name)
}

// setCert is the client's certificate with its key, which go together.
func (a *account) setCert(line int, cert, key string) {
	if cert == "" || key == "" {
		a.note(line, "a certificate and its key go together, and one is missing")
		return
	}
	a.setFile(line, "tls.cert", cert)
	a.setFile(line, "tls.key", key)
}

// setMatch are patterns of senders; the shell has "!" where postern has "^".
func (a *account) setMatch(line int, pattern string) {
	pattern = strings.ReplaceAll(pattern, "[!", "[^")
	if _, err := path.Match(pattern, ""); err != nil {
		a.note(line, "this is no pattern that postern knows")
		return
	}
	a.list("match", pattern)
}

// starts tells whether an account can start from its parent: a key that the parent has can't be taken back.
func (a *account) starts() bool {
	if a.parent == nil || a.profile.find(a.parent.name) != a.parent {
		return false
	}
	for key := range a.parent.keys {
		if !a.has(key) {
			return false
		}
	}
	return true
}

// same tells whether two accounts have the same keys.
func (a *account) same(b *account) bool {
	if len(a.keys) != len(b.keys) {
		return false
	}
	for key, value := range a.keys {
		if b.keys[key] != value {
			return false
		}
	}
	return true
}

// plainHost tells whether a text can be a host: an address or a name.
func plainHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if text == "" || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	last := text[strings.LastIndexByte(strings.TrimSuffix(text, "."), '.')+1:]
	return strings.Trim(last, "0123456789.") != ""
}

func notInLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r < 0xa0 || r == utf8.RuneError
}

// plainAddress tells whether a text is an address alone.
func plainAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && domain != "" && plainDomain(local) && plainDomain(domain)
}

func plainDomain(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("\x7f@<>,;:\"()[]\\", r)
	})
}

// seconds is a length of time in whole seconds, as programs write it, for postern.
func seconds(text string) (string, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return "", false
	}
	switch {
	case n%86400 == 0 && n/86400 <= 65535:
		return fmt.Sprintf("%dd", n/86400), true
	case n%3600 == 0:
		return fmt.Sprintf("%dh", n/3600), true
	case n%60 == 0:
		return fmt.Sprintf("%dm", n/60), true
	}
	return fmt.Sprintf("%ds", n), true
}

// portNumber is a port by its number or by its usual name.
func portNumber(text string) (int, bool) {
	switch strings.ToLower(text) {
	case "smtp":
		return 25, true
	case "submission":
		return 587, true
	case "smtps", "ssmtp", "submissions":
		return 465, true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil && n > 0
}
