package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"strings"

	"postern/auth"
	"postern/backend"
	"postern/conf"
)

// Service is a server beside an account's own that speaks another protocol.
type Service struct {
	Key      string // the account's table that names it, for complaints: "sent"
	HostKey  string // "sent.imap"
	Host     string // a name or an address, perhaps with a port; or unix: and the path of a socket
	Port     int    // where Host has none
	Backend  string // when TLS begins: plain, starttls or tls
	User     string // in place of the account's, or empty
	Password conf.Password
}

// Beside connects to a service under the rules of an account: its proxy and source, its TLS policy but for
// tls.server_name, which is of its own servers, and what it signs in with.
type Beside struct {
	Have auth.Credentials
	Auth string // the name of a mechanism, or auto

	t     *transport
	masks masks
}

// OpenBeside reads what an account says of a service. It touches no network, and its errors are *conf.Error.
func OpenBeside(a *conf.Account, to Service) (*Beside, error) {
	sec, known := securities(to.Backend)
	if !known {
		return nil, a.Errorf(to.Key+".security", "%q is none of plain, starttls, tls", to.Backend)
	}
	t := &transport{security: sec}
	k := &t.keys
	if err := a.Decode(k); err != nil {
		return nil, err
	}
	s, err := parseHost(to.Host, to.Port)
	switch {
	case strings.Contains(to.Host, "@") && !s.socket: // what stands before it may be a password, and isn't quoted
		return nil, a.Errorf(to.HostKey, "there is an @, and a host stands alone here: user and password have keys of their own")
	case err != nil:
		return nil, a.Errorf(to.HostKey, "%q %v", to.Host, err)
	case s.domain != "":
		return nil, a.Errorf(to.HostKey, "%q is no host: a domain finds servers for mail to be sent", to.Host)
	}
	keeper := s // of the password: the account's own is kept under its own server
	if own := *k; len(own.Hosts) > 0 && !passwordGiven(to.Password) {
		ownSec, _ := securities(a.Backend)
		own.Port = cmp.Or(own.Port, ports[ownSec])
		if servers, err := own.serversOf(a, ownSec); err == nil {
			keeper = servers[0]
		}
	}
	k.Hosts, k.Port, k.HELO, k.OnRefused, k.RequireTLS, k.TLS.ServerName = conf.Strings{to.Host}, to.Port, "", "", false, ""
	if sec == never {
		k.TLS = tlsKeys{}
	}
	if err := k.judge(a, sec); err != nil {
		return nil, err
	}
	k.User = cmp.Or(to.User, k.User)
	if passwordGiven(to.Password) {
		k.Password, k.OAuth, k.Auth = to.Password, nil, ""
	}
	if k.Auth == "none" { // of its own server alone
		k.Auth = ""
	}
	if k.User == "" {
		return nil, a.Errorf(to.Key, "there is no user to sign in with")
	}
	t.servers = []server{s}
	b := &Beside{t: t}
	if b.Have, err = k.credentials(a, keeper, sec); err != nil {
		return nil, err
	}
	b.Auth = k.Auth
	return b, nil
}

// securities is when TLS begins with a backend.
func securities(name string) (sec security, known bool) {
	switch name {
	case "plain", "lmtp":
		return never, true
	case "starttls":
		return upgraded, true
	case "tls":
		return implicit, true
	}
	return never, false
}

func passwordGiven(p conf.Password) bool { return sourceOf(p).Given() }

// Dial connects, and gives the account's TLS policy for what follows.
func (b *Beside) Dial(ctx context.Context) (net.Conn, *tls.Config, error) {
	to := b.t.servers[0]
	s := &session{transport: b.t, server: to, ctx: ctx, roots: b.t.loadRoots()}
	var failed *backend.Error
	if s.identity, failed = b.t.clientCertificate(ctx); failed != nil {
		return nil, nil, failed
	}
	dial, addrs, failed := b.t.ways(ctx, to)
	if failed != nil {
		return nil, nil, failed
	}
	c, _, lost := race(ctx, addrs, dial)
	switch {
	case c != nil:
		return c, s.tlsConfig(), nil
	case ctx.Err() != nil:
		return nil, nil, &backend.Error{Kind: backend.Again, Server: to.Host, Stage: stageConnect.name, Err: interruption(ctx)}
	}
	return nil, nil, unreachable(to, lost[len(lost)-1])
}

// Connection is what a mechanism may want to know of a connection. over is its TLS, or nil where that is not there or
// can't be bound to.
func (b *Beside) Connection(c net.Conn, over *tls.ConnectionState, offered []string) auth.Connection {
	to := b.t.servers[0]
	return auth.Connection{
		TLS: over, Offered: offered, Secure: b.t.mayShowPassword(c, b.t.security != never), Host: to.certificate, Port: to.Port,
	}
}

// Mask has Hide replace a secret, as it is and in what encodes it.
func (b *Beside) Mask(secret string) {
	b.masks.keep(sanitise(secret))
	b.masks.keep(encode([]byte(secret)))
}

// Hide is what another has said, without secrets and control characters.
func (b *Beside) Hide(text string) string { return b.masks.hide(sanitise(text)) }
