package smtp

import (
	"net"
	"strconv"

	"postern/backend"
)

// Way tells how a message would go, without asking any server or source of secrets.
func (t *transport) Way() backend.Way {
	w := backend.Way{
		TLS:    map[security]string{never: "none", upgraded: "required, by STARTTLS", implicit: "required, from the start"}[t.security],
		Source: t.Source, HELO: t.HELO, Mechanism: t.Auth, User: t.User,
	}
	if w.HELO == "" {
		w.HELO = t.surrounding.Hostname
	}
	for _, s := range t.servers {
		if s.domain == "" && !s.socket {
			w.Servers = append(w.Servers, net.JoinHostPort(s.name, strconv.Itoa(s.Port)))
		} else {
			w.Servers = append(w.Servers, s.Host)
		}
	}
	switch {
	case t.Proxy == proxyFromEnv:
		w.Proxy = "as the environment has it"
	case t.Proxy != "":
		if p, err := parseProxy(string(t.Proxy)); err == nil { // its URL may have a password
			w.Proxy = p.kind + "://" + net.JoinHostPort(p.at.name, strconv.Itoa(p.at.Port))
		}
	}
	switch {
	case t.Auth == "none":
		w.User = ""
	case t.have.Token != nil:
		w.Secret = "OAuth token"
	case t.have.Password.Ask:
		w.Secret = "asked for on the terminal"
	case t.have.Password.Text != "":
		w.Secret = "password in the configuration"
	case t.have.Password.Given():
		w.Secret = t.have.Password.Name()
	case t.have.Certificate:
		w.Secret = "client certificate"
	}
	return w
}
