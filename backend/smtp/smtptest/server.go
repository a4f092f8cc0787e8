// Package smtptest is an SMTP server for tests. It plays a script, so it can misbehave in any way that a script can
// say, and it tells where the client left the script.
//
// A script is a text of lines:
//
//	S: 220 ready              says a line
//	C: EHLO host              expects exactly this line
//	C: EHLO [any]             expects a line that begins so
//	C: [body]                 expects a message, up to the dot on a line of its own
//	C: [chunk]                expects BDAT n LAST and the n octets of a message
//	* send "250 half"         says octets, quoted as in Go
//	* repeat N "250-on\r\n"   says octets N times, or until the client is gone
//	* drip "250 slow"         says octets one by one, with a pause between them, until the client is gone
//	* tls NAME                begins TLS with a certificate of Identity
//	* drip-tls NAME           does so octet by octet, as drip
//	* deaf                    reads nothing more, and at the end of the script the client need not close
//	* pause                   reads nothing until the test is through with the server
//	* anything                takes whatever comes until the client closes
//	* close                   closes the connection; * reset does so with RST
//	* cut                     closes the connection under TLS, whose end is not said (no close_notify)
//	* hangup                  says nothing until the client closes, which may not say more
//	* read N                  takes N octets
//
//	* like EXPRESSION         expects a line that a regular expression fits, all of it
//	* hear "AUTH X " "text"   expects the first text with the second behind it in base64; $PORT is the server's port
//	* scram MECHANISM FLAG "USER" "PASSWORD" FAULT
//	                        takes AUTH and what follows as a server with SCRAM: the flag is what the client has to say
//	                        of channel binding (n, y, p=tls-unique, p=tls-exporter), and the fault one of right,
//	                        wrong (proof), early (nothing in place of the proof), in-235, refused (the password is
//	                        another), elsewhere (so is the connection), rounds, nonce
//
//	* next                    takes the client's next connection, once it has closed this one
//
// Empty lines and lines that begin with # are for people. At the end of the script the client has to close.
package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
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
	Addr string        // "127.0.0.1:PORT"
	Hung chan struct{} // gets one when the script has come to its first hangup

	listener net.Listener
	identity *Identity
	script   []string

	connections int // that are still to come
	done        chan error
	ended       chan struct{} // the test is through with the server
	body        []byte
}

// Serve listens on the loopback and plays the script to the client that connects. identity is only needed for TLS.
func Serve(script string, identity *Identity) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: l.Addr().String(), Hung: make(chan struct{}, 1), listener: l, identity: identity, connections: 1, done: make(chan error, 1), ended: make(chan struct{})}
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if line != "" && line[0] != '#' {
			s.script = append(s.script, line)
			if line == "* next" {
				s.connections++
			}
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

// accept takes a connection; a client that comes once too often finds nobody.
func (s *Server) accept() (*peer, error) {
	c, err := s.listener.Accept()
	if s.connections--; s.connections == 0 {
		s.listener.Close()
	}
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
		if rest == "[chunk]" {
			var err error
			s.body, err = p.chunk()
			return p, err
		}
		got, err := p.r.ReadString('\n')
		if err != nil {
			return p, fmt.Errorf("the client said %q: %w", got, err)
		}
		begun, any := strings.CutSuffix(rest, "[any]")
		if got != rest+"\r\n" && !(any && strings.HasPrefix(got, begun)) {
			return p, fmt.Errorf("the client said %q", got)
		}
		return p, nil
	}
	word, arg, _ := strings.Cut(rest, " ")
	switch word {
	case "tls", "drip-tls":
		inner := p.Conn
		if word == "drip-tls" {
			inner = dripping{p.Conn}
		}
		over := tls.Server(inner, s.identity.server(arg))
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
	case "repeat":
		count, quoted, _ := strings.Cut(arg, " ")
		n, err := strconv.Atoi(count)
		text, bad := strconv.Unquote(quoted)
		if err = errors.Join(err, bad); err != nil {
			return p, fmt.Errorf("in the script: %w", err)
		}
		for ; n > 0 && err == nil; n-- {
			_, err = io.WriteString(p, text)
		}
		return p, nil
	case "hear":
		return p, s.hear(p, arg)
	case "like":
		return p, p.like(arg)
	case "scram":
		return p, p.scram(arg)
	case "next":
		if err := p.expectEnd(); err != nil {
			return p, err
		}
		p.Close()
		next, err := s.accept()
		if err != nil {
			return p, fmt.Errorf("no client: %w", err)
		}
		return next, nil
	case "hangup":
		select {
		case s.Hung <- struct{}{}:
		default: // it was told
		}
		return p, p.expectEnd()
	case "read":
		n, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return p, fmt.Errorf("in the script: %w", err)
		}
		_, err = io.CopyN(io.Discard, p.r, n)
		return p, err
	case "deaf":
		return &peer{p.Conn, bufio.NewReader(deaf(s.ended))}, nil
	case "pause":
		<-s.ended
		return p, nil
	case "anything":
		_, _ = io.Copy(io.Discard, p.r)
		return p, nil
	case "close":
		return p, p.Close()
	case "cut":
		over, ok := p.Conn.(*tls.Conn)
		if !ok {
			return p, errors.New("there is no TLS to cut")
		}
		return p, over.NetConn().Close()
	case "reset":
		inner := p.Conn
		if over, ok := inner.(*tls.Conn); ok {
			inner = over.NetConn()
		}
		if err := inner.(*net.TCPConn).SetLinger(0); err != nil {
			return p, err
		}
		return p, inner.Close()
	}
	return p, errors.New("the script is not understood")
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

// chunk reads the whole message by BDAT (RFC 3030 section 2).
func (p *peer) chunk() ([]byte, error) {
	line, err := p.r.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the client said %q: %w", line, err)
	}
	var size int
	if _, err := fmt.Sscanf(line, "BDAT %d LAST\r\n", &size); err != nil {
		return nil, fmt.Errorf("the client said %q", line)
	}
	body := make([]byte, size)
	n, err := io.ReadFull(p.r, body)
	if err != nil {
		err = fmt.Errorf("after %d of %d octets: %w", n, size, err)
	}
	return body[:n], err
}

// hear reads a line that is partly in base64.
func (s *Server) hear(p *peer, arg string) error {
	var prefix, text string
	if _, err := fmt.Sscanf(arg, "%q %q", &prefix, &text); err != nil {
		return fmt.Errorf("in the script: %w", err)
	}
	text = strings.ReplaceAll(text, "$PORT", strconv.Itoa(s.Port()))
	got, err := p.decode(prefix)
	if err == nil && got != text {
		err = fmt.Errorf("the client said %q", got)
	}
	return err
}

// decode reads a line that begins with prefix, and decodes the rest.
func (p *peer) decode(prefix string) (string, error) {
	line, err := p.r.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the client said %q: %w", line, err)
	}
	text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\r\n"), prefix)
	decoded, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return "", fmt.Errorf("the client said %q", line)
	}
	return string(decoded), nil
}

// like reads a line that an expression fits.
func (p *peer) like(expression string) error {
	e, err := regexp.Compile("^(?:" + expression + ")\r\n$")
	if err != nil {
		return fmt.Errorf("in the script: %w", err)
	}
	got, err := p.r.ReadString('\n')
	if err == nil && !e.MatchString(got) {
		err = fmt.Errorf("the client said %q", got)
	}
	return err
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
