package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"postern/backend"
)

// connect opens a session that is ready for AUTH or MAIL, with the first of the account's servers that lets us so far.
// The next one's turn comes before either has begun, and never later.
func (t *transport) connect(ctx context.Context) (*session, *backend.Error) {
	blank := session{transport: t, ctx: ctx, roots: t.loadRoots()}
	var err *backend.Error
	if blank.identity, err = t.clientCertificate(ctx); err != nil {
		return nil, err
	}
	var failed []*backend.Error
	for queue := t.servers; len(queue) > 0; {
		to := queue[0]
		queue = queue[1:]
		if to.domain != "" {
			var found []server
			if found, err = t.discover(ctx, to); err == nil {
				queue = slices.Concat(found, queue)
				continue
			}
		} else {
			var s *session
			if s, err = t.reach(ctx, to, blank); err == nil {
				return s, nil
			}
		}
		failed = append(failed, err)
		if ctx.Err() != nil || !passesOn(err) {
			break
		}
		if len(queue) > 0 {
			t.dialogue().note("%v; the next host is %s", err, queue[0].Host)
		}
	}
	return nil, noServer(failed)
}

// passesOn tells whether the next server may be tried after a failure before AUTH: where the failure is for now, and
// where TLS could not be had or a proxy won't connect, which says nothing about the next server. That one is held to
// the same policy.
func passesOn(e *backend.Error) bool {
	proxy := strings.HasPrefix(e.Stage, stageProxy) && e.Kind == backend.Refused
	return backend.Temporary(e) || e.Stage == stageHandshake.name || e.Stage == stageSTARTTLS.name || proxy
}

// noServer is the last failure, with those of the servers before it. It is for now when one of them is, unless it is
// the account that lacks something.
func noServer(failed []*backend.Error) *backend.Error {
	last := failed[len(failed)-1]
	kind := last.Kind
	var before []string
	for _, e := range failed[:len(failed)-1] {
		before = append(before, e.Error())
		if e.Kind == backend.Again && kind != backend.Config {
			kind = e.Kind
		}
	}
	last = withEarlier(last, before)
	last.Kind = kind
	return last
}

// reach opens a session with one server, at the first of its addresses where that works (RFC 5321 section 5.1). blank
// is the session as it is before that.
func (t *transport) reach(ctx context.Context, to server, blank session) (*session, *backend.Error) {
	dial, addrs, err := t.ways(ctx, to)
	if err != nil {
		return nil, err
	}
	var last *backend.Error
	var told, before []string // what the failures say
	fail := func(addr string, e *backend.Error) {
		text := withoutServer(e)
		if e.Stage != stageConnect.name { // a DialError names its address itself
			text = addr + ": " + text
		}
		last, before, told = e, told, append(told, text)
	}
	for len(addrs) > 0 {
		c, winner, lost := race(ctx, addrs, dial)
		if c == nil && ctx.Err() != nil {
			return nil, &backend.Error{Kind: backend.Again, Server: to.Host, Stage: stageConnect.name, Err: interruption(ctx)}
		}
		for _, l := range lost {
			t.dialogue().note("%v", l)
			fail(l.Addr, unreachable(to, l))
		}
		if c == nil {
			break
		}
		s := blank
		s.server = to
		err := s.open(c, winner)
		if err == nil {
			return &s, nil
		}
		fail(winner, err)
		if !backend.Temporary(err) || ctx.Err() != nil {
			break
		}
		addrs = slices.DeleteFunc(addrs, func(addr string) bool {
			return addr == winner || slices.ContainsFunc(lost, func(l *DialError) bool { return l.Addr == addr })
		})
	}
	return nil, withEarlier(last, before)
}

// unreachable makes the error of an address that can't be connected to; a proxy has one of its own.
func unreachable(to server, err *DialError) *backend.Error {
	var refused *backend.Error
	if errors.As(err.Err, &refused) {
		return refused
	}
	return &backend.Error{Kind: backend.Again, Server: to.Host, Stage: stageConnect.name, Err: err}
}

// dialFunc connects to one address.
type dialFunc func(ctx context.Context, addr string) (net.Conn, error)

// ways are the addresses of a server, and what connects to them.
func (t *transport) ways(ctx context.Context, to server) (dialFunc, []string, *backend.Error) {
	if to.socket {
		return t.dialer("unix"), []string{to.name}, nil
	}
	p, err := t.proxyTo(to)
	if err != nil {
		return nil, nil, err
	}
	if p != nil { // the name is the proxy's to look up
		return func(ctx context.Context, addr string) (net.Conn, error) { return p.dial(ctx, t, to, addr) },
			[]string{net.JoinHostPort(to.name, strconv.Itoa(to.Port))}, nil
	}
	addrs, err := t.lookup(ctx, to)
	return t.dialer("tcp"), addrs, err
}

// lookup gives the addresses of a server with its port, in the order to try them: that of RFC 6724, the families in
// turn.
func (t *transport) lookup(ctx context.Context, to server) ([]string, *backend.Error) {
	ctx, cancel := context.WithTimeout(ctx, t.connectLimit())
	defer cancel()
	hosts, err := net.DefaultResolver.LookupNetIP(ctx, "ip", to.name)
	if err != nil {
		return nil, lookupError(to.Host, "", err)
	}
	for i, h := range hosts {
		hosts[i] = h.Unmap()
	}
	if source, err := netip.ParseAddr(t.Source); err == nil {
		hosts = slices.DeleteFunc(hosts, func(h netip.Addr) bool { return h.Is4() != source.Is4() })
		if len(hosts) == 0 {
			err := fmt.Errorf("no address of the family of source, %s", source)
			return nil, &backend.Error{Kind: backend.NoHost, Server: to.Host, Stage: stageLookup, Err: err}
		}
	}
	var addrs []string
	for _, h := range interlaced(hosts) {
		addrs = append(addrs, net.JoinHostPort(h.String(), strconv.Itoa(to.Port)))
	}
	return addrs, nil
}

// dialer connects without a proxy, from the account's source.
func (t *transport) dialer(network string) dialFunc {
	// net.Dialer sets TCP_NODELAY: a flight is one write, and must not wait for the acknowledgement of the last.
	d := net.Dialer{Timeout: t.connectLimit()}
	if source, err := netip.ParseAddr(t.Source); err == nil {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	return func(ctx context.Context, addr string) (net.Conn, error) { return d.DialContext(ctx, network, addr) }
}
