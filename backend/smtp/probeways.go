package smtp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"postern/backend"
)

// way is one server, with what came of the connections to each of its addresses.
type way struct {
	server
	found  string // what the SRV records say, where they have named the server, and it is the first of them
	proxy  string
	failed *backend.Error // of the name lookup, or of the proxy
	tries  []try
	doors  doors
}

// try is a connection to one address.
type try struct {
	addr string
	conn net.Conn
	took time.Duration
	err  error
}

// survey connects to all addresses of all servers at once: where the network is dead, nobody waits for one after the
// other. The ways are in the order in which a message would try them.
func (p *prober) survey() (all []*way) {
	found := make([][]*way, len(p.servers))
	var running sync.WaitGroup
	for i, to := range p.servers {
		running.Go(func() { found[i] = p.waysTo(to) })
	}
	running.Wait()
	for _, ways := range found {
		all = append(all, ways...)
	}
	return all
}

// waysTo is a host of the account's, or what the DNS says of a domain.
func (p *prober) waysTo(to server) []*way {
	if to.domain == "" {
		w := &way{server: to}
		p.connect(w)
		return []*way{w}
	}
	servers, err := p.discover(p.ctx, to)
	if err != nil {
		return []*way{{server: to, failed: err}}
	}
	var ways []*way
	var names []string
	var running sync.WaitGroup
	for _, s := range servers {
		w := &way{server: s}
		names = append(names, fmt.Sprintf("%s:%d", s.Host, s.Port))
		ways = append(ways, w)
		running.Go(func() { p.connect(w) })
	}
	running.Wait()
	ways[0].found = to.Host + ": " + strings.Join(names, ", ")
	return ways
}

// connect connects to each address of a server. Where none lets it in, it looks what else of the server answers.
func (p *prober) connect(w *way) {
	dial, addrs, err := p.ways(p.ctx, w.server)
	if err != nil {
		w.failed = err
		return
	}
	if through, _ := p.proxyTo(w.server); through != nil && !w.socket {
		w.proxy = through.kind + " " + through.at.Host
	}
	if p.dial != nil {
		dial = p.dial
	}
	w.tries = make([]try, len(addrs))
	var running sync.WaitGroup
	for i, addr := range addrs {
		running.Go(func() { w.tries[i] = dialTimed(p.ctx, dial, addr) })
	}
	running.Wait()
	if p.knocks && !w.works() && w.proxy == "" && !w.socket && !p.lmtp && p.ctx.Err() == nil {
		p.knock(w, dial)
	}
}

func dialTimed(ctx context.Context, dial dialFunc, addr string) try {
	begun := time.Now()
	c, err := dial(ctx, addr)
	return try{addr, c, time.Since(begun), err}
}

// works tells whether an address could be connected to.
func (w *way) works() bool {
	for _, t := range w.tries {
		if t.conn != nil {
			return true
		}
	}
	return false
}

// close ends the connections that nobody has used.
func (w *way) close() {
	for _, t := range w.tries {
		if t.conn != nil {
			t.conn.Close()
		}
	}
}

// reached tells of the lookup and the connections, and whether one of them is there.
func (p *prober) reached(w *way) bool {
	if w.found != "" {
		p.done("SRV", nil, backend.Step{Text: w.found})
	}
	if w.failed != nil {
		name := "DNS"
		if w.failed.Stage != stageLookup {
			name = "proxy"
		}
		return p.done(name, w.failed, backend.Step{})
	}
	if w.proxy != "" {
		p.done("proxy", nil, backend.Step{Text: w.proxy + ", which looks names up", Facts: map[string]any{"proxy": w.proxy}})
	} else if _, err := netip.ParseAddr(w.name); err != nil && !w.socket {
		p.done("DNS", nil, w.lookedUp())
	}
	works := w.works()
	for _, t := range w.tries {
		p.connected(w, t, works)
	}
	return works
}

// lookedUp is what the DNS says of a host.
func (w *way) lookedUp() backend.Step {
	var addrs []string
	var families [2]bool
	for _, t := range w.tries {
		host, _, _ := net.SplitHostPort(t.addr)
		addrs = append(addrs, host)
		families[min(strings.Count(host, ":"), 1)] = true
	}
	family := "IPv4 and IPv6"
	if families[0] != families[1] {
		family = "IPv4 alone"
		if families[1] {
			family = "IPv6 alone"
		}
	}
	return backend.Step{Text: fmt.Sprintf("%s: %s (%s)", w.bare(), strings.Join(addrs, ", "), family), Facts: map[string]any{"host": w.bare(), "addresses": addrs}}
}

// connected tells of one address. One that doesn't work is no failure where another does: a message goes there.
func (p *prober) connected(w *way, t try, works bool) {
	if t.conn != nil {
		ms := t.took.Milliseconds()
		p.done(stageConnect.name, nil, backend.Step{Text: fmt.Sprintf("%s in %d ms", t.addr, ms), Facts: map[string]any{"address": t.addr, "ms": ms}})
		return
	}
	err := p.unreached(w, t)
	step := backend.Step{Name: stageConnect.name, Facts: map[string]any{"address": t.addr}}
	switch {
	case works && strings.HasPrefix(t.addr, "[") && noRoute(t.err):
		step.Verdict, step.Text = backend.Skipped, t.addr+": this machine has no IPv6 that leads there"
		p.tell(step)
	case works:
		step.Verdict, step.Err, step.Text = backend.Noted, err, withoutServer(err)
		step.Advice = "another address of " + w.bare() + " works, after a wait for this one"
		p.tell(step)
	default:
		p.done(stageConnect.name, err, step)
	}
}

// unreached is the failure of an address.
func (p *prober) unreached(w *way, t try) *backend.Error {
	if p.ctx.Err() != nil {
		return &backend.Error{Kind: backend.Again, Server: w.Host, Stage: stageConnect.name, Err: interruption(p.ctx)}
	}
	err := unreachable(w.server, &DialError{t.addr, t.err})
	if w.doors.asked {
		err.Err = &ReachError{Host: w.bare(), Port: w.Port, NoRoute: noRoute(t.err), Blocked: blocked(t.err), Forbidden: forbidden(t.err), Alive: w.doors.alive, Open: w.doors.open, Err: err.Err}
	}
	return err
}
