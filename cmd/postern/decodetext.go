package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"postern/backend/smtp"
)

// quotedReply is a server's reply as somebody has quoted it: in an error of postern's, a bounce, a log.
type quotedReply struct {
	code   string // "535"; empty where only an enhanced status code is there
	status string // "5.7.8", or empty
	text   string
	at     string // where in the exchange it came, as far as one can tell
	sure   bool   // the text says so
}

// longestQuote is what counts of a text, which a line of a reply has to have room for.
const longestQuote = 1500

// findReply finds the first reply in a text. It need not be alone there: what stands before tells where it came.
func findReply(text string) (q quotedReply, ok bool) {
	text = strings.ToValidUTF8(text, "?")
	const (
		begin, end = `(?:^|[^0-9A-Za-z.])`, `(?:[^0-9A-Za-z.]|\.?$|\.\s)`
		enhanced   = `([245]\.[0-9]{1,3}\.[0-9]{1,3})`
	)
	// Made here, since at the start of the program they would cost every sendmail. The surest comes first: a number alone
	// may stand for anything.
	var before string
	for _, form := range [...]string{
		begin + `([2-5][0-5][0-9])[- ]#?` + enhanced + end,
		begin + `([45][0-5][0-9])()` + end,
		begin + `()` + enhanced + end,
		begin + `([23][0-5][0-9])()` + end,
	} {
		if m := regexp.MustCompile(form).FindStringSubmatchIndex(text); m != nil {
			q.code, q.status, before, q.text = text[m[2]:m[3]], text[m[4]:m[5]], text[:m[2]], text[m[5]:]
			break
		}
	}
	if q.code == "" && q.status == "" {
		return q, false
	}
	if q.status == "" { // "550 Requested action not taken: 5.1.1"
		if m := regexp.MustCompile(begin + enhanced + end).FindStringSubmatch(q.text); m != nil && m[1][0] == q.code[0] {
			q.status = m[1]
		}
	}
	if q.code != "" { // the other lines have the code as well
		again := regexp.MustCompile(`(^|\s)` + q.code + `[- ](?:` + regexp.QuoteMeta(q.status) + `(?:\s|$))?`)
		q.text = again.ReplaceAllString(q.text, " ")
	}
	q.text = strings.TrimLeft(oneLine(q.text), "-:;, ")
	q.text = q.text[:min(len(q.text), longestQuote)]
	q.at, q.sure = q.place(before)
	return q, true
}

// place is where in the exchange a reply came: what is written around it says so, or else its codes do.
func (q quotedReply) place(before string) (at string, sure bool) {
	around := strings.ToLower(before + " | " + q.text)
	for _, said := range [...]struct{ word, at string }{
		{"rcpt to", smtp.AtRCPT},
		{"rcpt:", smtp.AtRCPT},
		{"mail from", smtp.AtMAIL},
		{"end of data", smtp.AtMessage},
		{"final dot", smtp.AtMessage},
		{"auth:", smtp.AtAUTH},
		{"greeting:", smtp.AtGreeting},
		{"initial server greeting", smtp.AtGreeting},
	} {
		if strings.Contains(around, said.word) {
			return said.at, true
		}
	}
	_, detail, _ := strings.Cut(q.status, ".")
	subject, _, _ := strings.Cut(detail, ".")
	has := func(list, word string) bool { return word != "" && strings.Contains(" "+list+" ", " "+word+" ") }
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(around, word) })
	}
	switch {
	case says("recipient address rejected", "relay access denied", "relaying denied", "relay not permitted", "unable to relay", "recipnotfound", "recipientnotfound"):
		return smtp.AtRCPT, false
	case has("235 334 432 534 535 538", q.code), has("7.8 7.9 7.11 7.12 7.13 7.139", detail) && !has("550 552 553 554", q.code), q.code == "454" && subject == "7":
		return smtp.AtAUTH, false
	case q.code == "530", has("1.7 1.8 7.27", detail):
		return smtp.AtMAIL, false
	case q.code == "421" && detail == "3.2", has("220 521", q.code):
		return smtp.AtGreeting, false
	case subject == "1", subject == "2", has("450 551 553 556", q.code), detail == "5.3", detail == "7.2":
		return smtp.AtRCPT, false
	case q.code == "550" && q.status == "":
		return smtp.AtRCPT, false
	}
	return smtp.AtMessage, false
}

// wire is the reply in the form that servers send.
func (q quotedReply) wire() string {
	code := q.code
	if code == "" { // the class is all that counts
		code = q.status[:1] + "50"
	}
	return fmt.Sprintf("%s %s\r\n", code, strings.TrimSpace(q.status+" "+q.text))
}
