package smtp

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
)

// usualPorts are the ports that mail is handed in at, the best first.
var usualPorts = [...]int{465, 587, 25}

// maxKnocked bounds how many addresses of a server are tried at other ports.
const maxKnocked = 4

// ReachError is a server that could be connected to at none of its addresses, with what else of it answers.
type ReachError struct {
	Host      string
	Port      int
	Blocked   bool  // nothing came back, or word that nothing gets there, as against a refusal
	Forbidden bool  // by this machine itself
	NoRoute   bool  // this machine's network leads nowhere near it
	Alive     bool  // the host answers elsewhere, if only with refusals
	Open      []int // the usual ports that can be connected to
	Err       error // of one address
}

func (e *ReachError) Error() string { return e.Err.Error() }

func (e *ReachError) Unwrap() error { return e.Err }

// doors are what came of knocking at a server's other ports.
type doors struct {
	asked bool
	alive bool
	open  []int
}

// knock tries the usual ports that the account doesn't have: a port that says nothing while another answers is blocked on
// the way, and nobody is at home where none does.
func (p *prober) knock(w *way, dial dialFunc) {
	w.doors.asked = true
	ctx, cancel := context.WithTimeout(p.ctx, probePort)
	defer cancel()
	var running sync.WaitGroup
	var mu sync.Mutex
	open := map[int]bool{}
	for _, t := range w.tries[:min(len(w.tries), maxKnocked)] {
		if refused(t.err) {
			w.doors.alive = true
		}
		host, _, err := net.SplitHostPort(t.addr)
		if err != nil {
			continue
		}
		for _, port := range usualPorts {
			if port == w.Port {
				continue
			}
			running.Go(func() {
				c, err := dial(ctx, net.JoinHostPort(host, strconv.Itoa(port)))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					c.Close()
					open[port] = true
				}
				w.doors.alive = w.doors.alive || err == nil || refused(err)
			})
		}
	}
	running.Wait()
	for _, port := range usualPorts {
		if open[port] {
			w.doors.open = append(w.doors.open, port)
		}
	}
}

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// noRoute tells whether this machine can't send anything there at all. EINVAL is a route into a black hole.
func noRoute(err error) bool {
	return isAny(err, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT, syscall.EINVAL)
}

// blocked tells whether nothing gets to the port: no answer comes, or that of a router, of a firewall, or of the local
// network, where a host that is down answers nobody who asks for it.
func blocked(err error) bool {
	return isTimeout(err) || errors.Is(err, syscall.EHOSTUNREACH) || forbidden(err)
}

// forbidden tells whether a rule of this machine is in the way.
func forbidden(err error) bool { return isAny(err, syscall.EACCES, syscall.EPERM) }

func isAny(err error, those ...error) bool {
	return slices.ContainsFunc(those, func(one error) bool { return errors.Is(err, one) })
}
