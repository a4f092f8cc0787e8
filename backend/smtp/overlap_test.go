package smtp

import (
	"fmt"
	"net"
	"testing"

	"postern/backend"
)

// pairs are the ways to connect; in a pipe nothing is kept: what is said waits until it is read.
var pairs = map[string]func(*testing.T) (client, server net.Conn){
	"tcp":   func(t *testing.T) (client, server net.Conn) { return tcpPair(t, 0) },
	"small": func(t *testing.T) (client, server net.Conn) { return tcpPair(t, 16<<10) },
	"pipe":  func(*testing.T) (client, server net.Conn) { return net.Pipe() },
}

// TestManyRecipients: neither side waits for the other to read, however many replies are on their way.
func TestManyRecipients(t *testing.T) {
	const recipients = 10000
	for name, pair := range pairs {
		for _, offers := range [][]string{{"LIMITS RCPTMAX=10000", "PIPELINING"}, {"LIMITS RCPTMAX=10000", "PIPELINING", "CHUNKING"}} {
			t.Run(name+"/"+offers[len(offers)-1], func(t *testing.T) {
				client, server := pair(t)
				h := &taker{offers: offers}
				s, ended := h.call(t, client, server, keys{})
				allTaken(t, post(t, s, 1, 60<<10, recipients), 1, recipients)
				<-ended
				if h.rcpts != recipients {
					t.Errorf("%d recipients", h.rcpts)
				}
				h.complete(t, 1, 60<<10)
			})
		}
	}
}

// TestOneFlight: with CHUNKING a small message leaves together with its envelope, however many its recipients are. The
// server says nothing to the envelope's end before it has the message.
func TestOneFlight(t *testing.T) {
	const recipients = 10000
	client, server := tcpPair(t, 0)
	h := &taker{offers: []string{"LIMITS RCPTMAX=10000", "PIPELINING", "CHUNKING"}, keep: 1}
	s, ended := h.call(t, client, server, keys{})
	allTaken(t, post(t, s, 1, 60<<10, recipients), 1, recipients)
	<-ended
	h.complete(t, 1, 60<<10)
}

// TestRefusedOnTheWay: a long message stops when its only recipient is refused.
func TestRefusedOnTheWay(t *testing.T) {
	const size = 50 << 20
	client, server := net.Pipe()
	h := &taker{offers: []string{"PIPELINING", "CHUNKING"}, refuse: "to0@example.org"}
	s, ended := h.call(t, client, server, keys{})
	fates := post(t, s, 1, size, 1)
	<-ended
	if len(fates) != 1 || len(fates[0]) != 2 || fates[0][0].Err == nil || backend.Temporary(fates[0][0].Err) {
		t.Errorf("fates %v", fates)
	}
	if h.octets > size/2 || len(h.messages) > 0 {
		t.Errorf("the server got %d octets of %d", h.octets, size)
	}
}

// TestLongOnesInTurn: what follows a long chunk waits for its end, though the replies to its envelope come before that.
func TestLongOnesInTurn(t *testing.T) {
	for _, name := range []string{"tcp", "pipe"} {
		for _, recipients := range []int{1, 3} {
			for _, offers := range [][]string{{"PIPELINING"}, {"PIPELINING", "CHUNKING"}, {"CHUNKING"}} {
				t.Run(fmt.Sprint(name, recipients, offers), func(t *testing.T) {
					const n, size = 3, 1 << 20
					client, server := pairs[name](t)
					h := &taker{offers: offers}
					s, ended := h.call(t, client, server, keys{})
					allTaken(t, post(t, s, n, size, recipients), n, recipients)
					<-ended
					h.complete(t, n, size)
				})
			}
		}
	}
}

// TestKeptFlights counts the flights of 300 messages on one connection, EHLO's included: with DATA one for each message,
// with CHUNKING one for a whole window.
func TestKeptFlights(t *testing.T) {
	const n = 300
	for _, c := range []struct {
		name   string
		offers []string
		keep   int
		want   int
	}{
		{"DATA", []string{"PIPELINING"}, 0, 1 + 1 + n},
		{"BDAT", []string{"PIPELINING", "CHUNKING"}, maxWindow, 1 + 1 + (n+maxWindow-1)/maxWindow},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, server := tcpPair(t, 0)
			h := &taker{offers: c.offers, keep: c.keep}
			count := &flights{Conn: client}
			s, ended := h.call(t, count, server, keys{})
			allTaken(t, post(t, s, n, 100, 1), n, 1)
			<-ended
			h.complete(t, n, 100)
			if count.flights != c.want {
				t.Errorf("%d flights, want %d", count.flights, c.want)
			}
		})
	}
}
