package main

import "strings"

// The words of demo --lesson: a sentence or two for each line of a dialogue, in plain words, and where it is written.
// They are switches rather than tables, so that they cost nothing before main.

// lessonCommand is for what the client says.
func lessonCommand(verb string) string {
	switch verb {
	case "EHLO":
		return "The client says who it is, by its name or by its address in brackets, and asks what the server can do (RFC 5321 section 4.1.1.1)."
	case "EHLO again":
		return "What the server said in clear may have been changed on the way, and is forgotten: the client asks once more (RFC 3207 section 4.2)."
	case "HELO":
		return "The greeting of old, for servers that don't know EHLO; there are no extensions then (RFC 5321 section 4.1.1.1)."
	case "LHLO":
		return "The EHLO of LMTP, which hands messages to the mailboxes of a machine (RFC 2033 section 4.1)."
	case "STARTTLS":
		return "The client asks to encrypt the connection before anything private is said (RFC 3207 section 4)."
	case "AUTH":
		return "The client signs in. The words go in base64, which hides nothing by itself; this dialogue shows [secret] in their place (RFC 4954 section 4)."
	case "answer":
		return "The client's answer to the challenge, in base64 (RFC 4954 section 4)."
	case "MAIL":
		return "A message begins. This is its sender for the servers, where reports about it go; From: in its header is for people (RFC 5321 section 4.1.1.2)."
	case "RCPT":
		return "One recipient. These lines alone decide who gets the message, and not To: in its header; so who was in Bcc: is here and nowhere else (RFC 5321 section 4.1.1.3)."
	case "DATA":
		return "The client asks to send the message itself (RFC 5321 section 4.1.1.4)."
	case "BDAT":
		return "The message follows, so many octets, and LAST says that this is all of it. Since they are counted, no line has to mark the end (RFC 3030 section 2)."
	case "BDAT more":
		return "A piece of the message follows, so many octets; there is more behind it (RFC 3030 section 2)."
	case "end":
		return "A dot alone on its line: the message ends here. Now it counts (RFC 5321 section 4.1.1.4)."
	case "RSET":
		return "The client takes back what was said of this message, and stays (RFC 5321 section 4.1.1.5)."
	case "QUIT":
		return "The client has nothing more to say (RFC 5321 section 4.1.1.10)."
	case "*":
		return "The client gives the sign-in up (RFC 4954 section 4)."
	}
	return "A command (RFC 5321 section 4.1.1)."
}

// lessonContent is for the message itself.
func lessonContent(dots bool) string {
	if dots {
		return "The message, of which this dialogue shows the length alone. A line of it that begins with a dot gets another one in front, which the server takes off: a dot alone would be the end (RFC 5321 section 4.5.2)."
	}
	return "The message, of which this dialogue shows the length alone. Behind DATA each line that begins with a dot would need another one in front (RFC 5321 section 4.5.2); here it goes as it is (RFC 3030 section 2)."
}

// lessonMechanism is for the name behind AUTH.
func lessonMechanism(name string, secure bool) string {
	switch name {
	case "PLAIN":
		if !secure {
			return "PLAIN is user and password in one go, and belongs within TLS (RFC 4616 sections 1 and 2). Here it goes in clear, which postern does by itself only where the server is on the same machine."
		}
		return "PLAIN is user and password in one go, so it belongs within TLS (RFC 4616 sections 1 and 2)."
	case "LOGIN":
		return "LOGIN asks for user and password one after the other. It was never made a standard, and is everywhere."
	case "CRAM-MD5":
		return "CRAM-MD5 shows that the client knows the password without saying it (RFC 2195 section 2)."
	case "EXTERNAL":
		return "EXTERNAL relies on what is known from elsewhere, as the client's certificate (RFC 4422 appendix A)."
	case "XOAUTH2":
		return "XOAUTH2 shows a token of the provider's in place of a password. It is Google's, and was never made a standard; OAUTHBEARER is (RFC 7628)."
	case "OAUTHBEARER":
		return "The client shows a token of the provider's in place of a password (RFC 7628 section 3)."
	}
	if strings.HasPrefix(name, "SCRAM-") {
		return "SCRAM: both sides show that they know the password, and neither says it (RFC 5802 section 3)."
	}
	return "The mechanism says how the two go on (RFC 4422 section 3)."
}

// lessonParameter is for a word behind the address.
func lessonParameter(verb, name string) string {
	switch name {
	case "SIZE":
		return "SIZE= is the message's length, so that the server can say no before it comes (RFC 1870 section 6)."
	case "BODY":
		return "BODY= says what the text is made of: 8BITMIME has octets above 127, here the umlaut (RFC 6152 section 2)."
	case "SMTPUTF8":
		return "SMTPUTF8: an address or the header is in UTF-8 (RFC 6531 section 3.4)."
	case "AUTH":
		return "AUTH= is who handed the message in, as far as the client will vouch for it (RFC 4954 section 5)."
	case "RET", "ENVID", "NOTIFY", "ORCPT":
		return name + "= is about the reports that the sender wants (RFC 3461 section 4)."
	case "REQUIRETLS":
		return "REQUIRETLS: no server on the way may pass it on in clear (RFC 8689 section 2)."
	}
	return "A parameter of an extension, which goes behind the address (RFC 5321 section 4.1.2)."
}

