package smtp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	// maxCommand bounds a command with its CRLF (RFC 5321 section 4.5.3.1.4, with what SIZE, BODY and RFC 3461 section
	// 4 add to it). Paths may have 256 octets, and servers take more.
	maxCommand = 2048
	// bodyBlock is the size of the writes of a body: some full TLS records (RFC 8446 section 5.1).
	bodyBlock = 64 << 10
)

// conn is the connection with its two doors: send takes every command out, receive takes every reply in. The dialogue
// and the limits are here and nowhere else.
type conn struct {
	net      net.Conn
	r        *bufio.Reader
	dialogue dialogue
	cap      time.Duration // the account's timeout, or 0
	secrets  []string      // what must not be shown, should the server say it
}

func newConn(c net.Conn, d dialogue, limit time.Duration) *conn {
	return &conn{net: c, r: bufio.NewReaderSize(c, 2*maxReplyLine), dialogue: d, cap: limit}
}

// upgrade goes on over c, which is the old connection with TLS around it.
func (c *conn) upgrade(over net.Conn) {
	c.net = over
	c.r.Reset(over)
}

// command is a line for the server, without its CRLF.
type command struct {
	stage stage
	line  string
	shown string // what the dialogue shows instead, where line holds a secret
}

// send is the door out: the commands go out in one flight, which is one write.
func (c *conn) send(commands ...command) error {
	var flight []byte
	for _, cmd := range commands {
		if len(cmd.line) > maxCommand && cmd.stage != stageAUTH {
			return protocolError("a command that is longer than servers read")
		}
		if strings.ContainsAny(cmd.line, "\r\n\x00") {
			return protocolError("a command with a line end in it")
		}
		flight = append(append(flight, cmd.line...), "\r\n"...)
	}
	if err := c.inStep(); err != nil {
		return err
	}
	if len(commands) > 1 {
		c.dialogue.note("%d commands in one flight (PIPELINING)", len(commands))
	}
	for _, cmd := range commands {
		if cmd.shown != "" {
			c.dialogue.client(cmd.shown)
		} else {
			c.dialogue.client(cmd.line)
		}
	}
	return c.write(commands[0].stage, flight)
}

// unasked is a reply that came before anything was asked.
type unasked struct{ reply }

func (u unasked) Error() string { return "a reply before anything was asked" }

// inStep tells whether all replies are read. One that is there already would be taken for the answer to the next
// command, and so would each that follows for the one before its own.
func (c *conn) inStep() error {
	if c.r.Buffered() == 0 {
		return nil
	}
	r, err := c.receive(stageLate)
	if err != nil {
		return err
	}
	return unasked{r}
}

// write writes a flight or a block within the stage's time limit.
func (c *conn) write(st stage, p []byte) error {
	_, err := c.writeCounted(st, p)
	return err
}

// writeCounted also tells how many octets have left.
func (c *conn) writeCounted(st stage, p []byte) (int, error) {
	if err := c.net.SetWriteDeadline(time.Now().Add(st.capped(c.cap).limit)); err != nil {
		return 0, err
	}
	return c.net.Write(p)
}

// arrived tells whether the server has said something, without waiting for it.
func (c *conn) arrived() bool {
	if c.net.SetReadDeadline(time.Now().Add(time.Millisecond)) != nil {
		return false
	}
	_, err := c.r.Peek(1)
	return err == nil
}

// receive is the door in: it reads one reply within the stage's time limit.
func (c *conn) receive(st stage) (reply, error) {
	if err := c.net.SetReadDeadline(time.Now().Add(st.capped(c.cap).limit)); err != nil {
		return reply{}, err
	}
	return readReply(c.r, c.hide, c.dialogue.server)
}

// hide replaces our secrets in a text of the server's.
func (c *conn) hide(text string) string {
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, "[secret]")
	}
	return text
}

// keepSecret has hide replace s from now on, the longest secret first. One of a few letters stands in any text, and
// hiding it there would tell it.
func (c *conn) keepSecret(s string) {
	if len(s) >= 4 && !slices.Contains(c.secrets, s) {
		c.secrets = append(c.secrets, s)
		slices.SortFunc(c.secrets, func(a, b string) int { return len(b) - len(a) })
	}
}

// readError is a failure to read our own message, as against one of the connection.
type readError struct{ error }

// sendBody writes a message of size octets in wire form as DATA has it: a dot before each line that begins with one
// (RFC 5321 section 4.5.2). The dot, and QUIT if quit says so, leave in the same write as the end of the body. complete
// tells that the dot has left, so that the server may have the message even where there is an error.
func (c *conn) sendBody(msg io.Reader, size int64, quit bool) (complete bool, err error) {
	if err := c.inStep(); err != nil {
		return false, err
	}
	c.dialogue.client(fmt.Sprintf("[%d octets]", size))
	in, out := make([]byte, bodyBlock/2), make([]byte, 0, bodyBlock+bodyBlock/2)
	lineStart, begun := true, false
	for {
		n, err := msg.Read(in)
		if n > 0 {
			out = stuff(out, in[:n], lineStart)
			lineStart = in[n-1] == '\n'
		}
		switch {
		case err == io.EOF:
			if begun && c.arrived() { // the message has taken a while; what came in it is no answer to the dot
				return false, c.inStep()
			}
			return c.sendEnd(out, quit)
		case err != nil:
			return false, readError{err}
		case len(out) >= bodyBlock:
			if err := c.write(stageBody, out); err != nil {
				return false, err
			}
			out, begun = out[:0], true
		}
	}
}

// sendEnd writes the end of a body, the dot, and perhaps QUIT.
func (c *conn) sendEnd(out []byte, quit bool) (complete bool, err error) {
	c.dialogue.client(".")
	out = append(out, ".\r\n"...)
	dot := len(out)
	if quit {
		c.dialogue.client("QUIT")
		out = append(out, "QUIT\r\n"...)
	}
	n, err := c.writeCounted(stageBody, out)
	return n >= dot, err
}

// stuff appends p to dst with a dot before each dot that begins a line. lineStart tells whether p begins one.
func stuff(dst, p []byte, lineStart bool) []byte {
	from := 0 // where the search goes on
	for {
		i := bytes.IndexByte(p[from:], '.')
		if i < 0 {
			return append(dst, p...)
		}
		i += from
		if i == 0 && lineStart || i > 0 && p[i-1] == '\n' {
			dst = append(append(dst, p[:i]...), '.')
			p, from, lineStart = p[i:], 1, false
		} else {
			from = i + 1
		}
	}
}
