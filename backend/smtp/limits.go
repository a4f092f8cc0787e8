package smtp

import (
	"slices"
	"strconv"
	"strings"
)

// limits are what the server says it takes at most (RFC 9422); 0 is no limit.
type limits struct {
	mails   int // transactions in a session
	rcpts   int // recipients in a transaction
	domains int // domains in a transaction
}

// readLimits reads the parameters of LIMITS. What is no number, or 0, says nothing.
func readLimits(params []string) (l limits) {
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || len(value) > 6 { // section 4
			continue
		}
		switch name {
		case "MAILMAX":
			l.mails = n
		case "RCPTMAX":
			l.rcpts = n
		case "RCPTDOMAINMAX":
			l.domains = n
		}
	}
	return l
}

// maxRcpts is how many recipients a transaction has where the server says nothing: Postfix takes as many, and closes on
// those who offer it many more. RFC 5321 section 4.5.3.1.8 has servers take 100.
const maxRcpts = 1000

// least is the smaller of two limits.
func least(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// portion takes as many of the recipients left, by their place in to, as one transaction may have.
func (l limits) portion(left []int, to []string) (now, later []int) {
	if l.domains > 0 {
		var domains []string
		for _, i := range left {
			domain := strings.ToLower(to[i][strings.LastIndexByte(to[i], '@')+1:])
			switch known := slices.Contains(domains, domain); {
			case !known && len(domains) == l.domains:
				later = append(later, i)
				continue
			case !known:
				domains = append(domains, domain)
			}
			now = append(now, i)
		}
		left = now
	}
	if l.rcpts > 0 && len(left) > l.rcpts {
		return left[:l.rcpts], append(slices.Clone(left[l.rcpts:]), later...)
	}
	return left, later
}
