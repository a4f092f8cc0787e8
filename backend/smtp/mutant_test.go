package smtp_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// manners are how a mutant plays. Each has the mutations of those before it.
type manners int

const (
	harmless manners = iota // replies are split, merged, late and of more lines
	honest                  // it refuses, and the connection stalls or ends anywhere: what it says is still so
	lying                   // replies are dropped, doubled, swapped, changed, too early, or have octets in them
)

// mutant is a server that keeps to the protocol but for some mutations of its replies.
type mutant struct {
	net.Listener
	seed    uint64
	manners manners
	lmtp    bool
	offers  []string
	over    chan struct{} // the client is through
	wg      sync.WaitGroup
	calls   []*call
}

// call is one connection, and what came of it.
type call struct {
	*net.TCPConn
	m      *mutant
	r      *bufio.Reader
	rng    *rand.Rand
	budget int // mutations that are left
	read   int // octets
	actAt  int // where in them something happens that no reply brings about; -1 for nowhere

	out      []byte // all that was said
	kept     string // to be said with the next reply
	later    string // behind it
	line     int    // where the line begins that is not said whole
	answered int    // replies, by their last lines
	asked    int    // questions, the greeting's included
	surplus  bool   // more was answered than asked
	mail     bool
	rcpts    []string // accepted
	held     []*held
}

// held is a message, or the beginning of one.
type held struct {
	rcpts   []string
	body    []byte
	whole   bool
	at      int  // how many octets the server had said when it had read the last one
	surplus bool // at that time
}

func startMutant(seed uint64, rng *rand.Rand) (*mutant, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &mutant{Listener: l, seed: seed, manners: manners(rng.IntN(3)), lmtp: rng.IntN(4) == 0, over: make(chan struct{})}
	for _, o := range []string{"PIPELINING", "CHUNKING", "SIZE"} {
		if rng.IntN(3) > 0 {
			m.offers = append(m.offers, o)
		}
	}
	m.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := uint64(len(m.calls))
			s := &call{TCPConn: c.(*net.TCPConn), m: m, rng: rand.New(rand.NewPCG(seed, n+1)), actAt: -1}
			s.budget = s.rng.IntN(4)
			if m.manners > harmless && s.rng.IntN(4) == 0 {
				s.actAt = s.rng.IntN(400) * (1 + s.rng.IntN(2)*s.rng.IntN(2000))
			}
			s.r = bufio.NewReader(reading{s})
			m.calls = append(m.calls, s)
			m.wg.Go(s.serve)
		}
	})
	return m, nil
}

// end waits for the server's end; the client is through.
func (m *mutant) end() {
	close(m.over)
	m.Listener.Close()
	m.wg.Wait()
}

// reading has something happen when so many octets were read.
type reading struct{ *call }

func (c reading) Read(p []byte) (int, error) {
	if left := c.actAt - c.read; left == 0 {
		c.actAt = -1
		c.act()
	} else if left > 0 {
		p = p[:min(len(p), left)]
	}
	n, err := c.TCPConn.Read(p)
	c.call.read += n
	return n, err
}

// act is what happens in the midst of what the client says.
func (c *call) act() {
	kinds := 4
	if c.m.manners == lying {
		kinds = 6
	}
	switch c.rng.IntN(kinds) {
	case 0:
		c.TCPConn.Close()
	case 1:
		c.reset()
	case 2:
		c.CloseWrite()
	case 3:
		<-c.m.over
	case 4:
		c.put("250 early\r\n")
	case 5:
		c.put("552 early\r\n")
	}
}

func (c *call) reset() {
	c.SetLinger(0)
	c.TCPConn.Close()
}

func (c *call) serve() {
	defer c.TCPConn.Close()
	c.SetDeadline(time.Now().Add(bound))
	c.asked = 1
	c.say("220", "hi")
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		c.asked++
		verb, arg, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), " ")
		switch verb {
		case "EHLO", "LHLO":
			c.put("250-mail.example.org\r\n")
			for _, o := range c.m.offers {
				c.put("250-" + o + "\r\n")
			}
			c.say("250", "8BITMIME")
		case "RSET":
			c.mail, c.rcpts = false, nil
			c.say("250", "reset")
		case "MAIL":
			c.rcpts = nil
			code := c.decide("250")
			c.mail = code[0] == '2'
			c.say(code, "sender")
		case "RCPT":
			code := "503"
			if c.mail {
				code = c.decide("250")
			}
			if code[0] == '2' {
				c.rcpts = append(c.rcpts, arg[len("TO:<"):strings.IndexByte(arg, '>')])
			}
			c.say(code, arg)
		case "DATA":
			code := "503"
			if c.mail && len(c.rcpts) > 0 {
				code = c.decide("354")
			}
			c.say(code, "data")
			if code == "354" && !c.data() {
				return
			}
		case "BDAT":
			if !c.chunk(arg) {
				return
			}
		case "QUIT":
			c.say("221", "bye")
			return
		default:
			c.say("500", "what?")
		}
	}
}

// data reads a message to its dot.
func (c *call) data() (ok bool) {
	h := c.hold()
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			h.body, h.surplus = append(h.body, strings.TrimPrefix(line, ".")...), c.surplus
			return false
		}
		if line == ".\r\n" {
			break
		}
		h.body = append(h.body, strings.TrimPrefix(line, ".")...)
	}
	c.asked++
	c.got(h)
	return true
}

// chunk reads a message by BDAT.
func (c *call) chunk(arg string) (ok bool) {
	size, err := strconv.Atoi(strings.TrimSuffix(arg, " LAST"))
	if err != nil {
		return false
	}
	h := &held{}
	if c.mail && len(c.rcpts) > 0 {
		h = c.hold()
	}
	h.body = make([]byte, size)
	n, err := io.ReadFull(c.r, h.body)
	if h.body = h.body[:n]; err != nil {
		h.surplus = c.surplus
		return false
	}
	if len(h.rcpts) == 0 {
		c.say("503", "nobody")
		return true
	}
	c.got(h)
	return true
}

func (c *call) hold() *held {
	h := &held{rcpts: c.rcpts}
	c.held = append(c.held, h)
	return h
}

// got answers a message that is there.
func (c *call) got(h *held) {
	h.whole, h.at, h.surplus = true, len(c.out), c.surplus || c.answered >= c.asked
	c.mail, c.rcpts = false, nil
	if !c.m.lmtp {
		c.say(c.decide("250"), "message")
		return
	}
	c.asked += len(h.rcpts) - 1
	for _, to := range h.rcpts {
		c.say(c.decide("250"), to)
	}
}

func (m *mutant) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "manners %d, lmtp %v, %v\n", m.manners, m.lmtp, m.offers)
	for i, c := range m.calls {
		fmt.Fprintf(&b, "call %d read %d: %q\n", i, c.read, c.out)
	}
	return b.String()
}
