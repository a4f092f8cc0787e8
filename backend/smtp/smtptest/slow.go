package smtptest

import (
	"io"
	"net"
	"time"
)

// say writes; that the client is gone already shows in what it does next.
func (p *peer) say(text string) {
	_, _ = io.WriteString(p, text)
}

func (p *peer) drip(text string) error {
	if _, err := io.WriteString(dripping{p.Conn}, text); err != nil {
		return nil
	}
	return p.expectEnd()
}

// dripping is a connection that writes octet by octet, with a pause before each.
type dripping struct{ net.Conn }

func (d dripping) Write(b []byte) (int, error) {
	tick := time.NewTicker(dripPause)
	defer tick.Stop()
	for i := range b {
		<-tick.C
		if n, err := d.Conn.Write(b[i : i+1]); err != nil {
			return i + n, err
		}
	}
	return len(b), nil
}

// deaf reads nothing until it is closed.
type deaf chan struct{}

func (d deaf) Read([]byte) (int, error) {
	<-d
	return 0, io.EOF
}
