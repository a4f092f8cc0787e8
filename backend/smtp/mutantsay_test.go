package smtp_test

import (
	"bytes"
	"io"
	"regexp"
	"time"
)

// spend tells whether a mutation happens now.
func (c *call) spend() bool {
	if c.budget == 0 || c.rng.IntN(6) > 0 {
		return false
	}
	c.budget--
	return true
}

// decide is what the server decides: mostly the good code.
func (c *call) decide(good string) string {
	if c.m.manners == harmless || !c.spend() {
		return good
	}
	codes := []string{"450", "451", "452", "550", "552", "554", "421", "251", "299"}
	return codes[c.rng.IntN(len(codes))]
}

// say says a reply, or what has become of it.
func (c *call) say(code, text string) {
	reply := code + " " + text + "\r\n"
	kinds := []int{4, 9, 15}[c.m.manners]
	if !c.spend() {
		kinds = 0
	}
	at := c.rng.IntN(len(reply) + 1)
	kind := -1
	if kinds > 0 {
		kind = c.rng.IntN(kinds)
	}
	switch kind {
	case 0:
		c.put(c.kept + reply[:at])
		c.kept, reply = "", reply[at:]
	case 1:
		time.Sleep(time.Duration(c.rng.IntN(5)) * time.Millisecond) // late, which nobody waits for
	case 2:
		reply = code + "-first\r\n" + reply
	case 3:
		if c.r.Buffered() > 0 { // else nobody may ask again before it has come
			c.kept += reply
			return
		}
	case 4:
		c.put(c.kept + reply[:at])
		c.TCPConn.Close()
	case 5:
		c.put(c.kept + reply[:at])
		c.reset()
	case 6:
		c.put(c.kept + reply[:at])
		<-c.m.over
	case 7:
		c.put(c.kept + reply)
		c.CloseWrite()
	case 8:
		c.put(c.kept)
		<-c.m.over
	case 9:
		return
	case 10:
		reply += reply
	case 11:
		c.put(c.kept + reply)
		c.kept = ""
	case 12:
		c.later += reply
		return
	case 13:
		reply = reply[:at] + string([]byte{"\r\n\x00\xff"[c.rng.IntN(4)]}) + reply[at:]
	case 14:
		reply = []string{"250", "354", "550", "421", "150", "220"}[c.rng.IntN(6)] + reply[3:]
	}
	c.put(c.kept + reply + c.later)
	c.kept, c.later = "", ""
	if code == "421" {
		c.TCPConn.Close()
	}
}

// put says octets.
func (c *call) put(text string) {
	c.out = append(c.out, text...)
	line := bytes.LastIndexByte(c.out, '\n') + 1
	if line > c.line {
		c.answered += len(final.FindAll(c.out[c.line:line], -1))
		c.line = line
	}
	c.surplus = c.surplus || c.answered > c.asked
	_, _ = io.WriteString(c.TCPConn, text)
}

// final is the last line of a reply.
var final = regexp.MustCompile(`(?m)^[2-5][0-9][0-9]( .*)?\r*\n`)

// positiveAfter counts the positive replies that had not been said whole when at octets were.
func positiveAfter(out []byte, at int) (n int) {
	for _, where := range final.FindAllIndex(out, -1) {
		if where[1] > at && bytes.HasPrefix(out[where[0]:], []byte("2")) {
			n++
		}
	}
	return n
}
