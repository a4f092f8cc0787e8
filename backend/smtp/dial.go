package smtp

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"postern/backend"
)

// connect opens a session that is ready for AUTH or MAIL, at the first address of the host where that works (RFC 5321
// section 5.1). Addresses come in the order of RFC 6724, IPv6 and IPv4.
func (t *transport) connect(ctx context.Context) (*session, *backend.Error) {
	roots := t.loadRoots()
	identity, err := t.clientCertificate()
	if err != nil {
		return nil, err
	}
	addrs, err := t.addresses(ctx)
	if err != nil {
		return nil, err
	}
	var failed []*backend.Error
	for _, addr := range addrs {
		s := &session{transport: t, ctx: ctx, roots: roots, identity: identity}
		err := s.open(addr)
		if err == nil {
			return s, nil
		}
		failed = append(failed, err)
		if !backend.Temporary(err) || ctx.Err() != nil {
			break
		}
	}
	return nil, together(failed, addrs)
}

// addresses are what to dial, as net.Dial takes it; a path for a unix socket.
func (t *transport) addresses(ctx context.Context) ([]string, *backend.Error) {
	if strings.HasPrefix(t.Host, "unix:") {
		return []string{t.Host}, nil
	}
	limit := stageConnect.capped(time.Duration(t.Timeout)).limit
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	hosts, err := net.DefaultResolver.LookupHost(ctx, t.Host)
	if err != nil {
		e := &backend.Error{Kind: backend.Again, Server: t.Host, Stage: "name lookup", Err: err}
		var dns *net.DNSError
		if errors.As(err, &dns) {
			e.Err = errors.New(dns.Err)
			if dns.IsNotFound && !dns.IsTemporary {
				e.Kind = backend.NoHost
			}
		}
		return nil, e
	}
	var addrs []string
	for _, h := range hosts {
		addrs = append(addrs, net.JoinHostPort(h, strconv.Itoa(t.Port)))
	}
	return addrs, nil
}

// dial connects to one address.
func (t *transport) dial(ctx context.Context, addr string) (net.Conn, error) {
	network := "tcp"
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	// net.Dialer sets TCP_NODELAY: a flight is one write, and must not wait for the acknowledgement of the last.
	d := net.Dialer{Timeout: stageConnect.capped(time.Duration(t.Timeout)).limit}
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, &DialError{addr, err}
	}
	return c, nil
}

// together is the last failure, with what went wrong at the addresses before it.
func together(failed []*backend.Error, addrs []string) *backend.Error {
	last := failed[len(failed)-1]
	if len(failed) == 1 {
		return last
	}
	var before []string
	for i, e := range failed[:len(failed)-1] {
		text := withoutServer(e)
		if e.Stage != stageConnect.name { // a DialError names its address itself
			text = addrs[i] + ": " + text
		}
		before = append(before, text)
	}
	all := *last
	all.Err = &earlier{last.Err, strings.Join(before, "; ")}
	return &all
}

// after is the failure of a second attempt, with that of the first. If the server may have the message from the first,
// it still may.
func after(first, second *backend.Error) *backend.Error {
	both := *second
	both.Err = &earlier{second.Err, withoutServer(first)}
	if first.Kind == backend.Uncertain {
		both.Kind = first.Kind
	}
	return &both
}

func withoutServer(e *backend.Error) string {
	short := *e
	short.Server = ""
	return short.Error()
}

// earlier is an error with what went wrong at the addresses tried before.
type earlier struct {
	last error // may be nil
	text string
}

func (e *earlier) Error() string {
	text := "before that, " + e.text
	if e.last != nil {
		text = e.last.Error() + "; " + text
	}
	return text
}

func (e *earlier) Unwrap() error { return e.last }
