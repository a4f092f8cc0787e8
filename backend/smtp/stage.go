package smtp

import "time"

// stage is a step of the exchange that waits for the server.
type stage struct {
	name  string
	limit time.Duration // for the whole reply, or one block of the body; an account's timeout caps it
}

// The time limits are those of RFC 5321 section 4.5.3.2 where it names one. They bound the whole reply, so a server
// that sends an octet now and then gains nothing.
var (
	stageIdentity  = stage{"tls.cert", time.Minute}     // a file may be a pipe that nobody writes to
	stageConnect   = stage{"connect", 30 * time.Second} // for each address; others may follow
	stageHandshake = stage{"TLS handshake", time.Minute}
	stageGreeting  = stage{"greeting", 5 * time.Minute} // 4.5.3.2.1
	stageEHLO      = stage{"EHLO", 5 * time.Minute}
	stageLHLO      = stage{"LHLO", 5 * time.Minute}
	stageHELO      = stage{"HELO", 5 * time.Minute}
	stageSTARTTLS  = stage{"STARTTLS", 2 * time.Minute}
	stageAUTH      = stage{"AUTH", 2 * time.Minute}
	stageRSET      = stage{"RSET", 5 * time.Minute}
	stageMAIL      = stage{"MAIL", 5 * time.Minute}        // 4.5.3.2.2
	stageRCPT      = stage{"RCPT", 5 * time.Minute}        // 4.5.3.2.3
	stageDATA      = stage{"DATA", 2 * time.Minute}        // 4.5.3.2.4
	stageBody      = stage{"body", 3 * time.Minute}        // 4.5.3.2.5, for each block
	stageDot       = stage{"final dot", 10 * time.Minute}  // 4.5.3.2.6
	stageQUIT      = stage{"QUIT", 5 * time.Second}        // only waited for while the dialogue is watched
	stageLate      = stage{"early reply", 1 * time.Second} // a refusal that came while the body was being written
)

// capped is the stage with its limit no longer than max; 0 is no cap.
func (s stage) capped(max time.Duration) stage {
	if max > 0 {
		s.limit = min(s.limit, max)
	}
	return s
}
