package message

import "time"

// Terms are what the sender asks of the message's way. The zero value asks for nothing.
type Terms struct {
	RequireTLS bool          // every server on the way has to use TLS, or else the message comes back (RFC 8689)
	HoldFor    time.Duration // how long the server keeps the message back (RFC 4865), in whole seconds; or 0
	HoldUntil  time.Time     // or until when, in whole seconds; or zero
	DeliverBy  DeliverBy
	Priority   int     // -9 to 9 (RFC 6710); 0 is what every message has
	Submitter  *string // who has handed the message in (RFC 4954 section 5): nil isn't told, empty is <>
}

// DeliverBy is a time limit for delivery (RFC 2852).
type DeliverBy struct {
	Within time.Duration // in whole seconds; 0 is no limit
	Return bool          // a message that is late comes back (mode R); or else its sender is told so (mode N)
	Trace  bool          // the sender is told of each server that passes it on
}

// Held tells whether the message is to be kept back. A time that has come keeps nothing back.
func (t Terms) Held() bool {
	return t.HoldFor > 0 || t.HoldUntil.After(time.Now())
}
