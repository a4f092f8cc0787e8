package smtp

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"postern/backend"
)

// Where a refusal of the server's may come, as far as its kind depends on it.
const (
	AtGreeting = "greeting"
	AtAUTH     = "AUTH"
	AtMAIL     = "MAIL FROM"
	AtRCPT     = "RCPT TO"
	AtMessage  = "final dot"
)

// Judge makes of a reply what an exchange would: the error with its kind. The reply is in the form that servers send it in,
// lines that each have the code. The error is that of a text that is no such reply.
func Judge(at, text string) (*backend.Error, error) {
	in := bufio.NewReader(strings.NewReader(text))
	r, err := readReply(in, func(s string) string { return s }, func(string) {})
	switch {
	case errors.Is(err, io.EOF):
		return nil, protocolError("the reply has no end")
	case err != nil:
		return nil, err
	case in.Buffered() > 0:
		return nil, protocolError("more than one reply")
	}
	kind := backend.Refused
	switch at {
	case AtAUTH:
		kind = backend.Denied
	case AtRCPT:
		kind = recipientKind(r)
	}
	return r.refusal(at, kind), nil
}
