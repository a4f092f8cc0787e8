package smtp

import (
	"crypto/tls"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"postern/conf"
)

// keys are the keys of an account that this package reads.
type keys struct {
	Hosts        conf.Strings  `toml:"host"`
	Port         int           `toml:"port"` // of the hosts that have none of their own
	Proxy        proxyKey      `toml:"proxy"`
	Source       string        `toml:"source"` // the address to connect from
	Auth         string        `toml:"auth"`
	User         string        `toml:"user"`
	Password     conf.Password `toml:"password"`
	OAuth        *oauthKeys    `toml:"oauth"`
	Timeout      conf.Duration `toml:"timeout"`
	HELO         string        `toml:"helo"`
	TLS          tlsKeys       `toml:"tls"`
	InsecureAuth *bool         `toml:"insecure_auth"`
	OnRefused    string        `toml:"on_refused"` // deliver or abort
	RequireTLS   bool          `toml:"require_tls"`
}

// tlsKeys are the keys of the tls table.
type tlsKeys struct {
	CA         conf.Strings `toml:"ca"`  // PEM files in place of the system's roots; "system" adds those
	Pin        conf.Strings `toml:"pin"` // SHA-256 of the certificate or its public key, in hexadecimal
	Cert       string       `toml:"cert"`
	Key        string       `toml:"key"`
	Min        string       `toml:"min"`
	ServerName string       `toml:"server_name"`
}

// What becomes of the others when a recipient is refused.
const (
	deliver = "deliver" // they get the message
	abort   = "abort"   // nobody does
)

// systemCA stands for the system's roots in a list of CA files.
const systemCA = "system"

// ports are the default ports (RFC 5321 section 4.5.4.2, RFC 6409 section 3.1, RFC 8314 section 7.3).
var ports = map[security]int{never: 25, upgraded: 587, implicit: 465}

// lmtpPort is the default port of LMTP, which is any but 25 (RFC 2033 section 5).
const lmtpPort = 24

var versions = map[string]uint16{
	"":    tls.VersionTLS12, // RFC 8996 has put the older ones out of use
	"1.2": tls.VersionTLS12,
	"1.3": tls.VersionTLS13,
}

// ResolvePaths is for conf: it tells which keys are file names.
func (k *keys) ResolvePaths(abs func(string) string) {
	for i, name := range k.TLS.CA {
		if name != systemCA {
			k.TLS.CA[i] = abs(name)
		}
	}
	k.TLS.Cert, k.TLS.Key = abs(k.TLS.Cert), abs(k.TLS.Key)
	k.Password.File, k.Password.Netrc = abs(k.Password.File), abs(k.Password.Netrc)
	if o := k.OAuth; o != nil {
		o.KeyFile, o.ClientSecret.File, o.ClientSecret.Netrc = abs(o.KeyFile), abs(o.ClientSecret.File), abs(o.ClientSecret.Netrc)
	}
}

// judge fills in the defaults and refuses what can't be meant. The errors are *conf.Error.
func (k *keys) judge(a *conf.Account, sec security) error {
	if k.Port == 0 {
		k.Port = ports[sec]
	}
	_, version := versions[k.TLS.Min]
	if err := k.judgeNetwork(a); err != nil {
		return err
	}
	switch {
	case k.Port < 1 || k.Port > 65535:
		return a.Errorf("port", "%d is no port", k.Port)
	case strings.ContainsFunc(k.HELO, func(r rune) bool { return r <= ' ' || r > '~' }):
		return a.Errorf("helo", "%q is no host name", k.HELO)
	case k.TLS.Min == "1.0" || k.TLS.Min == "1.1":
		return a.Errorf("tls.min", "TLS %s is no longer safe (RFC 8996), and not offered: use 1.2 or 1.3", k.TLS.Min)
	case !version:
		return a.Errorf("tls.min", "%q is neither 1.2 nor 1.3", k.TLS.Min)
	case (k.TLS.Cert == "") != (k.TLS.Key == ""):
		return a.Errorf("tls", "cert and key go together")
	case k.OnRefused != "" && k.OnRefused != deliver && k.OnRefused != abort:
		return a.Errorf("on_refused", "%q is neither %s nor %s", k.OnRefused, deliver, abort)
	case sec == never && k.TLS.set():
		return a.Errorf("tls", "backend = %q has no TLS: use starttls or tls, or take the tls table out", a.Backend)
	case sec == never && k.RequireTLS:
		return a.Errorf("require_tls", "backend = %q has no TLS: use starttls or tls, or take require_tls out", a.Backend)
	}
	for i, pin := range k.TLS.Pin {
		if !IsPin(pin) {
			return a.Errorf("tls.pin", "%q is no SHA-256 in hexadecimal, sha256: and 64 digits", pin)
		}
		k.TLS.Pin[i] = pinDigits(pin)
	}
	return nil
}

// IsPin tells whether a text can be a value of tls.pin.
func IsPin(text string) bool {
	sum, err := hex.DecodeString(pinDigits(text))
	return err == nil && len(sum) == 32
}

func pinDigits(pin string) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(pin), "sha256:"), ":", "")
}

// judgeNetwork judges what the way to the servers is made of.
func (k *keys) judgeNetwork(a *conf.Account) (err error) {
	if len(k.Hosts) == 0 || len(k.Hosts) == 1 && k.Hosts[0] == "" {
		return a.Errorf("host", "the account has no host")
	}
	if k.Proxy != "" && k.Proxy != proxyFromEnv {
		if _, err := parseProxy(string(k.Proxy)); err != nil {
			return a.Errorf("proxy", "the value %v", err)
		}
	}
	if k.Source != "" {
		if _, err := netip.ParseAddr(k.Source); err != nil {
			return a.Errorf("source", "%q is no address", k.Source)
		}
	}
	if k.TLS.ServerName != "" {
		text := k.TLS.ServerName
		if strings.Contains(text, "@") {
			return a.Errorf("tls.server_name", "there is an @, which no host name has")
		}
		if _, k.TLS.ServerName, err = nameOrAddress(text); err != nil {
			return a.Errorf("tls.server_name", "%q %v", text, err)
		}
	}
	return nil
}

func (k tlsKeys) set() bool {
	return len(k.CA) > 0 || len(k.Pin) > 0 || k.Min != "" || k.ServerName != "" || k.Cert != ""
}

// pinned tells whether one of the pins is sum.
func (k tlsKeys) pinned(sums ...string) bool {
	return slices.ContainsFunc(sums, func(sum string) bool { return slices.Contains(k.Pin, sum) })
}
