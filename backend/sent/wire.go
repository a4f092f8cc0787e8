package sent

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"

	"github.com/emersion/go-imap/v2"
)

// maxAnswers bounds what a server may say about one message: a list of folders is the longest of it.
const maxAnswers = 1 << 20

var errTooMuch = errors.New("more than a megabyte from the server")

// bounded is a connection whose other side can't say more than fits.
type bounded struct {
	net.Conn
	left atomic.Int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.spent() {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p)
	b.left.Add(-int64(n))
	return n, err
}

func (b *bounded) spent() bool { return b.left.Load() <= 0 }

// wire is what the library reads and writes, with TLS below it where there is any.
type wire struct {
	net.Conn
	said    string      // is read before all else
	signing atomic.Bool // a sign-in is under way
}

func (w *wire) Read(p []byte) (int, error) {
	if w.said != "" {
		n := copy(p, w.said)
		w.said = w.said[n:]
		return n, nil
	}
	return w.Conn.Read(p)
}

// Write writes an empty response as an empty line. The library has "=" for it, which stands for an initial response alone
// (RFC 4959 section 3), and which servers refuse elsewhere: SCRAM ends with one.
func (w *wire) Write(p []byte) (int, error) {
	if w.signing.Load() && string(p) == "=\r\n" {
		_, err := w.Conn.Write(p[1:])
		return len(p), err
	}
	return w.Conn.Write(p)
}

// maxLine bounds a line before TLS.
const maxLine = 8 << 10

// askTLS goes as far as the handshake (RFC 9051 section 6.2.1). It takes no octet that is behind the answer: TLS gets it, and
// fails. What was said before counts for nothing.
func askTLS(c net.Conn) error {
	greeting, err := readLine(c)
	switch {
	case err != nil:
		return fmt.Errorf("greeting: %w", err)
	case !strings.HasPrefix(strings.ToUpper(greeting), "* OK"): // signed in before TLS, or not wanted
		return fmt.Errorf("greeting: %s", greeting)
	}
	if _, err := c.Write([]byte("S1 STARTTLS\r\n")); err != nil {
		return err
	}
	for {
		line, err := readLine(c)
		if err != nil {
			return err
		}
		if text, ok := strings.CutPrefix(line, "S1 "); ok {
			if !strings.HasPrefix(strings.ToUpper(text), "OK") {
				return errors.New(text)
			}
			return nil
		}
	}
}

// greetingAfter is what the library gets to read as a greeting behind STARTTLS, where there is none.
const greetingAfter = "* " + string(imap.StatusResponseTypeOK) + " TLS\r\n"

// readLine reads a line octet by octet.
func readLine(c net.Conn) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < maxLine; {
		if _, err := c.Read(one); err != nil {
			return "", err
		}
		if line = append(line, one[0]); one[0] == '\n' {
			return strings.TrimRight(string(line), "\r\n"), nil
		}
	}
	return "", errTooMuch
}
