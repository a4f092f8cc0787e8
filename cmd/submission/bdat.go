package submission

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// runBDAT takes a message in chunks, of which this is the first (RFC 3030 section 2). The rest of them are read as the
// message needs them, and only the last has its reply here.
func (s *server) runBDAT(c command) (Reply, error) {
	k := &chunks{s: s}
	if !k.begin(c) {
		return s.lost(), nil
	}
	if r := s.ready(); r != nil {
		_, err := io.CopyN(io.Discard, s.r, k.left)
		return *r, unexpected(err)
	}
	r, err := s.take(k)
	if errors.Is(err, errAbandoned) {
		return k.answer, nil
	}
	return r, err
}

// lost ends the session after a BDAT that can't be read: the client's next octets would be the chunk, and must not be
// taken for commands.
func (s *server) lost() Reply {
	s.quit = true
	return Reply{501, "5.5.4", []string{"that should be BDAT with a number of octets, and LAST perhaps; closing"}}
}

// errAbandoned is a message that the client gave up between two chunks.
var errAbandoned = errors.New("the message is abandoned")

// chunks gives the message that a row of BDAT commands has. It answers each chunk but the last, and reads the command
// for the next one.
type chunks struct {
	s      *server
	size   int64 // of this chunk
	left   int64 // of this chunk, to be read
	last   bool
	err    error // once the reader has ended
	answer Reply // to the command that abandoned the message
}

// begin takes the arguments of a BDAT command.
func (k *chunks) begin(c command) bool {
	number, rest := cutWord(c.arg)
	size, err := strconv.ParseUint(number, 10, 63)
	k.size, k.left, k.last = int64(size), int64(size), strings.EqualFold(rest, "LAST")
	return err == nil && (rest == "" || k.last)
}

func (k *chunks) Read(p []byte) (int, error) {
	for k.err == nil && k.left == 0 {
		if k.last {
			k.err = io.EOF
		} else {
			k.err = k.next()
		}
	}
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.s.r.Read(p[:min(int64(len(p)), k.left)])
	k.left -= int64(n)
	k.err = unexpected(err)
	return n, k.err
}

// next answers a chunk and goes on to the following one.
func (k *chunks) next() error {
	r := Reply{250, "2.0.0", []string{fmt.Sprintf("%d octets", k.size)}}
	for {
		if err := k.s.reply(r); err != nil {
			return err
		}
		c, err := k.s.command()
		if err != nil {
			return unexpected(err)
		}
		switch c.verb {
		case "BDAT":
			if k.begin(c) {
				return nil
			}
			k.answer = k.s.lost()
			return errAbandoned
		case "RSET":
			k.answer, _ = k.s.runRSET(c)
			return errAbandoned
		case "QUIT":
			k.answer, _ = k.s.runQUIT(c)
			return errAbandoned
		}
		r = Reply{503, "5.5.1", []string{"the message is not complete"}}
	}
}

// unexpected is an error of reading where a message should go on.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
