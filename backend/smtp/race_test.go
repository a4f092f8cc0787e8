package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// runner is an address in a race: what comes of connecting to it, and after which time.
type runner struct {
	after  time.Duration
	err    error
	sticks bool // it doesn't hear that it should give up
}

// counted is a connection that tells when it is closed.
type counted struct {
	net.Conn
	close func()
}

func (c counted) Close() error { c.close(); return nil }

// TestRace has races of addresses, on a clock of their own.
func TestRace(t *testing.T) {
	refused := errors.New("refused")
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		runners []runner
		want    string // the winner, the errors, when each has started, when it was over
		closed  int
	}{
		{"one", []runner{{after: 40 * ms}}, "a, [], a@0s, 40ms", 0},
		{"the first is fast", []runner{{after: 249 * ms}, {}}, "a, [], a@0s, 249ms", 0},
		{"the first is slow", []runner{{after: 400 * ms}, {after: 10 * ms}}, "b, [], a@0s b@250ms, 260ms", 0},
		{"the first is slow and wins", []runner{{after: 400 * ms}, {after: 300 * ms}}, "a, [], a@0s b@250ms, 400ms", 0},
		{"the first fails at once", []runner{{err: refused}, {after: 10 * ms}, {}}, "b, [a: refused], a@0s b@0s, 10ms", 0},
		{"one fails in the head start of another", []runner{{after: 300 * ms, err: refused}, {after: 900 * ms}, {after: 10 * ms}}, "c, [a: refused], a@0s b@250ms c@300ms, 310ms", 0},
		{"the others go nowhere", []runner{{after: time.Hour}, {after: time.Hour}, {after: time.Hour}, {after: 5 * ms}}, "d, [], a@0s b@250ms c@500ms d@750ms, 755ms", 0},
		{"all fail", []runner{{after: 300 * ms, err: refused}, {after: 10 * ms, err: refused}}, ", [a: refused b: refused], a@0s b@250ms, 300ms", 0},
		{"the loser connects all the same", []runner{{after: 300 * ms, sticks: true}, {after: 10 * ms}}, "b, [], a@0s b@250ms, 300ms", 1},
		{"cancelled", []runner{{after: 3 * time.Hour}, {after: 3 * time.Hour}}, ", [a: context canceled b: context canceled], a@0s b@250ms, 2h0m0s", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(2*time.Hour, cancel)
				begun := time.Now()
				var mu sync.Mutex
				var starts []string
				closed := 0
				var addrs []string
				for i := range c.runners {
					addrs = append(addrs, string(rune('a'+i)))
				}
				won, winner, failed := race(ctx, addrs, func(ctx context.Context, addr string) (net.Conn, error) {
					mu.Lock()
					starts = append(starts, fmt.Sprintf("%s@%v", addr, time.Since(begun)))
					mu.Unlock()
					r := c.runners[addr[0]-'a']
					if r.sticks {
						ctx = context.Background()
					}
					select {
					case <-time.After(r.after):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					if r.err != nil {
						return nil, r.err
					}
					return counted{close: func() { closed++ }}, nil
				})
				if got := fmt.Sprintf("%s, %v, %s, %v", winner, failed, strings.Join(starts, " "), time.Since(begun)); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				if (won != nil) != (winner != "") || closed != c.closed {
					t.Errorf("the winner is %v, and %d are closed", won, closed)
				}
			})
		})
	}
}
