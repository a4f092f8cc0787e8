// Package codes says in words what a server's refusal means: its reply code (RFC 5321 section 4.2 and extensions), its
// enhanced status code (RFC 3463, and the registry that RFC 5248 has begun), and what some providers say in their texts.
//
// It knows nothing of what becomes of a message after a refusal: that is for backend/smtp to judge.
package codes

import "strings"

// Meaning is what something means, and what to do about it; Do may be empty.
type Meaning struct {
	Says string
	Do   string
}

// Reply is what a reply code means; ok tells whether it is a known one.
func Reply(code int) (says string, ok bool) {
	switch code {
	case 220:
		return "the server is ready", true
	case 221:
		return "the server closes the connection", true
	case 235:
		return "the sign-in has succeeded", true
	case 250:
		return "done", true
	case 251:
		return "the recipient has moved, and the server forwards the message", true
	case 252:
		return "the address can't be verified, and is taken all the same", true
	case 334:
		return "the server waits for the next step of the sign-in", true
	case 354:
		return "the server waits for the message", true
	case 421:
		return "the server does not go on with this connection, and closes it", true
	case 432:
		return "the password has to be changed, or the mailbox is busy", true
	case 450:
		return "the mailbox can't be used now: it is busy, or the server holds the sender off", true
	case 451:
		return "something went wrong in the server while it worked on the command", true
	case 452:
		return "the server has too little room now, or was given too many recipients at once", true
	case 454:
		return "TLS or the sign-in can't be had now, for a reason in the server", true
	case 455:
		return "the server can't do what a parameter of the command asks now", true
	case 500:
		return "the server does not know the command, or the line was too long", true
	case 501:
		return "a parameter or an address in the command is malformed", true
	case 502:
		return "the server knows the command, and does not offer it", true
	case 503:
		return "the command came out of turn: a sign-in may be missing before it", true
	case 504:
		return "the server does not offer what a parameter asks", true
	case 521:
		return "this host takes no mail at all", true
	case 523:
		return "the message is larger than the server takes", true
	case 530:
		return "something has to come first: a sign-in, or TLS", true
	case 534:
		return "this way of signing in is not enough for this account", true
	case 535:
		return "user and password, or the token, are not accepted", true
	case 538:
		return "this way of signing in needs TLS", true
	case 550:
		return "refused: there is no such mailbox, or a rule of the server forbids it", true
	case 551:
		return "the recipient is elsewhere, and the server does not forward", true
	case 552:
		return "too much: the mailbox is full, or the message too large", true
	case 553:
		return "the address is not allowed: malformed, or not yours to send from", true
	case 554:
		return "refused, for a reason that the text tells", true
	case 555:
		return "the server does not know a parameter of MAIL or RCPT", true
	case 556:
		return "the recipient's domain takes no mail", true
	}
	return "", false
}

// Class is what the first digit of a reply code means.
func Class(code int) string {
	switch code / 100 {
	case 2, 3:
		return "the server agrees"
	case 4:
		return "refused for now"
	case 5:
		return "refused for good"
	}
	return ""
}

// Enhanced is what an enhanced status code such as "5.7.8" means. For a detail that is not registered it is what the subject
// means, and exact is false.
func Enhanced(status string) (m Meaning, exact bool) {
	_, rest, _ := strings.Cut(status, ".")
	subject, _, _ := strings.Cut(rest, ".")
	for _, e := range enhanced {
		switch e.code {
		case rest:
			return e.Meaning, true
		case subject + ".0":
			m = e.Meaning
		}
	}
	return m, false
}
