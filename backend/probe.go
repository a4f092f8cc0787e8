package backend

import "context"

// Prober is a Transport that can be tried without a message.
type Prober interface {
	// Probe goes the way that a message would go, as far as it can without one, and tells of each step as it is done. What
	// can't be gone on with is told as steps that failed; no message is sent.
	Probe(ctx context.Context, tell func(Step))
}

// Verdict is what a step of a probe comes to.
type Verdict int

// The verdicts.
const (
	Passed  Verdict = iota
	Noted           // it works, and there is something to know or to do about it
	Skipped         // it was not tried, and Text says why
	Failed          // Err says why
)

// Step is one step of a probe.
type Step struct {
	Name    string // "connect", "sign in"
	Verdict Verdict
	Text    string         // what was found, in a line
	Advice  string         // what to do about it, where there is something
	Err     error          // of a step that failed, an *Error; of one that is noted, what did not work
	Facts   map[string]any // the same for programs, by the names that JSON has for them
}

// Way is how a transport would carry a message, as far as its account says: nothing is asked for it, and no secret is in it.
// What a transport hasn't got is empty.
type Way struct {
	Servers   []string `json:"servers,omitempty"` // in the order in which they are tried: "host:port", "unix:path", "srv:domain"
	TLS       string   `json:"tls,omitempty"`
	Proxy     string   `json:"proxy,omitempty"`
	Source    string   `json:"source,omitempty"` // the address of this machine
	HELO      string   `json:"helo,omitempty"`
	Mechanism string   `json:"mechanism,omitempty"`
	User      string   `json:"user,omitempty"`
	Secret    string   `json:"secret,omitempty"`  // where it would come from
	Program   string   `json:"program,omitempty"` // without its arguments
	Folder    string   `json:"folder,omitempty"`
}

// Guide is a Transport that tells its way.
type Guide interface {
	Way() Way
}
