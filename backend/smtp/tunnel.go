package smtp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"

	netproxy "golang.org/x/net/proxy"

	"postern/backend"
)

// tunnel is a connection through a proxy. Its other end is the server, wherever the proxy may be: what goes through one
// on this machine doesn't stay on it.
type tunnel struct {
	net.Conn
	proxy *proxy
	addr  string
}

func (t *tunnel) RemoteAddr() net.Addr { return beyond(t.addr) }

// beyond is an address behind a proxy.
type beyond string

func (b beyond) Network() string { return "tcp" }

func (b beyond) String() string { return string(b) }

// stageProxy begins the stage of what a proxy does, and goes on with where it is.
const stageProxy = "proxy "

// dial connects to addr, which is one of a server's, through the proxy.
func (p *proxy) dial(ctx context.Context, t *transport, to server, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*t.connectLimit()) // to reach the proxy, and for the proxy to reach the server
	defer cancel()
	failed := &backend.Error{Kind: backend.Again, Server: to.Host, Stage: stageProxy + p.at.Host}
	addrs, e := t.lookup(ctx, p.at)
	if e != nil {
		failed.Kind, failed.Err = e.Kind, errors.New(withoutServer(e))
		return nil, failed
	}
	c, _, lost := race(ctx, addrs, t.dialer("tcp"))
	if c == nil {
		failed.Err = lost[len(lost)-1]
		return nil, failed
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	failed.Kind, failed.Err = p.ask(c, addr)
	if !stop() && ctx.Err() != nil {
		failed.Kind, failed.Err = backend.Again, errors.New("no answer in time")
	}
	if failed.Err != nil {
		c.Close()
		return nil, failed
	}
	return &tunnel{c, p, addr}, nil
}

// ask has the proxy connect to addr.
func (p *proxy) ask(c net.Conn, addr string) (kind backend.Kind, err error) {
	if p.kind == "http" {
		kind, err = p.askHTTP(c, addr)
	} else {
		kind, err = p.askSOCKS(c, addr)
	}
	if isLost(err) {
		err = errors.New("the connection was lost")
	}
	return kind, err
}

// askSOCKS speaks SOCKS 5 (RFC 1928) on a connection.
func (p *proxy) askSOCKS(c net.Conn, addr string) (backend.Kind, error) {
	var auth *netproxy.Auth
	if p.user != "" {
		auth = &netproxy.Auth{User: p.user, Password: p.password} // RFC 1929
	}
	d, err := netproxy.SOCKS5("tcp", p.at.Host, auth, made{c})
	if err != nil {
		return backend.Config, err
	}
	_, err = d.Dial("tcp", addr)
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	if err == nil {
		return 0, nil
	}
	switch text := strings.TrimPrefix(err.Error(), "unknown error "); {
	case strings.Contains(text, "authentication"):
		return backend.Denied, err
	case strings.Contains(text, "not allowed"):
		return backend.Refused, errors.New(text)
	case strings.HasPrefix(text, "unexpected protocol version"):
		return backend.Protocol, errors.New("this is no SOCKS proxy")
	case text != err.Error():
		return backend.Again, errors.New(text)
	}
	return backend.Again, err
}

// made is a connection that is there already, for what wants to make one.
type made struct{ net.Conn }

func (m made) Dial(string, string) (net.Conn, error) { return m.Conn, nil }

// maxProxyReply bounds what an HTTP proxy says before the connection is the server's.
const maxProxyReply = 16 << 10

// askHTTP has an HTTP proxy connect (RFC 9110 section 9.3.6).
func (p *proxy) askHTTP(c net.Conn, addr string) (backend.Kind, error) {
	request := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	basic := base64.StdEncoding.EncodeToString([]byte(p.user + ":" + p.password)) // RFC 7617
	if p.user != "" {
		request += "Proxy-Authorization: Basic " + basic + "\r\n"
	}
	if _, err := io.WriteString(c, request+"\r\n"); err != nil {
		return backend.Again, err
	}
	// An octet at a time: what follows the reply is the server's.
	var head []byte
	for octet := make([]byte, 1); !bytes.HasSuffix(head, []byte("\n\r\n")) && !bytes.HasSuffix(head, []byte("\n\n")); {
		if len(head) == maxProxyReply || !strings.HasPrefix("HTTP/1.", string(head[:min(len(head), 7)])) {
			return backend.Protocol, errors.New("this is no HTTP proxy")
		}
		if _, err := io.ReadFull(c, octet); err != nil {
			return backend.Again, err
		}
		head = append(head, octet[0])
	}
	line, _, _ := strings.Cut(string(head), "\n")
	_, status, _ := strings.Cut(strings.TrimSpace(line), " ")
	code, reason, _ := strings.Cut(status, " ")
	if len(code) == 3 && code[0] == '2' {
		return 0, nil
	}
	var ours masks // a reply may quote the request
	ours.keep(sanitise(p.password))
	ours.keep(basic)
	err := errors.New(ours.hide(sanitise(strings.TrimSpace(code + " " + reason))))
	switch code {
	case "407":
		return backend.Denied, err
	case "400", "403", "405":
		return backend.Refused, err
	}
	return backend.Again, err
}
