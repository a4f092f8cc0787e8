package receipt

import "strings"

// QueueID is what the server calls the message, by which its postmaster finds it in the server's log, as far as the
// reply tells: each server has its own way to say it. It is empty where there is none that is known.
func QueueID(reply string) string {
	words := strings.Fields(reply)
	if len(words) > 0 && len(words[0]) == 3 && strings.Trim(words[0], "0123456789") == "" { // the code
		words = words[1:]
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "2.") && strings.Trim(words[0], "0123456789.") == "" { // RFC 3463
		words = words[1:]
	}
	for _, w := range words {
		if id, ok := strings.CutPrefix(w, "id="); ok { // Exim
			return plain(id)
		}
		if id, ok := strings.CutPrefix(w, "[InternalId="); ok { // Exchange
			return plain(id)
		}
	}
	for _, saying := range sayings {
		if id := saying.find(words); id != "" {
			return id
		}
	}
	return ""
}

// saying is how a server says it: in words, which are the same in any case, where "*" stands for any one word and "#"
// for the ID.
type saying struct {
	words string
	whole bool // they are all of the reply, and not some of it
}

var sayings = []saying{
	{"queued as #", false},              // Postfix and many others
	{"queued with id #", false},         // Stalwart
	{"# message accepted for *", false}, // Sendmail, OpenSMTPD
	{"message accepted #", true},
	{"ok * qp #", true},      // qmail
	{"ok * # - gsmtp", true}, // Gmail
	{"<*> # saved", true},    // Dovecot
}

func (s saying) find(words []string) string {
	want := strings.Fields(s.words)
	for at := 0; at+len(want) <= len(words); at++ {
		if s.whole && len(words) != len(want) {
			return ""
		}
		if id := match(want, words[at:]); id != "" {
			return id
		}
	}
	return ""
}

func match(want, words []string) (id string) {
	for i, w := range want {
		got := words[i]
		switch {
		case w == "#":
			id = plain(got)
		case w == "<*>":
			if !strings.HasPrefix(got, "<") || !strings.HasSuffix(got, ">") {
				return ""
			}
		case w != "*" && !strings.EqualFold(w, got):
			return ""
		}
	}
	return id
}

// plain is an ID without the punctuation around it. What has no digit is a word of the text.
func plain(id string) string {
	id = strings.Trim(id, "<>()[].,;:\"'")
	if !strings.ContainsAny(id, "0123456789") {
		return ""
	}
	return id
}
