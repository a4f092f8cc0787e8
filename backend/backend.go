// Package backend says what a transport is: how it is opened, what it is given, and which fate it reports for each
// recipient. The transports themselves are the packages below it; none of them is named here.
//
// A new transport is one folder below this one and one line in the registry that the program builds.
package backend

import (
	"context"
	"io"
	"maps"
	"slices"

	"postern/conf"
	"postern/message"
)

// Transport carries messages for one account. It is for one caller at a time.
type Transport interface {
	// Send offers msg to every recipient of env. A non-nil error is the fate of all of them; otherwise there is one
	// Status for each recipient, in the order of env.To. Errors are of type *Error.
	Send(ctx context.Context, env *message.Envelope, msg *message.Message) ([]Status, error)
	// Close gives back what Send left open.
	Close() error
}

// Item is a message for one of many. Done is called once, with what Send would return.
type Item struct {
	Env  *message.Envelope
	Msg  *message.Message
	Done func([]Status, error)
}

// Carrier is a Transport that carries many messages at the cost of few connections.
type Carrier interface {
	// SendEach sends all that next gives, until it gives nil, which it never waits to do. Several may be on their way
	// before the first is done; Done is called for each that next has given. The error is that of a connection that
	// could not be made, which is also the fate of what was to go by it; next was not asked for more.
	SendEach(ctx context.Context, next func() *Item) error
}

// Preparer is a Transport that can get ready while its message is still being made.
type Preparer interface {
	// Prepare begins to, and returns at once. What goes wrong is told by the Send that follows; if none does, nobody
	// is told, and Close undoes it.
	Prepare()
}

// Status is the fate of one recipient.
type Status struct {
	Rcpt    string
	Reply   string // the server's words when it took the message
	Server  string // which one it was, as Error has it; empty for what is no server and no program
	TLS     string // how the message went there, as Error has it
	Reports bool   // the server sees to the reports of success that the sender has asked for (RFC 3461)
	Err     error  // nil when the server took responsibility for the message; else an *Error, which says the rest
}

// Settle gives the recipients that have no fate of their own yet one together: failed, or where that is nil the reply of
// server.
func Settle(statuses []Status, server, reply string, failed *Error) {
	for i := range statuses {
		switch s := &statuses[i]; {
		case s.Err != nil:
		case failed != nil: // a nil *Error is no nil error
			s.Err = failed
		default:
			s.Reply, s.Server = reply, server
		}
	}
}

// Surroundings are what a transport is given besides its account.
type Surroundings struct {
	Hostname string    // this host's FQDN for HELO, or empty
	Dialogue io.Writer // where the dialogue is shown as it happens, or nil

	// Progress is told that a message of so many octets begins to leave, and gives what is told of them as they do; or nil.
	// Both are called by any goroutine.
	Progress func(size int64) (more func(octets int))

	Limit func(a *conf.Account, octets int64) // is told how long a message may be, where an account's server says so; or nil
}

// OpenFunc makes the transport of an account. It decodes the account's keys and judges them, and touches neither the
// network nor any file, so that all accounts can be checked at every start.
type OpenFunc func(*conf.Account, Surroundings) (Transport, error)

// Registry is the plug board: the transports by the name that the backend key gives.
type Registry map[string]OpenFunc

// Open makes the transport of an account; a backend that nobody has registered is a *conf.Error.
func (r Registry) Open(a *conf.Account, s Surroundings) (Transport, error) {
	open, ok := r[a.Backend]
	if !ok {
		return nil, a.Errorf("backend", "%q is none of %v", a.Backend, r.Names())
	}
	return open(a, s)
}

// Names are the registered transports, sorted.
func (r Registry) Names() []string {
	return slices.Sorted(maps.Keys(r))
}
