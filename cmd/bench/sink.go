//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A mode is how a client has to come to the sink; each has its own port.
type mode string

const (
	modePlain    mode = "plain"
	modeStartTLS mode = "starttls"
	modeTLS      mode = "tls"
)

const (
	sinkHost     = "127.0.0.1"
	sinkUser     = "ann"
	sinkPassword = "secret"
	sinkBuffer   = 256 << 10 // one read takes all that a loopback socket usually holds
	sinkPatience = time.Minute
)

// A sink is a server that throws messages away and keeps their sizes. Without TLS and AUTH where the mode
// asks for them it takes nothing, so that a client that skipped them shows up as one that did not deliver.
type sink struct {
	tls     *tls.Config
	readers sync.Pool // of *bufio.Reader: no session has to clear a big buffer before its greeting
	open    atomic.Int32
	delay   atomic.Int64 // before each flight of replies

	mu    sync.Mutex
	sizes []int64
	fault error // the last session that broke off
}

func newSink(cert tls.Certificate) *sink {
	return &sink{
		tls:     &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13},
		readers: sync.Pool{New: func() any { return bufio.NewReaderSize(nil, sinkBuffer) }},
	}
}

// listen serves a mode on a port of its own until the listener is closed.
func (k *sink) listen(m mode) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(sinkHost, "0"))
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			k.open.Add(1)
			go func() {
				defer k.open.Add(-1)
				k.session(c, m)
			}()
		}
	}()
	return l, nil
}

