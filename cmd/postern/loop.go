package main

import (
	"fmt"
	"slices"
	"strings"

	"postern/backend"
	"postern/message"
)

// maxHops is what Postfix has, too. A message needs fewer than ten; RFC 5321 section 6.3 wants 100 at least of servers that
// count, and a loop is cheaper to end here, where the message would begin anew.
const maxHops = 50

// looped refuses a message that goes around in circles. Its Message-ID can't tell: a program sends a message once more after a
// failure, and a copy by a mailing list is forwarded as the first one was. But each server that it passes adds a field.
func looped(msg *message.Message) error {
	hops := msg.Hops()
	if len(hops) <= maxHops {
		return nil
	}
	var last []string
	for _, host := range hops[:10] {
		if host != "" && !slices.Contains(last, host) {
			last = append(last, host)
		}
	}
	text := fmt.Sprintf("mail loop: the message has %d Received fields, and %d at most are passed on", len(hops), maxHops)
	if len(last) > 0 {
		text += "; it has just been at " + strings.Join(last, ", ")
	}
	return &backend.Error{Kind: backend.Refused, Code: 554, Status: "5.4.6", Text: text} // routing loop detected (RFC 3463 section 3.5)
}
