package message

// Envelope is what the server is told apart from the message (RFC 5321 section 2.3.1).
type Envelope struct {
	From     string   // reverse-path, without the angle brackets; empty is the null reverse-path
	To       []string // forward-paths, without the angle brackets
	EightBit bool     // BODY=8BITMIME whatever the message has (RFC 6152)
	DSN      DSN
	Terms    Terms
}

// DSN is what the sender asks to be told about a message's way (RFC 3461). A server that can't isn't asked.
type DSN struct {
	Return string // RET: "FULL", "HDRS" or empty
	ID     string // ENVID as it is meant, without xtext
	For    []Wish // one for each recipient of To, in order; or none at all
}

// Wish is the part of a DSN that is one recipient's.
type Wish struct {
	Notify   string // NOTIFY: "NEVER", or some of "SUCCESS,FAILURE,DELAY"; or empty
	Original string // ORCPT's address as it is meant, without its type and xtext; or empty
}
