// Package smtptest is an SMTP server for tests. It plays a script, so it can misbehave in any way that a script can
// say, and it tells where the client left the script.
//
// A script is a text of lines:
//
//	S: 220 ready              says a line
//	C: EHLO host              expects exactly this line
//	C: [body]                 expects a message, up to the dot on a line of its own
//	* send "250 half"         says octets, quoted as in Go
//	* drip "250 slow"         says octets one by one, with a pause between them, until the client is gone
//	* tls NAME                begins TLS with a certificate of Identity
//	* deaf                    reads nothing more
//	* anything                takes whatever comes until the client closes
//	* close                   closes the connection; * reset does so with RST
//	* hangup                  says nothing until the client closes, which may not say more
//	* read N                  takes N octets
//
// Empty lines and lines that begin with # are for people. At the end of the script the client has to close.
package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// limit ends a script whose client hangs.
const limit = 20 * time.Second

// dripPause is the time between two octets of a drip.
const dripPause = 20 * time.Millisecond

// Server plays one script to one client.
type Server struct {
	Addr string // "127.0.0.1:PORT"

	listener net.Listener
	identity *Identity
	script   []string
	done     chan error
	ended    chan struct{} // the test is through with the server
	body     []byte
}

// Serve listens on the loopback and plays the script to the client that connects. identity is only needed for TLS.
func Serve(script string, identity *Identity) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: l.Addr().String(), listener: l, identity: identity, done: make(chan error, 1), ended: make(chan struct{})}
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if line != "" && line[0] != '#' {
			s.script = append(s.script, line)
		}
	}
	go func() { s.done <- s.play() }()
	return s, nil
}

// Wait ends the server and tells where the client left the script; nil if it didn't. body is the last message.
func (s *Server) Wait() (body []byte, err error) {
	s.listener.Close()
	close(s.ended)
	err = <-s.done
	return s.body, err
}

// Abandon ends a server that no client has to come to, or to finish with.
func (s *Server) Abandon() {
	s.listener.Close()
	close(s.ended)
	<-s.done
}

// Port is the port of Addr.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// peer is one connection.
type peer struct {
	net.Conn
	r *bufio.Reader
}

func (s *Server) play() error {
	p, err := s.accept()
	if err != nil {
		return fmt.Errorf("no client: %w", err)
	}
	for _, line := range s.script {
		if p, err = s.step(p, line); err != nil {
			p.Close()
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	defer p.Close()
	return p.expectEnd()
}

func (s *Server) accept() (*peer, error) {
	c, err := s.listener.Accept()
	if err != nil {
		return nil, err
	}
	return &peer{c, bufio.NewReader(c)}, c.SetDeadline(time.Now().Add(limit))
}

// step plays one line; the peer changes when TLS begins.
func (s *Server) step(p *peer, line string) (*peer, error) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "S:":
		p.say(rest + "\r\n")
		return p, nil
	case "C:":
		if rest == "[body]" {
			var err error
			s.body, err = p.message()
			return p, err
		}
		got, err := p.r.ReadString('\n')
		if err != nil {
			return p, fmt.Errorf("the client said %q: %w", got, err)
		}
		if got != rest+"\r\n" {
			return p, fmt.Errorf("the client said %q", got)
		}
		return p, nil
	}
	word, arg, _ := strings.Cut(rest, " ")
	switch word {
	case "tls":
		over := tls.Server(p.Conn, s.identity.server(arg))
		if err := over.Handshake(); err != nil { // one verdict or the other on a certificate: the test looks at the client
			_, _ = io.Copy(io.Discard, p.Conn)
			return p, nil
		}
		return &peer{over, bufio.NewReader(over)}, nil
	case "send", "drip":
		text, err := strconv.Unquote(arg)
		if err != nil {
			return p, fmt.Errorf("in the script: %w", err)
		}
		if word == "send" {
			p.say(text)
			return p, nil
		}
		return p, p.drip(text)
	case "hangup":
		return p, p.expectEnd()
	case "read":
		n, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return p, fmt.Errorf("in the script: %w", err)
		}
		_, err = io.CopyN(io.Discard, p.r, n)
		return p, err
	case "deaf":
		<-s.ended
		return p, nil
	case "anything":
		_, _ = io.Copy(io.Discard, p.r)
		return p, nil
	case "close":
		return p, p.Close()
	case "reset":
		if tcp, ok := p.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		return p, p.Close()
	}
	return p, errors.New("the script is not understood")
}

// say writes; that the client is gone already shows in what it does next.
func (p *peer) say(text string) {
	_, _ = io.WriteString(p, text)
}

func (p *peer) drip(text string) error {
	tick := time.NewTicker(dripPause)
	defer tick.Stop()
	for i := range len(text) {
		<-tick.C
		if _, err := io.WriteString(p, text[i:i+1]); err != nil {
			return nil
		}
	}
	return p.expectEnd()
}

// message reads a body up to its dot, and takes it as it came.
func (p *peer) message() ([]byte, error) {
	var body bytes.Buffer
	for {
		line, err := p.r.ReadBytes('\n')
		if err != nil {
			return body.Bytes(), fmt.Errorf("after %d octets: %w", body.Len()+len(line), err)
		}
		if string(line) == ".\r\n" {
			return body.Bytes(), nil
		}
		body.Write(line)
	}
}

// expectEnd waits for the client to close, and tells what it said instead.
func (p *peer) expectEnd() error {
	rest, err := io.ReadAll(p.r)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("the client did not close")
	case len(rest) > 0:
		return fmt.Errorf("the client went on with %q", rest)
	}
	return nil // also a reset: the client is gone
}
