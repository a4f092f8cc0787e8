package queue

import (
	"context"

	"postern/message"
)

// Copies keeps copies of what was sent. It is called by one goroutine at a time.
type Copies interface {
	// Wanted tells whether copies are kept of what an account sends.
	Wanted(account string) bool
	// Keep makes one. That it can't is for it to tell: nothing depends on it.
	Keep(ctx context.Context, account string, m *message.Message)
	// Close gives back what Keep has left open, at the end of a run.
	Close()
}

// copier makes copies while the next messages are on their way. The state of a message says that its copy was made before
// that is begun, so that a crash may lose a copy, and never has a message sent once more for its sake.
type copier struct {
	run   *run
	comes chan original
	over  chan struct{}
}

// original is a message to be copied. It is closed after that.
type original struct {
	account string
	message *message.Message
}

// maxCopies bounds how many messages are kept open for their copies.
const maxCopies = 16

func newCopier(r *run) *copier {
	c := &copier{r, make(chan original, maxCopies), make(chan struct{})}
	go c.loop()
	return c
}

func (c *copier) add(account string, m *message.Message) {
	if m != nil {
		c.comes <- original{account, m}
	}
}

func (c *copier) end() {
	close(c.comes)
	<-c.over
}

func (c *copier) loop() {
	defer close(c.over)
	for o := range c.comes {
		if c.run.ctx.Err() == nil {
			c.run.Copies.Keep(c.run.ctx, o.account, o.message)
		}
		o.message.Close()
	}
	if c.run.Copies != nil {
		c.run.Copies.Close()
	}
}

// toCopy opens a message of which a copy is to be made: when the first of its recipients has it, and once. What has no
// sender is an answer of a program's, and not what anybody has sent.
func (r *run) toCopy(c *Claimed, o *Outcome, st *State) *message.Message {
	if r.Copies == nil || len(o.Taken) == 0 || st.Copied || c.Record.Copied || c.Record.Envelope.From == "" || !r.Copies.Wanted(o.Account) {
		return nil
	}
	st.Copied = true
	f, err := c.spool.files.open(queueDir + "/" + c.ID) // one that outlasts the claim
	if err != nil {
		return nil
	}
	m, err := message.Stored(f, c.begin, c.Record.Size, c.Record.Traits)
	if err != nil {
		f.Close()
		return nil
	}
	return m
}
