package smtp

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	// maxCommand bounds a command with its CRLF: RFC 5321 section 4.5.3.1.4 has 512, to which the parameters of each
	// extension add theirs (RFC 3461 section 4 alone 500 for ORCPT). A path with its verb keeps within 512, see maxPath.
	maxCommand = 2048
	// maxTogether is how many commands leave in one write before the replies are read. The replies to this many fit
	// any receive buffer, so that neither side can wait for the other to read.
	maxTogether = 100
	// block is the size of the writes of a long flight: some full TLS records (RFC 8446 section 5.1).
	block = 64 << 10
	// silence is how long the server is listened to before the end of a long message leaves.
	silence = time.Millisecond
)

// flight is what leaves together, without waiting for replies (RFC 2920, RFC 3030): commands and messages in order.
type flight struct {
	parts    []part
	commands int
	size     int64
}

// command is a line for the server, without its CRLF.
type command struct {
	stage stage
	line  string
	shown string // what the dialogue shows instead, where line holds a secret
}

// part is a command, or a message.
type part struct {
	command
	asks int // how many replies it gets

	body io.Reader // a message in wire form, of size octets
	size int64
	dots bool // a dot goes before each line that begins with one (RFC 5321 section 4.5.2), and the final dot follows
}

// command adds a command, which asks for one reply.
func (f *flight) command(cmd command) {
	f.parts = append(f.parts, part{command: cmd, asks: 1})
	f.commands++
	f.size += int64(len(cmd.line)) + 2
}

// ofBody is what the parts of a message have for a command: their time limit.
var ofBody = command{stage: stageBody}

// data adds a message of size octets as DATA has it, with its dot.
func (f *flight) data(body io.Reader, size int64, replies int) {
	f.parts = append(f.parts, part{command: ofBody, asks: replies, body: body, size: size, dots: true})
	f.size += size
}

// chunk adds a message of size octets as one chunk (RFC 3030 section 2).
func (f *flight) chunk(body io.Reader, size int64, replies int) {
	f.parts = append(f.parts,
		part{command: command{stage: stageBody, line: fmt.Sprintf("BDAT %d LAST", size)}},
		part{command: ofBody, asks: replies, body: body, size: size})
	f.commands++
	f.size += size
}

// commandError is a command that can't be sent.
type commandError string

func (e commandError) Error() string { return string(e) }

// check refuses what would not be a command.
func (p part) check() error {
	switch {
	case len(p.line) > maxCommand-2 && p.stage != stageAUTH:
		return commandError("a command that is longer than servers read")
	case strings.ContainsAny(p.line, "\r\n\x00"):
		return commandError("a command with a line end in it")
	}
	return nil
}

// launch is the door out: a flight leaves, in one write where it is short. What goes wrong shows when its replies are
// received. All of the flight before it is to be answered, or written.
func (c *conn) launch(f flight) {
	c.through(0)
	if c.failed != nil { // the flight before has not left whole: what came behind it would be read as its rest
		return
	}
	w := &writer{conn: c}
	err := c.inStep()
	for _, p := range f.parts {
		if err == nil {
			err = p.check()
		}
	}
	if err != nil {
		w.end(err)
		return
	}
	if f.commands > 1 {
		c.dialogue.note("%d commands in one flight (PIPELINING)", f.commands)
	}
	w.buf = make([]byte, 0, min(f.size+f.size/16+64, block+block/16))
	if w.alone = f.size > block || f.commands > maxTogether; !w.alone {
		if slices.ContainsFunc(f.parts, func(p part) bool { return p.body != nil }) {
			c.settle(true) // it leaves at once
		}
		w.end(w.write(f))
		return
	}
	c.mu.Lock()
	c.writing = true
	c.mu.Unlock()
	go func() { w.end(w.write(f)) }()
}

// send takes one command out, whose reply is to be received before anything else leaves.
func (c *conn) send(cmd command) {
	var f flight
	f.command(cmd)
	c.launch(f)
}

// end notes how the writing has ended, and wakes who waits for it.
func (w *writer) end(err error) {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing, c.failed = false, err
	if err != nil {
		c.asked = c.gone
	}
	if c.peeking {
		_ = c.net.SetReadDeadline(time.Now())
	}
	c.changed.Broadcast()
}
