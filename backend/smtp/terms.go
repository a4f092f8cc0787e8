package smtp

import (
	"fmt"
	"strconv"
	"time"

	"postern/backend"
	"postern/message"
)

// terms are the parameters of MAIL for what the sender asks of the message's way. A promise that the server can't give
// is refused before MAIL; what only helps is left out, and the dialogue says so.
func (s *session) terms(wanted message.Terms) (string, *backend.Error) {
	line := ""
	for _, term := range []func(message.Terms) (string, *backend.Error){s.requireTLS, s.hold, s.deliverBy, s.priority, s.submitter} {
		text, err := term(wanted)
		if err != nil {
			return "", err
		}
		line += text
	}
	return line, nil
}

// requireTLS is REQUIRETLS. It is for a connection with TLS and a certificate that has been verified, and for a server
// that offers it there (RFC 8689 section 2): TLS doesn't go on here without the certificate.
func (s *session) requireTLS(terms message.Terms) (string, *backend.Error) {
	switch {
	case !terms.RequireTLS && !s.RequireTLS:
		return "", nil
	case !s.encrypted:
		return "", s.lacks(stageMAIL, "TLS is required all the way, and this connection has none")
	case !s.offers.has("REQUIRETLS"):
		return "", s.lacks(stageMAIL, "TLS is required all the way, and the server does not offer REQUIRETLS")
	}
	return " REQUIRETLS", nil
}

// hold is HOLDFOR or HOLDUNTIL (RFC 4865 section 4), for a server that holds that long: a message that is to be kept
// back must not go out early.
func (s *session) hold(terms message.Terms) (string, *backend.Error) {
	if !terms.Held() {
		if !terms.HoldUntil.IsZero() {
			s.conn.dialogue.note("the time to hold the message until has come: it is not held")
		}
		return "", nil
	}
	if !s.offers.has("FUTURERELEASE") {
		return "", s.lacks(stageMAIL, "the message is to be held back, and the server does not offer FUTURERELEASE")
	}
	if terms.HoldFor > 0 {
		if limit, ok := s.offers.seconds("FUTURERELEASE"); ok && terms.HoldFor > limit {
			return "", s.lacks(stageMAIL, fmt.Sprintf("the message is to be held back for %v, the server holds for %v at most",
				terms.HoldFor, limit))
		}
		return " HOLDFOR=" + inSeconds(terms.HoldFor), nil
	}
	until := terms.HoldUntil.UTC().Format(time.RFC3339)
	if limit, ok := s.offers.moment("FUTURERELEASE"); ok && terms.HoldUntil.After(limit) {
		return "", s.lacks(stageMAIL, fmt.Sprintf("the message is to be held back until %s, the server holds until %s at most",
			until, limit.Format(time.RFC3339)))
	}
	return " HOLDUNTIL=" + until, nil
}

// deliverBy is BY (RFC 2852 section 4). A server that doesn't know it can't have a message come back in time; one that
// only has to tell of the delay may do without.
func (s *session) deliverBy(terms message.Terms) (string, *backend.Error) {
	by := terms.DeliverBy
	switch {
	case by.Within == 0:
		return "", nil
	case !s.offers.has("DELIVERBY") && by.Return:
		return "", s.lacks(stageMAIL, "the message is to be delivered in time or come back, and the server does not offer DELIVERBY")
	case !s.offers.has("DELIVERBY"):
		s.conn.dialogue.note("the server doesn't offer DELIVERBY: the time limit for delivery is left out")
		return "", nil
	}
	mode := "N"
	if by.Return {
		mode = "R"
		// What a server announces is its least time for this mode (RFC 2852 section 2).
		if least, ok := s.offers.seconds("DELIVERBY"); ok && by.Within < least {
			return "", s.lacks(stageMAIL, fmt.Sprintf("the message is to be delivered within %v or come back, the server needs %v at least",
				by.Within, least))
		}
	}
	if by.Trace {
		mode += "T"
	}
	return " BY=" + inSeconds(by.Within) + ";" + mode, nil
}

// priority is MT-PRIORITY (RFC 6710 section 4). It only helps: a server that doesn't know it gets the message all the
// same.
func (s *session) priority(terms message.Terms) (string, *backend.Error) {
	switch {
	case terms.Priority == 0:
		return "", nil
	case !s.offers.has("MT-PRIORITY"):
		s.conn.dialogue.note("the server doesn't offer MT-PRIORITY: the priority is left out")
		return "", nil
	}
	return " MT-PRIORITY=" + strconv.Itoa(terms.Priority), nil
}

// maxSubmitter bounds AUTH with its value (RFC 4954 section 3).
const maxSubmitter = 500

// submitter is AUTH (RFC 4954 section 5). It is for a server that offers to have clients sign in, and says nothing to
// others.
func (s *session) submitter(terms message.Terms) (string, *backend.Error) {
	switch {
	case terms.Submitter == nil:
		return "", nil
	case !s.offers.has("AUTH"):
		s.conn.dialogue.note("the server doesn't offer AUTH: the submitter is left out")
		return "", nil
	case *terms.Submitter == "":
		return " AUTH=<>", nil
	}
	param := " AUTH=" + xtext(*terms.Submitter)
	if len(param) > maxSubmitter {
		return "", &backend.Error{
			Kind: backend.Data, Stage: "submitter",
			Err: fmt.Errorf("%q... takes over %d octets", (*terms.Submitter)[:40], maxSubmitter),
		}
	}
	return param, nil
}

// seconds is the first parameter of an extension, a limit in seconds; one that can't be read is none.
func (c capabilities) seconds(keyword string) (time.Duration, bool) {
	params := c[keyword]
	if len(params) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(params[0], 10, 32) // both RFCs have up to nine digits
	return time.Duration(n) * time.Second, err == nil
}

// moment is the second parameter of an extension, a limit in time; one that can't be read is none.
func (c capabilities) moment(keyword string) (time.Time, bool) {
	params := c[keyword]
	if len(params) < 2 {
		return time.Time{}, false
	}
	limit, err := time.Parse(time.RFC3339, params[1])
	return limit, err == nil
}

func inSeconds(d time.Duration) string {
	return strconv.FormatInt(int64(d/time.Second), 10)
}
