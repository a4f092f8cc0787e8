package smtp

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postern/backend"
)

// Inspector is a transport whose server can be looked at.
type Inspector interface {
	Inspect(context.Context) (*Listing, error)
}

// Listing is what a server says of itself. All of it is clean text.
type Listing struct {
	Host     string // as it was asked for
	Port     int
	Address  string
	Backend  string // by which it was asked: plain, starttls, tls or lmtp
	Greeting string

	Before *Offers // in clear; nil where TLS came first
	TLS    *TLSListing
	Offers *Offers // what counts: after TLS, where there is any
}

// Offers are the extensions of an EHLO reply.
type Offers struct {
	Extensions []Extension // sorted
	Mechanisms []string
	Size       int64 // how many octets a message may have; 0 is no limit, or none that is told
}

// Extension is a keyword of an EHLO reply with its parameters.
type Extension struct {
	Keyword    string
	Parameters string
	Means      string // in a sentence, or empty
	RFC        string // "RFC 6152", or empty
}

// TLSListing is what a server shows in the handshake.
type TLSListing struct {
	Version, Cipher     string
	Subject, Issuer     string
	Names               []string
	Chain               []string // the subjects of what it has shown, its own first
	NotBefore, NotAfter time.Time
	KeyPin              string // SHA-256 of the public key, in hexadecimal: what tls.pin takes
	CertificatePin      string // and of the certificate
	Fault               error  // why it is not trusted; nil where it is
}

// ServerOf makes what looks at a host that is no account's, with or without a port. backend may be empty: then each port
// has its usual one, and a host without a port is asked at the first of the usual ports that answers.
func ServerOf(host, backendName string, s backend.Surroundings) (Inspector, error) {
	to, err := parseHost(host, 0)
	sec, known := map[string]security{"plain": never, "starttls": upgraded, "tls": implicit, "lmtp": never}[backendName]
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q %w", host, err)
	case to.domain != "":
		return nil, fmt.Errorf("%q is a domain, and one server is looked at", host)
	case backendName != "" && !known:
		return nil, fmt.Errorf("%q is none of plain, starttls, tls, lmtp", backendName)
	}
	i := &inspector{transport: &transport{surrounding: s, lmtp: backendName == "lmtp"}, usual: !known, chosen: sec}
	i.Auth = "none"
	switch {
	case to.Port == 0 && i.lmtp:
		to.Port = lmtpPort
	case to.Port == 0 && known:
		to.Port = ports[sec]
	case to.Port == 0 && !to.socket:
		for _, to.Port = range usualPorts {
			i.servers = append(i.servers, to)
		}
		return i, nil
	}
	i.servers = []server{to}
	return i, nil
}

// inspector looks at a server without an account.
type inspector struct {
	*transport
	usual  bool // each port has its usual security
	chosen security
}

// Inspect asks the first port that answers.
func (i *inspector) Inspect(ctx context.Context) (*Listing, error) {
	return i.prober(ctx).inspect(i.securityAt)
}

// securityAt is when TLS begins at a server's port.
func (i *inspector) securityAt(to server) security {
	switch {
	case !i.usual:
		return i.chosen
	case to.Port == ports[implicit]:
		return implicit
	}
	return upgraded
}

// Inspect asks the first of the account's servers that answers, by its TLS keys and its proxy. Nobody signs in.
func (t *transport) Inspect(ctx context.Context) (*Listing, error) {
	return t.prober(ctx).inspect(func(server) security { return t.security })
}

func (t *transport) prober(ctx context.Context) *prober {
	return &prober{transport: t, ctx: ctx, knocks: len(t.servers) == 1}
}

// inspect lists the first server that can be listed.
func (p *prober) inspect(by func(server) security) (*Listing, error) {
	t, ctx, own := p.transport, p.ctx, p.security
	defer func() { t.security = own }()
	defer p.hasten()()
	last := &backend.Error{Kind: backend.Again, Server: t.servers[0].Host, Stage: stageConnect.name, Err: interruption(ctx)}
	ways := p.survey()
	defer func() {
		for _, w := range ways {
			w.close()
		}
	}()
	if !p.knocks {
		meetAll(ways)
	}
	var identity *backend.Error
	if p.blank.identity, identity = t.clientCertificate(ctx); identity != nil {
		return nil, identity
	}
	for _, w := range ways {
		if ctx.Err() != nil {
			break
		}
		if w.failed != nil {
			last = w.failed
			continue
		}
		for _, at := range w.tries {
			if at.conn == nil {
				last = p.unreached(w, at)
				continue
			}
			t.security = by(w.server)
			p.blank.roots = t.loadRoots()
			l, err := p.sessionAt(w.server, at).list(at.addr)
			if err == nil {
				return l, nil
			}
			last = err
		}
	}
	return nil, last
}

// meetAll has servers that are one host's usual ports know what came of the others.
func meetAll(ways []*way) {
	all := doors{asked: true}
	for _, w := range ways {
		for _, at := range w.tries {
			all.alive = all.alive || refused(at.err)
		}
	}
	for _, w := range ways {
		w.doors = all
	}
}

// list goes as far as the EHLO that counts, by STARTTLS where it is offered.
func (s *session) list(addr string) (*Listing, *backend.Error) {
	defer s.conn.close()
	defer s.conn.breakOff(s.ctx)()
	s.listing = true
	l := &Listing{Host: s.bare(), Port: s.Port, Address: addr, Backend: s.backendName()}
	if s.security == implicit {
		if err := s.handshake(); err != nil {
			return nil, err
		}
	}
	r, err := s.welcome()
	if err == nil {
		l.Greeting = r.text()
		err = s.hello()
	}
	if err == nil && s.security == upgraded && s.offers.has("STARTTLS") {
		l.Before = s.listed()
		err = s.startTLS()
	}
	s.quit()
	if err != nil {
		return nil, err
	}
	l.Offers = s.listed()
	if s.peer != nil {
		l.TLS = s.shownInTLS()
	}
	return l, nil
}

// backendName is what the configuration calls the session's kind.
func (s *session) backendName() string {
	switch {
	case s.lmtp:
		return "lmtp"
	case s.security == implicit:
		return "tls"
	case s.security == upgraded:
		return "starttls"
	}
	return "plain"
}

func (s *session) listed() *Offers {
	o := &Offers{Mechanisms: s.mechanisms(), Size: s.offers.size()}
	for _, keyword := range slices.Sorted(maps.Keys(s.offers)) {
		means, rfc := meaning(keyword)
		o.Extensions = append(o.Extensions, Extension{keyword, strings.Join(s.offers[keyword], " "), means, rfc})
	}
	return o
}

func (s *session) shownInTLS() *TLSListing {
	chain := s.peer.PeerCertificates
	t := &TLSListing{
		Version: tls.VersionName(s.peer.Version), Cipher: tls.CipherSuiteName(s.peer.CipherSuite), Chain: subjects(chain),
		Names: namesOf(chain[0]), Subject: sanitise(chain[0].Subject.String()), Issuer: sanitise(chain[0].Issuer.String()),
		NotBefore: chain[0].NotBefore, NotAfter: chain[0].NotAfter,
		KeyPin: fingerprint(chain[0].RawSubjectPublicKeyInfo), CertificatePin: fingerprint(chain[0].Raw),
	}
	if s.distrust != nil {
		t.Fault = s.failure(stageHandshake, s.distrust)
	}
	return t
}
