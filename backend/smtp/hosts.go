package smtp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"postern/conf"
)

// server is one of an account's hosts, or one that the DNS has named for it.
type server struct {
	Host        string // as the account has it, for people
	Port        int
	name        string // a name in A-labels, an address, or the path of a socket
	socket      bool
	domain      string // the SRV records of this domain name the servers; the other fields are empty, but for Host
	certificate string // the name that the certificate has to be for, unless tls.server_name says otherwise
}

// bare is the host without a port, for people.
func (s server) bare() string {
	if s.socket {
		return s.Host
	}
	return strings.TrimSuffix(s.name, ".")
}

// serversOf reads the hosts of an account, in the order in which they are to be tried. The error is a *conf.Error.
func (k *keys) serversOf(a *conf.Account, sec security) ([]server, error) {
	var servers []server
	for _, text := range k.Hosts {
		s, err := parseHost(text, k.Port)
		switch {
		case strings.Contains(text, "@") && !s.socket: // what stands before it may be a password, and isn't quoted
			return nil, a.Errorf("host", "there is an @, and a host stands alone here: user and password have keys of their own")
		case err != nil:
			return nil, a.Errorf("host", "%q %v", text, err)
		case s.domain != "" && sec == never:
			return nil, a.Errorf("host", "%q finds servers for backend = \"tls\" and \"starttls\", not for %q", text, a.Backend)
		case s.domain != "" && k.Proxy != "": // who wants a proxy may not want the names to show
			return nil, a.Errorf("host", "%q asks the DNS of this machine, which a proxy can't: name the servers themselves", text)
		case s.socket && k.Source != "":
			return nil, a.Errorf("source", "%q is a socket, and has no addresses", text)
		}
		servers = append(servers, s)
	}
	return servers, nil
}

// parseHost reads a host: a name or an address, perhaps with a port behind a colon; a socket, or a domain. port holds
// where the host has none. The error goes on where the host's text ends.
func parseHost(text string, port int) (s server, err error) {
	s = server{Host: text, Port: port}
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		s.name, s.socket, s.certificate = path, true, text
		if path == "" || strings.Contains(path, "\x00") {
			return s, errors.New("has no path of a socket")
		}
		return s, nil
	}
	if domain, ok := strings.CutPrefix(text, "srv:"); ok {
		s.domain, err = hostName(domain)
		return s, err
	}
	name, digits, found, err := splitPort(text)
	if err != nil {
		return s, err
	}
	if found {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || n == 0 || digits[0] == '0' {
			return s, errors.New("has no port from 1 to 65535 behind its colon")
		}
		s.Port = int(n)
	}
	s.name, s.certificate, err = nameOrAddress(name)
	return s, err
}

// splitPort takes a port off. An IPv6 address has colons of its own: with a port it stands in brackets (RFC 3986
// section 3.2.2).
func splitPort(text string) (name, port string, found bool, err error) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		name, rest, _ := strings.Cut(inner, "]")
		addr, err := netip.ParseAddr(name)
		port, found = strings.CutPrefix(rest, ":")
		if err != nil || !addr.Is6() || rest != "" && !found || !strings.Contains(text, "]") {
			return "", "", false, errors.New("is no IPv6 address in brackets such as [2001:db8::1] or [2001:db8::1]:587")
		}
		return name, port, found, nil
	}
	if strings.Count(text, ":") > 1 {
		if _, err := netip.ParseAddr(text); err != nil {
			return "", "", false, errors.New("is no IPv6 address; with a port it stands in brackets, [2001:db8::1]:587")
		}
		return text, "", false, nil
	}
	name, port, found = strings.Cut(text, ":")
	return name, port, found, nil
}

// nameOrAddress is what to connect to, and what its certificate has to be for: there a name has no dot at its end, and
// an address no zone.
func nameOrAddress(text string) (name, certificate string, err error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return text, addr.WithZone("").String(), nil
	}
	name, err = hostName(text)
	return name, strings.TrimSuffix(name, "."), err
}

// hostName is a name as the DNS has it: what is beyond US-ASCII becomes A-labels (RFC 5891), which is also what stands
// in certificates (RFC 9525 section 6.3). The error goes on where the name's text ends.
func hostName(text string) (string, error) {
	name := text
	if !isASCII(text) {
		var err error
		if name, err = idna.Lookup.ToASCII(text); err != nil {
			return "", fmt.Errorf("is no host name: %s", strings.TrimPrefix(err.Error(), "idna: "))
		}
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	for _, label := range labels {
		if len(label) == 0 || len(label) > 63 || strings.ContainsFunc(label, notInLabel) { // RFC 1035 section 2.3.4
			return "", errors.New("is no host name")
		}
	}
	switch last := labels[len(labels)-1]; {
	case len(name) > 254:
		return "", errors.New("is no host name: it is too long")
	case strings.Trim(last, "0123456789") == "": // RFC 3696 section 2: no top-level domain is a number
		return "", errors.New("is neither a host name nor an IPv4 address")
	}
	return name, nil
}

// notInLabel tells what a label can't have. An underscore is no rule's, and in use.
func notInLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
