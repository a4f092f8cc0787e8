package queue

import (
	"math/rand/v2"
	"time"
)

// Policy says how long and how often a message is tried.
type Policy struct {
	Retry     []time.Duration // the pauses after the first try, the second, ...; the last one repeats
	GiveUp    time.Duration   // the age at which a message is given up
	WarnAfter time.Duration   // the age at which its sender is told of the delay; 0 never
	Parallel  int             // connections of an account at a time
}

// Pause is how long to wait after so many tries: a tenth more or less, so that what failed together isn't tried together.
func (p Policy) Pause(tries int) time.Duration {
	base := p.Retry[min(max(tries, 1), len(p.Retry))-1]
	return base - base/10 + rand.N(base/5+1)
}

// longest is the longest pause there can be. What is due later than that was put off by a clock that has since jumped.
func (p Policy) longest() time.Duration {
	most := time.Duration(0)
	for _, r := range p.Retry {
		most = max(most, r+r/10)
	}
	return most
}
