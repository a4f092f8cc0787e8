package smtp

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// headStart is how long an address has before the next one is tried as well (RFC 8305 section 5).
const headStart = 250 * time.Millisecond

// interlaced puts addresses of both families in turn, so that one that doesn't work costs a head start and no more
// (RFC 8305 section 4). The first stays first.
func interlaced(addrs []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr
	for _, addr := range addrs {
		family := 0
		if addr.Is4() != addrs[0].Is4() {
			family = 1
		}
		families[family] = append(families[family], addr)
	}
	mixed := make([]netip.Addr, 0, len(addrs))
	for i := 0; len(mixed) < len(addrs); i++ {
		for _, family := range families {
			if i < len(family) {
				mixed = append(mixed, family[i])
			}
		}
	}
	return mixed
}

// race connects to the addresses by turns, each a head start after the one before it, or at once when that has failed.
// The first connection wins, and the others are given up and closed. failed are the errors, in the order of the
// addresses; an address that is given up has none.
func race(ctx context.Context, addrs []string, dial func(context.Context, string) (net.Conn, error)) (c net.Conn, winner string, failed []*DialError) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type finish struct {
		runner int
		c      net.Conn
		err    error
	}
	finishes := make(chan finish)
	started, running := 0, 0
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	start := func() {
		if started == len(addrs) {
			return
		}
		runner := started
		started, running = started+1, running+1
		timer.Reset(headStart)
		go func() {
			c, err := dial(ctx, addrs[runner])
			finishes <- finish{runner, c, err}
		}()
	}
	lost := make([]error, len(addrs))
	for start(); running > 0; {
		select {
		case <-timer.C:
			start()
		case f := <-finishes:
			running--
			switch {
			case f.err == nil && c == nil:
				c, winner, started = f.c, addrs[f.runner], len(addrs)
				cancel()
			case f.err == nil:
				f.c.Close()
			case c == nil:
				lost[f.runner] = f.err
				start()
			}
		}
	}
	for i, err := range lost {
		if err != nil {
			failed = append(failed, &DialError{addrs[i], err})
		}
	}
	return c, winner, failed
}
