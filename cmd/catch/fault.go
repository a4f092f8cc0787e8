package catch

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Faults are what a server does wrong on purpose. The zero value does nothing wrong.
type Faults struct {
	Greylist      bool
	Drop          bool
	Refuse        []string // addresses; "" is the first recipient of each message
	NoStartTLS    bool
	Slow          time.Duration
	Busy          bool
	Full          bool
	Reject        bool
	WrongPassword bool
}

// KnownFault is the name of a fault, and what it does.
type KnownFault struct{ Name, Does string }

// KnownFaults are all faults, for people.
func KnownFaults() []KnownFault {
	return []KnownFault{
		{"greylist", "a recipient is told 451 the first time, and taken when the same client tries again"},
		{"drop", "the connection is closed after the message, without an answer"},
		{"refuse", "the first recipient is told 550; refuse=ADDRESS: this one"},
		{"no-starttls", "STARTTLS is not offered, as if someone on the way had taken it out"},
		{"slow", "each answer comes a second late; slow=TIME: this late, such as slow=30s"},
		{"busy", "421 in place of the greeting"},
		{"full", "452 to the sender, as of a server whose disk is full"},
		{"reject", "554 after the message, as of a filter"},
		{"wrong-password", "535 to every sign-in"},
	}
}

// ParseFaults reads the names of faults.
func ParseFaults(words []string) (f Faults, err error) {
	for _, word := range words {
		name, value, valued := strings.Cut(word, "=")
		if valued && name != "refuse" && name != "slow" {
			return f, fmt.Errorf("the fault %s takes no value", name)
		}
		if valued && value == "" {
			return f, fmt.Errorf("the fault %s has an empty value", name)
		}
		switch name {
		case "greylist":
			f.Greylist = true
		case "drop":
			f.Drop = true
		case "refuse":
			f.Refuse = append(f.Refuse, value)
		case "no-starttls":
			f.NoStartTLS = true
		case "slow":
			f.Slow = time.Second
			if valued {
				if f.Slow, err = time.ParseDuration(value); err != nil || f.Slow <= 0 {
					return f, fmt.Errorf("the fault slow=%s: not a time such as 500ms or 30s", value)
				}
			}
		case "busy":
			f.Busy = true
		case "full":
			f.Full = true
		case "reject":
			f.Reject = true
		case "wrong-password":
			f.WrongPassword = true
		default:
			var names []string
			for _, known := range KnownFaults() {
				names = append(names, known.Name)
			}
			return f, fmt.Errorf("there is no fault %q; there are %s", word, strings.Join(names, ", "))
		}
	}
	return f, nil
}

// refuses tells whether a recipient is refused; first is whether the message has none before it.
func (f *Faults) refuses(address string, first bool) bool {
	for _, refused := range f.Refuse {
		if refused == "" && first || refused != "" && strings.EqualFold(refused, address) {
			return true
		}
	}
	return false
}

// greylist remembers who has tried. It is asked by the client's address, the sender and the recipient, as RFC 6647
// section 2.3 describes.
type greylist struct {
	lock sync.Mutex
	seen map[[3]string]bool
}

// known tells whether this was tried before, and remembers it.
func (g *greylist) known(client, from, to string) bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.seen == nil {
		g.seen = map[[3]string]bool{}
	}
	triple := [3]string{client, strings.ToLower(from), strings.ToLower(to)}
	known := g.seen[triple]
	g.seen[triple] = true
	return known
}
