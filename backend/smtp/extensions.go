package smtp

import "strings"

// meaning is what an extension is for, in a sentence, and where it is defined. The keyword is in upper case; one that
// nobody knows has neither.
func meaning(keyword string) (sentence, rfc string) {
	switch keyword {
	case "8BITMIME":
		return "takes messages with octets beyond US-ASCII as they are", "RFC 6152"
	case "ATRN":
		return "hands over waiting mail to who signs in, on the same connection turned around", "RFC 2645"
	case "AUTH":
		return "lets clients sign in, by the mechanisms named", "RFC 4954"
	case "BINARYMIME":
		return "takes messages that are no lines of text, by BDAT", "RFC 3030"
	case "BURL":
		return "takes parts of a message from an IMAP server", "RFC 4468"
	case "CHECKPOINT":
		return "goes on where a broken transfer has stopped", "RFC 1845"
	case "CHUNKING":
		return "takes messages in pieces of a known size, without the final dot", "RFC 3030"
	case "CONNEG":
		return "tells what kinds of content the recipient can show", "RFC 4141"
	case "CONPERM":
		return "may convert content, where the sender permits it", "RFC 4141"
	case "DELIVERBY":
		return "delivers within a time that the sender names, or reports", "RFC 2852"
	case "DSN":
		return "reports what has become of a message, as the sender wishes", "RFC 3461"
	case "ENHANCEDSTATUSCODES":
		return "says in its replies more exactly what is wrong", "RFC 2034"
	case "ETRN":
		return "starts the delivery of a waiting queue when asked", "RFC 1985"
	case "EXPN":
		return "tells who is on a mailing list", "RFC 5321"
	case "FUTURERELEASE":
		return "holds a message back until a time that the sender names", "RFC 4865"
	case "HELP":
		return "answers HELP", "RFC 5321"
	case "LIMITS":
		return "says how many messages and recipients it takes at a time", "RFC 9422"
	case "MT-PRIORITY":
		return "treats messages by their priority", "RFC 6710"
	case "MTRK":
		return "lets senders ask where a message is", "RFC 3885"
	case "NO-SOLICITING":
		return "says which kinds of advertising it doesn't take", "RFC 3865"
	case "PIPELINING":
		return "takes several commands at once, which saves waiting", "RFC 2920"
	case "REQUIRETLS":
		return "keeps a message on encrypted ways as far as its mailbox", "RFC 8689"
	case "RRVS":
		return "delivers only where a mailbox has had the same owner since a time", "RFC 7293"
	case "SIZE":
		return "says how large a message may be, and is told how large one is", "RFC 1870"
	case "SMTPUTF8":
		return "takes addresses and header fields beyond US-ASCII", "RFC 6531"
	case "STARTTLS":
		return "begins encryption on this connection when asked", "RFC 3207"
	case "SUBMITTER":
		return "is told who is responsible for a message", "RFC 4405"
	case "VRFY":
		return "tells whether a mailbox exists, or says politely that it won't", "RFC 5321"
	case "XCLIENT":
		return "takes a trusted proxy's word on who the client is (Postfix)", ""
	case "XFORWARD":
		return "takes a trusted filter's word on who the client is, for its log (Postfix)", ""
	}
	if strings.HasPrefix(keyword, "X") {
		return "is the server's own", ""
	}
	return "", ""
}
