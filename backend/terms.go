package backend

import "postern/message"

// Unkept refuses an envelope on terms that a transport of this machine can't keep: left out, they would be a promise
// broken silently. final tells that the message goes no further: it is there at once, and has no way left that could
// lack TLS.
func Unkept(terms message.Terms, stage string, final bool) *Error {
	text := ""
	switch {
	case terms.RequireTLS && !final:
		text = "TLS is required all the way, and nothing is known of the way from here"
	case terms.Held():
		text = "the message is to be held back, and nothing is held here"
	case terms.DeliverBy.Within > 0 && terms.DeliverBy.Return && !final:
		text = "the message is to be delivered in time or come back, and nothing is known of the way from here"
	default:
		return nil
	}
	return &Error{Kind: Refused, Stage: stage, Text: text}
}