// taken returns the sizes of the messages since the last call, and the fault that may explain a missing one.
// It lets open sessions end first, a moment long: a client may leave without waiting for the last reply, and
// the next command must not share the processor with what the sink still has to do for that one.
func (k *sink) taken() ([]int64, error) {
	for range 1000 {
		if k.open.Load() == 0 {
			break
		}
		time.Sleep(100 * time.Microsecond)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	sizes, fault := k.sizes, k.fault
	k.sizes, k.fault = nil, nil
	return sizes, fault
}

func (k *sink) session(c net.Conn, m mode) {
	defer c.Close()
	s := &session{sink: k, mode: m, conn: c, r: k.readers.Get().(*bufio.Reader)}
	defer func() {
		s.r.Reset(nil)
		k.readers.Put(s.r)
	}()
	if m == modeTLS {
		s.conn = tls.Server(c, k.tls)
		s.secure = true
	}
	s.r.Reset(s.conn)
	if err := s.serve(); err != nil && !errors.Is(err, io.EOF) {
		k.mu.Lock()
		k.fault = err
		k.mu.Unlock()
	}
	s.conn.Close()
}

type session struct {
	sink   *sink
	mode   mode
	conn   net.Conn
	r      *bufio.Reader
	out    bytes.Buffer // replies not sent yet
	secure bool
	authed bool
	from   bool
	rcpts  int
}

var (
	errQuit  = errors.New("quit") // the client said QUIT
	errFault = errors.New("data behind STARTTLS")
)

func (s *session) reply(lines ...string) {
	for _, l := range lines {
		s.out.WriteString(l)
		s.out.WriteString("\r\n")
	}
}

func (s *session) flush() error {
	if s.out.Len() == 0 {
		return nil
	}
	time.Sleep(time.Duration(s.sink.delay.Load()))
	_, err := s.conn.Write(s.out.Bytes())
	s.out.Reset()
	return err
}

// await sends the replies to all the commands that came in one flight (RFC 2920 section 3.2), then waits
// for the next octet.
func (s *session) await() error {
	if s.r.Buffered() > 0 {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.conn.SetDeadline(time.Now().Add(sinkPatience))
	_, err := s.r.Peek(1)
	return err
}

func (s *session) line() (string, error) {
	if err := s.await(); err != nil {
		return "", err
	}
	b, err := s.r.ReadSlice('\n')
	return strings.TrimRight(string(b), "\r\n"), err
}

func (s *session) serve() error {
	s.reply("220 sink ESMTP")
	for {
		l, err := s.line()
		if err != nil {
			return err
		}
		verb, arg, _ := strings.Cut(l, " ")
		if err := s.command(strings.ToUpper(verb), arg); errors.Is(err, errQuit) {
			// Not every client waits for the 221: failing to send it is no fault.
			s.flush()
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (s *session) command(verb, arg string) error {
	switch verb {
	case "EHLO":
		s.from, s.rcpts = false, 0
		s.reply("250-sink", "250-PIPELINING", "250-8BITMIME", "250-ENHANCEDSTATUSCODES")
		if s.mode == modeStartTLS && !s.secure {
			s.reply("250-STARTTLS")
		} else if s.secure {
			s.reply("250-AUTH PLAIN LOGIN")
		}
		s.reply("250 SIZE")
	case "HELO", "NOOP", "RSET":
		s.from, s.rcpts = false, 0
		s.reply("250 2.0.0 ok")
	case "STARTTLS":
		return s.startTLS()
	case "AUTH":
		return s.auth(arg)
	case "MAIL":
		if s.mode != modePlain && !s.authed {
			s.reply("530 5.7.0 sign in first")
			return nil
		}
		s.from, s.rcpts = true, 0
		s.reply("250 2.1.0 ok")
	case "RCPT":
		if !s.from {
			s.reply("503 5.5.1 MAIL first")
			return nil
		}
		s.rcpts++
		s.reply("250 2.1.5 ok")
	case "DATA":
		if s.rcpts == 0 {
			s.reply("503 5.5.1 RCPT first")
			return nil
		}
		return s.data()
	case "QUIT":
		s.reply("221 2.0.0 bye")
		return errQuit
	default:
		s.reply("500 5.5.2 unknown command")
	}
	return nil
}

func (s *session) startTLS() error {
	if s.mode != modeStartTLS || s.secure {
		s.reply("503 5.5.1 no STARTTLS here")
		return nil
	}
	s.reply("220 2.0.0 go ahead")
	if s.r.Buffered() > 0 {
		return errFault
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.conn = tls.Server(s.conn, s.sink.tls)
	s.r.Reset(s.conn)
	s.secure = true
	return nil
}

func (s *session) auth(arg string) error {
	name, initial, _ := strings.Cut(arg, " ")
	ask := func(prompt string) (string, error) {
		s.reply("334 " + prompt)
		return s.line()
	}
	var user, password string
	var err error
	switch {
	case !s.secure || s.authed:
		s.reply("503 5.5.1 not now")
		return nil
	case strings.EqualFold(name, "PLAIN"):
		if initial == "" {
			if initial, err = ask(""); err != nil {
				return err
			}
		}
		if f := strings.Split(unbase64(initial), "\x00"); len(f) == 3 {
			user, password = f[1], f[2]
		}
	case strings.EqualFold(name, "LOGIN"):
		if initial == "" {
			if initial, err = ask("VXNlcm5hbWU6"); err != nil { // Username:
				return err
			}
		}
		if password, err = ask("UGFzc3dvcmQ6"); err != nil { // Password:
			return err
		}
		user, password = unbase64(initial), unbase64(password)
	default:
		s.reply("504 5.5.4 unknown mechanism")
		return nil
	}
	if user != sinkUser || password != sinkPassword {
		s.reply("535 5.7.8 wrong user or password")
		return nil
	}
	s.authed = true
	s.reply("235 2.7.0 ok")
	return nil
}

func unbase64(s string) string {
	b, _ := base64.StdEncoding.DecodeString(s)
	return string(b)
}

func (s *session) data() error {
	s.reply("354 go ahead")
	var d dots
	for {
		if err := s.await(); err != nil {
			return fmt.Errorf("in the body, after %d octets: %w", d.size, err)
		}
		b, _ := s.r.Peek(s.r.Buffered())
		n, end := d.eat(b)
		s.r.Discard(n)
		if end {
			break
		}
	}
	// Counted before the reply: a client that has its 250 has exited after the count.
	s.sink.mu.Lock()
	s.sink.sizes = append(s.sink.sizes, d.size)
	s.sink.mu.Unlock()
	s.from, s.rcpts = false, 0
	s.reply("250 2.0.0 taken")
	return nil
}

// arrived checks that exactly one message of this size came since the last call.
func (k *sink) arrived(size int64) error {
	sizes, fault := k.taken()
	switch {
	case len(sizes) == 0 && fault != nil:
		return fmt.Errorf("the server took no message: %w", fault)
	case len(sizes) != 1:
		return fmt.Errorf("the server took %d messages, not 1", len(sizes))
	case sizes[0] != size:
		return fmt.Errorf("the server took %d octets, not %d", sizes[0], size)
	}
	return nil
}
