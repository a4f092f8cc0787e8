// Package catch is a mail server for trying things out: it takes any message, tells what it got, and delivers nothing.
// It can misbehave on purpose in the ways of real servers, so that a client can be watched as it deals with them.
//
// A message is read into a file without a name, whatever its size, and is told of before the client has its answer: who
// waits for the client finds the message told.
//
// The limits are those of go-smtp: an address without a domain, such as <postmaster>, is answered 501; CHUNKING and
// PIPELINING are always offered; and a message that comes by BDAT and is taken back by RSET halfway may have the next one of
// the connection answered 554.
package catch

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	domain = "mail.example.org"
	// maxLine is more than the 1000 octets of RFC 5321 section 4.5.3.1.6: what careless programs send is to be seen.
	maxLine = 1 << 20
	// parting is how long the client of the last message has to say QUIT.
	parting = 5 * time.Second
)

// Options are what a server offers, and what it does wrong.
type Options struct {
	TLS        bool // from the first octet, as on port 465
	StartTLS   bool
	Auth       bool                             // a client has to sign in
	Check      func(user, password string) bool // who may sign in; nil is everybody
	Extensions bool                             // DSN, SMTPUTF8 and others that tell it how to deliver
	MaxSize    int64                            // of a message, in octets; 0 is any
	Faults     Faults
	EML        string      // the folder where messages are kept, each as a file
	Maildir    string      // the mailbox where messages are kept
	Once       bool        // it ends after the first message
	Show       func(Event) // is told what happens, one thing at a time
}

// Server is a server that listens.
type Server struct {
	options  Options
	listener net.Listener
	identity *identity
	smtp     *smtp.Server
	showing  sync.Mutex
	greylist greylist
	number   atomic.Int64  // of the messages so far
	taken    atomic.Bool   // with Once: the message has come
	answered chan struct{} // with Once: its client has the answer
	closed   chan struct{}
	close    func()
}

// Listen makes a server that listens at address; Serve has it take messages.
func Listen(address string, o Options) (*Server, error) {
	if o.Faults.WrongPassword {
		o.Auth = true
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, listener: listener, answered: make(chan struct{}, 1), closed: make(chan struct{})}
	s.close = sync.OnceFunc(func() { close(s.closed) })
	if s.identity, err = newIdentity(s.Addr().IP); err != nil {
		listener.Close()
		return nil, err
	}
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain = domain
	s.smtp.AllowInsecureAuth = true // nobody's real password is asked for here
	s.smtp.MaxMessageBytes = o.MaxSize
	s.smtp.MaxLineLength = maxLine
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	s.smtp.EnableSMTPUTF8, s.smtp.EnableDSN, s.smtp.EnableREQUIRETLS = o.Extensions, o.Extensions, o.Extensions
	s.smtp.EnableDELIVERBY, s.smtp.EnableMTPRIORITY = o.Extensions, o.Extensions
	config := &tls.Config{Certificates: []tls.Certificate{s.identity.pair}}
	switch {
	case o.TLS:
		s.listener = tls.NewListener(listener, config)
	case o.StartTLS && !o.Faults.NoStartTLS:
		s.smtp.TLSConfig = config
	}
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() *net.TCPAddr { return s.listener.Addr().(*net.TCPAddr) }

// Port is the server's port.
func (s *Server) Port() int { return s.Addr().Port }

// Authority is the certificate of the server's authority in PEM form.
func (s *Server) Authority() []byte { return s.identity.authority }

// Serve takes messages until ctx ends, Close is called, or, with Once, the first message was answered.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() {
		if s.options.Faults.Busy {
			failed <- s.turnAway()
			return
		}
		failed <- s.smtp.Serve(s.listener)
	}()
	select {
	case err := <-failed:
		select {
		case <-s.closed: // the listener was taken away from under it
			return nil
		default:
			return err
		}
	case <-s.answered:
		s.listener.Close()
		ctx, cancel := context.WithTimeout(ctx, parting)
		defer cancel()
		_ = s.smtp.Shutdown(ctx) // a client that stays has its answer
	case <-ctx.Done():
	}
	s.Close()
	return nil
}

// Close ends the server, whatever it is doing.
func (s *Server) Close() {
	s.close()
	s.listener.Close()
	_ = s.smtp.Close() // it may be closed
}

// turnAway is the fault "busy". RFC 5321 section 3.8 has a server that must go say 421, and close.
func (s *Server) turnAway() error {
	for {
		c, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(parting))
			_, _ = io.WriteString(c, "421 4.3.2 "+domain+" is too busy, try again later\r\n")
			s.show(Event{Kind: FaultEvent, Client: c.RemoteAddr().String(), Fault: "busy", Text: "told the client 421 in place of a greeting, and closed the connection"})
		}()
	}
}

// show tells of an event.
func (s *Server) show(e Event) {
	s.showing.Lock()
	defer s.showing.Unlock()
	if s.options.Show != nil {
		s.options.Show(e)
	}
}

// pause waits as long as the fault "slow" has it.
func (s *Server) pause() {
	if s.options.Faults.Slow == 0 {
		return
	}
	select {
	case <-time.After(s.options.Faults.Slow):
	case <-s.closed:
	}
}

// Pin is the SHA-256 of the server's public key, as tls.pin has it.
func (s *Server) Pin() string { return s.identity.pin }

// host is the address by which this machine reaches the server.
func (s *Server) host() string {
	ip := s.Addr().IP
	switch {
	case ip.IsUnspecified() && ip.To4() != nil:
		return "127.0.0.1"
	case ip.IsUnspecified():
		return "::1"
	}
	return ip.String()
}

// Address is where clients of this machine find the server, host and port.
func (s *Server) Address() string { return net.JoinHostPort(s.host(), strconv.Itoa(s.Port())) }
