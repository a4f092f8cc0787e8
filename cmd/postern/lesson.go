package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// lesson is a writer of the dialogue that says behind each line what it means. The words are in lessonwords.go.
type lesson struct {
	out    io.Writer
	faint  func(string) string
	asked  []string // what the client has asked, and the server not answered yet; the greeting is asked by coming
	secure bool     // TLS protects the connection
	hello  bool     // a reply to EHLO is under way: its first line is no extension
	told   map[string]bool
}

func newLesson(out io.Writer, faint func(string) string) *lesson {
	return &lesson{out: out, faint: faint, asked: []string{"greeting"}, told: map[string]bool{}}
}

// Write takes one line of the dialogue.
func (l *lesson) Write(line []byte) (int, error) {
	n, err := l.out.Write(line)
	if err != nil {
		return n, err
	}
	var said strings.Builder
	for _, sentence := range l.meaning(strings.TrimRight(string(line), "\n")) {
		if l.told[sentence] {
			sentence = "As above."
		}
		l.told[sentence] = true
		for _, part := range wrap(sentence, 84) {
			said.WriteString("       " + l.faint(part) + "\n")
		}
	}
	if _, err := io.WriteString(l.out, said.String()); err != nil {
		return 0, err
	}
	return n, nil
}

// meaning has the sentences for a line. What is no part of the dialogue, as an error at its end, has none.
func (l *lesson) meaning(line string) []string {
	side, text, found := strings.Cut(line, ": ")
	switch {
	case found && side == "C":
		return l.client(text)
	case found && side == "S":
		return []string{l.server(text)}
	case strings.HasPrefix(line, "* "):
		return []string{l.between(line[2:])}
	}
	return nil
}

// client is for a line of the client's, which nearly always asks something.
func (l *lesson) client(text string) []string {
	words := strings.Fields(text)
	switch {
	case strings.HasSuffix(text, " octets]"):
		return []string{lessonContent(l.waitsFor("DATA!"))}
	case text == "*" && l.waitsFor("AUTH!"):
		l.answerTo("AUTH!")
		l.asked = append(l.asked, "AUTH")
		return []string{lessonCommand("*")}
	case text == ".":
		l.asked = append(l.asked, "end")
		return []string{lessonCommand("end")}
	case len(words) == 0 || l.waitsFor("AUTH!"): // the answer to a challenge is no command
		l.answerTo("AUTH!")
		l.asked = append(l.asked, "AUTH")
		return []string{lessonCommand("answer")}
	}
	verb := strings.ToUpper(words[0])
	if verb == "BDAT" && !strings.HasSuffix(strings.ToUpper(text), " LAST") {
		verb = "BDAT more"
	}
	l.asked = append(l.asked, verb)
	switch {
	case verb == "EHLO" && l.secure && l.told[lessonCommand("EHLO")]:
		return []string{lessonCommand("EHLO again")}
	case verb == "AUTH" && len(words) > 1:
		return []string{lessonCommand(verb), lessonMechanism(strings.ToUpper(words[1]), l.secure)}
	}
	sentences := []string{lessonCommand(verb)}
	if verb == "MAIL" || verb == "RCPT" {
		for _, word := range words[2:] {
			name, _, _ := strings.Cut(word, "=")
			sentences = append(sentences, lessonParameter(verb, name))
		}
	}
	return sentences
}

// waitsFor tells whether the server has asked for what in turn: "AUTH!" or "DATA!".
func (l *lesson) waitsFor(what string) bool {
	return len(l.asked) > 0 && l.asked[0] == what
}

func (l *lesson) answerTo(what string) {
	if l.waitsFor(what) {
		l.asked = l.asked[1:]
	}
}

// server is for a line of the server's: a reply, or a line of one.
func (l *lesson) server(text string) string {
	l.answerTo("DATA!")
	question := ""
	if len(l.asked) > 0 {
		question = l.asked[0]
	}
	if len(text) < 3 || strings.Trim(text[:3], "0123456789") != "" {
		return "This is no reply of SMTP: one begins with three digits (RFC 5321 section 4.2)."
	}
	code, rest := text[:3], strings.TrimLeft(text[3:], "- ")
	last := len(text) == 3 || text[3] != '-'
	if last && question != "" {
		l.asked = l.asked[1:]
	}
	first := !l.hello
	l.hello = !last && (question == "EHLO" || question == "LHLO")
	switch {
	case code == "250" && (question == "EHLO" || question == "LHLO") && !first:
		word, _, _ := strings.Cut(rest, " ")
		return lessonExtension(strings.ToUpper(word))
	case l.hello && code == "250":
		return lessonReply(question, code)
	case !last:
		return "A hyphen behind the code: more lines of this reply follow (RFC 5321 section 4.2.1)."
	case code == "334" && question == "AUTH":
		l.asked = append([]string{"AUTH!"}, l.asked...)
	case code == "354" && question == "DATA":
		l.asked = append([]string{"DATA!"}, l.asked...)
	}
	return lessonReply(question, code)
}

// between is for what happens between the lines.
func (l *lesson) between(text string) string {
	if strings.HasPrefix(text, "TLS ") {
		l.secure = true
		if l.told[lessonCommand("STARTTLS")] {
			return lessonNote("TLS by STARTTLS")
		}
	}
	return lessonNote(text)
}

// wrap breaks a sentence into lines of at most width characters, and no reference to an RFC apart.
func wrap(sentence string, width int) (lines []string) {
	line, words := "", strings.Fields(sentence)
	for i := 0; i < len(words); i++ {
		word := words[i]
		for strings.HasPrefix(word, "(RFC") && !strings.Contains(word, ")") && i+1 < len(words) {
			i++
			word += " " + words[i]
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
