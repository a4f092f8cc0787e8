package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"postern/conf"
	"postern/message"
)

// The options that ask something of the message's way.

// maxSeconds bounds a length of time: it goes out as up to nine digits (RFC 2852 section 4, RFC 4865 section 3).
const maxSeconds = 999_999_999

// setHoldFor is --hold-for (RFC 4865): for how long the server keeps the message back.
func setHoldFor(inv *invocation, value string) (err error) {
	inv.terms.HoldFor, err = wholeSeconds("--hold-for", value)
	return err
}

// setHoldUntil is --hold-until (RFC 4865). A time that is past is good: the command line may be one that is tried
// again.
func setHoldUntil(inv *invocation, value string) error {
	until, err := time.Parse(time.RFC3339, value)
	if err != nil || until.Nanosecond() != 0 || until.UTC().Year() > 9999 {
		return fmt.Errorf("--hold-until %s: should be a time such as 2026-12-01T08:00:00Z or 2026-12-01T09:00:00+01:00", value)
	}
	inv.terms.HoldUntil = until
	return nil
}

// setDeliverBy is --deliver-by (RFC 2852): a length of time, and what happens to a message that is late.
func setDeliverBy(inv *invocation, value string) error {
	length, rest, _ := strings.Cut(value, ",")
	within, err := wholeSeconds("--deliver-by", length)
	if err != nil {
		return err
	}
	by := message.DeliverBy{Within: within}
	switch strings.ToLower(rest) {
	case "", "return":
		by.Return = true
	case "trace", "return,trace":
		by.Return, by.Trace = true, true
	case "notify":
	case "notify,trace":
		by.Trace = true
	default:
		return fmt.Errorf("--deliver-by %s: behind the time there should be return or notify, and perhaps trace", value)
	}
	inv.terms.DeliverBy = by
	return nil
}

// setPriority is --priority (RFC 6710 section 2).
func setPriority(inv *invocation, value string) error {
	priority, err := strconv.Atoi(value)
	if err != nil || priority < -9 || priority > 9 {
		return fmt.Errorf("--priority %s: should be a number from -9, the least urgent, to 9", value)
	}
	inv.terms.Priority = priority
	return nil
}

// setSubmitter is --submitter (RFC 4954 section 5): one address as it is, or nobody's.
func setSubmitter(inv *invocation, value string) error {
	if value == "<>" {
		value = ""
	}
	addrs, _ := message.ParseAddresses(value)
	isOne := len(addrs) == 1 && addrs[0].Spec == value && message.HasDomain(value)
	if value != "" && !isOne || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("--submitter %q: should be an address such as ann@example.org, or <>", value)
	}
	inv.terms.Submitter = &value
	return nil
}

// wholeSeconds reads a length of time.
func wholeSeconds(option, value string) (time.Duration, error) {
	var length conf.Duration
	if err := length.UnmarshalText([]byte(value)); err != nil {
		return 0, fmt.Errorf("%s: %w", option, err)
	}
	d := time.Duration(length)
	if d%time.Second != 0 || d > maxSeconds*time.Second {
		return 0, fmt.Errorf("%s %s: should be whole seconds, %d at most", option, value, maxSeconds)
	}
	return d, nil
}

// shownTerms are the lines of --dry-run for them.
func shownTerms(terms message.Terms) (lines []string) {
	if by := terms.DeliverBy; by.Within != 0 {
		line := fmt.Sprintf("deliver within %v, or tell the sender", by.Within)
		if by.Return {
			line = fmt.Sprintf("deliver within %v, or return", by.Within)
		}
		if by.Trace {
			line += "; tell of each server on the way"
		}
		lines = append(lines, line)
	}
	if terms.HoldFor != 0 {
		lines = append(lines, fmt.Sprintf("hold for %v", terms.HoldFor))
	}
	if !terms.HoldUntil.IsZero() {
		lines = append(lines, "hold until "+terms.HoldUntil.Format(time.RFC3339))
	}
	if terms.Priority != 0 {
		lines = append(lines, fmt.Sprintf("priority %d", terms.Priority))
	}
	if terms.RequireTLS {
		lines = append(lines, "require TLS all the way")
	}
	if terms.Submitter != nil {
		lines = append(lines, fmt.Sprintf("submitter <%s>", *terms.Submitter))
	}
	return lines
}