// lessonExtension is for a line of the reply to EHLO.
func lessonExtension(name string) string {
	switch name {
	case "PIPELINING":
		return "PIPELINING: the client may send several commands without waiting for each reply (RFC 2920 section 3)."
	case "8BITMIME":
		return "8BITMIME: the text may have octets above 127, as of UTF-8, without an encoding (RFC 6152 section 2)."
	case "ENHANCEDSTATUSCODES":
		return "ENHANCEDSTATUSCODES: replies have a second, finer code, such as 5.1.1 for an unknown user (RFC 2034 section 2)."
	case "CHUNKING":
		return "CHUNKING: a message may be sent by BDAT, counted, in place of DATA (RFC 3030 section 2)."
	case "BINARYMIME":
		return "BINARYMIME: with BDAT, a message may have octets of any kind (RFC 3030 section 3)."
	case "STARTTLS":
		return "STARTTLS: the server can encrypt this connection (RFC 3207 section 2)."
	case "AUTH":
		return "AUTH: clients may sign in, by one of these mechanisms (RFC 4954 section 3)."
	case "SIZE":
		return "SIZE: the longest message that the server takes, in octets (RFC 1870 section 3)."
	case "DSN":
		return "DSN: the sender may choose which reports it gets (RFC 3461 section 4)."
	case "SMTPUTF8":
		return "SMTPUTF8: addresses and headers may be in UTF-8 (RFC 6531 section 3.1)."
	case "REQUIRETLS":
		return "REQUIRETLS: a message may ask for TLS on all of its way (RFC 8689 section 2)."
	case "LIMITS":
		return "LIMITS: how much the server takes at once (RFC 9422 section 3)."
	}
	return "The keyword of an extension, of which the IANA has the list; who doesn't know it does without (RFC 5321 section 2.2.2)."
}

// lessonReply is for a reply, by what was asked.
func lessonReply(question, code string) string {
	switch {
	case question == "":
		return "The server says this unasked (RFC 5321 section 3.8)."
	case question == "greeting" && code == "220":
		return "The server speaks first: 220, it is ready (RFC 5321 section 3.1). The text behind the code is for people; ESMTP in it is an old custom of servers that have extensions."
	case (question == "EHLO" || question == "LHLO") && code == "250":
		return "250 is yes. What follows, a line each, is what the server can do; a hyphen behind the code says that there is another line, a space that it is the last (RFC 5321 section 4.2.1)."
	case question == "STARTTLS" && code == "220":
		return "The server agrees: the next octets are those of TLS (RFC 3207 section 4)."
	case question == "AUTH" && code == "235":
		return "The client is signed in (RFC 4954 section 6)."
	case question == "AUTH" && code == "334":
		return "A challenge, in base64, which the client has to answer (RFC 4954 section 4)."
	case question == "MAIL" && code[0] == '2':
		return "The server takes mail from this sender (RFC 5321 section 3.3)."
	case question == "RCPT" && code[0] == '2':
		return "The server takes mail for this recipient. Each has a reply of its own: one may be refused, and the others taken (RFC 5321 section 3.3)."
	case question == "DATA" && code == "354":
		return "Go ahead. Every line from here on is the message, until one that is a single dot (RFC 5321 section 4.1.1.4)."
	case (question == "BDAT" || question == "end") && code[0] == '2':
		return "The reply that counts: the server has the message, and from now on it is the server that must deliver it or report that it could not (RFC 5321 section 4.2.5)."
	case question == "QUIT" && code == "221":
		return "The server says goodbye, and closes the connection (RFC 5321 section 4.1.1.10)."
	}
	switch code[0] {
	case '2':
		return "Yes: it is done (RFC 5321 section 4.2.1)."
	case '3':
		return "So far so good, and the server waits for the rest (RFC 5321 section 4.2.1)."
	case '4':
		return "Not now: a code that begins with 4 asks the client to try again later (RFC 5321 section 4.2.1)."
	case '5':
		return "No: a code that begins with 5 is for good; the same again would be refused again (RFC 5321 section 4.2.1)."
	}
	return "There are no such codes in SMTP (RFC 5321 section 4.2.1)."
}

// lessonNote is for what happens between the lines.
func lessonNote(text string) string {
	switch {
	case strings.HasPrefix(text, "account "):
		return "The profile that the message goes by: it has the server, and what to sign in with. This line is for you, and is not sent."
	case strings.HasPrefix(text, "connected to "):
		return "A TCP connection is open. SMTP is lines of text on it, each ending with CR and LF (RFC 5321 section 2.3.8)."
	case text == "TLS by STARTTLS":
		return "The handshake is over, and everything is encrypted from here on. The client has checked that the certificate is for this server, and signed by whom it trusts (RFC 3207 section 4.1)."
	case strings.HasPrefix(text, "TLS "):
		return "TLS comes before the first word of SMTP. The client has checked that the certificate is for this server, and signed by whom it trusts (RFC 8314 section 3.3)."
	case strings.HasSuffix(text, "(PIPELINING)"):
		return "The next lines of the client's leave together, without waiting: one way there and back in place of one for each. The replies come in the same order (RFC 2920 section 3.1)."
	case strings.HasPrefix(text, "the message has "), strings.HasPrefix(text, "the header has "):
		return "The server lacks 8BITMIME or SMTPUTF8, and what goes beyond US-ASCII has to be encoded (RFC 6152 section 3)."
	}
	return "This is what postern does by itself; nothing of it is sent."
}
