package smtp

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// conn is the connection with its two doors: launch takes every command and every message out (flight.go), receive
// takes every reply in. The dialogue and the limits are there and nowhere else.
//
// A long flight leaves by a writer of its own while its replies are read, since a server may stop reading until we do.
// Everything else happens in the goroutine of the exchange.
type conn struct {
	net      net.Conn
	r        *bufio.Reader
	dialogue dialogue
	cap      time.Duration // the account's timeout, or 0
	masks    masks         // what must not be shown, should the server say it
	answered int           // replies that were read

	mu      sync.Mutex
	changed sync.Cond
	asked   int   // questions handed to the connection, which the server may have answered; the greeting is the first
	gone    int   // those that have left for certain
	writing bool  // a writer is at work
	holding bool  // and waits for receive to tell that the server has said nothing
	peeking bool  // receive waits for the writer or for the server
	closed  bool  // no more is to be written
	settles bool  // a message has left whole, and its reply is still to come
	failed  error // what ended the last flight early
}

func newConn(c net.Conn, d dialogue, limit time.Duration) *conn {
	n := &conn{net: c, r: bufio.NewReaderSize(c, maxChallengeLine), dialogue: d, cap: limit, asked: 1, gone: 1}
	n.changed.L = &n.mu
	return n
}

// upgrade goes on over c, which is the old connection with TLS around it.
func (c *conn) upgrade(over net.Conn) {
	c.net = over
	c.r.Reset(over)
}

// unasked is a reply that came before anything was asked.
type unasked struct{ reply }

func (u unasked) Error() string { return "a reply before anything was asked" }

// readError is a failure to read our own message, as against one of the connection.
type readError struct{ error }

// grace is how long the reply to a message that has left whole is waited for when the exchange is cancelled: without it
// the message would have to be sent once more.
const grace = 10 * time.Second

// breakOff ends the connection wherever it is when ctx is cancelled, until stop is called: without the dot nothing is
// delivered.
func (c *conn) breakOff(ctx context.Context) (stop func() bool) {
	raw := c.net // TLS around it may come later
	return context.AfterFunc(ctx, func() {
		c.mu.Lock()
		settles := c.settles
		c.mu.Unlock()
		if settles {
			time.AfterFunc(grace, func() { raw.Close() })
		} else {
			raw.Close()
		}
	})
}

// settle notes whether a message has left whole whose reply is still to come.
func (c *conn) settle(waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settles = waits
}

// inStep tells whether all replies are read, where all that was asked is answered. One that is there already would be
// taken for the answer to the next command, and so would each that follows for the one before its own.
func (c *conn) inStep() error {
	if c.answered < c.asked || c.r.Buffered() == 0 {
		return nil
	}
	r, err := c.read(stageLate)
	if err != nil {
		return err
	}
	return unasked{r}
}

// receive is the door in: it reads one reply within the stage's time limit, which begins when the question has left or
// the server begins to speak. Where the flight could not be written whole, a reply that has come is the cause, and not
// the write that failed; without one the error is the write's.
func (c *conn) receive(st stage) (reply, error) {
	if err := c.waitForWriter(); err != nil {
		return reply{}, err
	}
	c.mu.Lock()
	failed := c.failed
	c.mu.Unlock()
	var unread readError
	var early unasked
	var bad commandError
	switch {
	case errors.As(failed, &unread), errors.As(failed, &early), errors.As(failed, &bad):
		return reply{}, failed
	case failed != nil:
		st = stageLate
	}
	r, err := c.read(st)
	if err != nil {
		if failed != nil {
			err = failed
		}
		return r, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writing { // an answer shows that the server is at work: the block that waits for it has its time anew
		_ = c.net.SetWriteDeadline(time.Now().Add(st.capped(c.cap).limit))
	}
	if c.answered > c.asked {
		return r, unasked{r}
	}
	return r, nil
}

// read reads a reply within the stage's time limit.
func (c *conn) read(st stage) (reply, error) {
	if err := c.net.SetReadDeadline(time.Now().Add(st.capped(c.cap).limit)); err != nil {
		return reply{}, err
	}
	r, err := readReply(c.r, c.masks.hide, c.dialogue.server)
	if err == nil {
		c.answered++
	}
	return r, err
}

// waitForWriter waits until the writer is through or the server says something.
func (c *conn) waitForWriter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing {
		c.peeking = true
		err := c.net.SetReadDeadline(time.Time{})
		if c.holding {
			err = c.net.SetReadDeadline(time.Now().Add(silence))
		}
		if err != nil {
			return err
		}
		c.mu.Unlock()
		_, err = c.r.Peek(1)
		c.mu.Lock()
		c.peeking = false
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil // there is something to read, or an error that reading meets again
		}
		if c.holding {
			c.holding = false
			c.changed.Broadcast()
		}
	}
	return nil
}

// ends tells whether the server closes the connection now, rather than to say more.
func (c *conn) ends() bool {
	_, err := c.read(stageLate)
	return err != nil && isLost(err)
}

// sent waits until all that was answered has left for certain. The error tells why it has not: a reply to a message
// whose end never left is none.
func (c *conn) sent() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing && c.gone < c.answered {
		c.changed.Wait()
	}
	if c.answered <= c.gone {
		return nil
	}
	return c.failed
}

// mayHaveLeft tells whether the next n questions after those that are answered may have reached the server.
func (c *conn) mayHaveLeft(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered+n <= c.asked
}

// through tells whether the last flight is written. Where no reply to it is outstanding, that is a matter of moments.
func (c *conn) through(outstanding int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing && outstanding == 0 {
		c.changed.Wait()
	}
	return !c.writing
}

// busy tells whether a flight is still being written.
func (c *conn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writing
}

// close ends the connection and its writer, which reads from the message: nothing is touched any more after it.
func (c *conn) close() {
	c.mu.Lock()
	c.closed = true
	c.changed.Broadcast()
	c.mu.Unlock()
	c.net.Close()
	c.through(0)
}
