package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxReplyLine bounds a line of a reply with its line end. RFC 5321 section 4.5.3.1.5 has 512; a server's long
	// URL goes beyond.
	maxReplyLine = 2048
	// maxChallengeLine bounds a line that asks something, which has a limit of its own (RFC 4954 section 4).
	maxChallengeLine = len("334 ") + maxResponse
	// maxReplyLines bounds a reply; an EHLO reply has about twenty.
	maxReplyLines = 128
)

// reply is a reply of the server (RFC 5321 section 4.2). Its lines are clean: no control characters, valid UTF-8, no
// secret of ours.
type reply struct {
	code   int
	status string   // enhanced status code (RFC 3463), or empty
	lines  []string // the text of each line, without code and enhanced status code
	asked  string   // of a 334: what it asks, as it came, for the mechanism and for nobody else
}

// positive tells whether the server has done what a transaction asked. 220 and 221 are about the connection, and answer
// nothing there: they show that the server is out of step, or about to close.
func (r reply) positive() bool { return r.code/100 == 2 && r.code != 220 && r.code != 221 }

// text is the whole text as one line.
func (r reply) text() string {
	return strings.Join(strings.Fields(strings.Join(r.lines, " ")), " ")
}

// temporary tells whether the server refuses for now only: class 4 in the code or in the enhanced status code (RFC
// 3463 section 2), or a code of no known class.
func (r reply) temporary() bool {
	return r.code/100 != 5 || strings.HasPrefix(r.status, "4")
}

// String is the reply as one line: code, enhanced status code, text.
func (r reply) String() string {
	s := fmt.Sprint(r.code)
	for _, part := range []string{r.status, r.text()} {
		if part != "" {
			s += " " + part
		}
	}
	return s
}

// protocolError is a reply that is none.
type protocolError string

func (e protocolError) Error() string { return string(e) }

// readReply reads one reply. clean is applied to the text of each line, and show sees each clean line as it arrives.
// A line that the connection's end cuts off is never taken as one.
func readReply(r *bufio.Reader, clean func(string) string, show func(string)) (reply, error) {
	var re reply
	for {
		line, err := r.ReadSlice('\n')
		most := maxReplyLine
		if bytes.HasPrefix(line, []byte("334")) {
			most = maxChallengeLine
		}
		if errors.Is(err, bufio.ErrBufferFull) || len(line) > most {
			return re, protocolError(fmt.Sprintf("a reply line over %d octets", most))
		}
		if err != nil {
			return re, err
		}
		raw := strings.TrimRight(string(line), "\r\n")
		code, last, text, ok := parseReplyLine(raw)
		shown := clean(sanitise(raw))
		show(shown)
		switch {
		case !ok:
			return re, protocolError(fmt.Sprintf("not an SMTP reply: %q", shown[:min(len(shown), 60)]))
		case re.code != 0 && code != re.code:
			return re, protocolError(fmt.Sprintf("a reply with two codes, %d and %d", re.code, code))
		}
		re.code = code
		status, text := cutStatus(code, text)
		if re.status == "" {
			re.status = status
		}
		re.lines = append(re.lines, clean(sanitise(text)))
		if code == 334 {
			re.asked += strings.TrimSpace(text)
		}
		if last {
			if text := re.text(); clean(text) != text { // a secret can stand across lines
				re.lines = []string{clean(text)}
			}
			return re, nil
		}
		if len(re.lines) == maxReplyLines {
			return re, protocolError(fmt.Sprintf("a reply of over %d lines", maxReplyLines))
		}
	}
}

// parseReplyLine takes "250-text", "250 text" or "250" apart (RFC 5321 section 4.2.1).
func parseReplyLine(line string) (code int, last bool, text string, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return 0, false, "", false
	}
	for _, c := range []byte(line[:3]) {
		if c < '0' || c > '9' {
			return 0, false, "", false
		}
		code = code*10 + int(c-'0')
	}
	switch {
	case len(line) == 3:
		return code, true, "", true
	case line[3] == ' ', line[3] == '-':
		return code, line[3] == ' ', line[4:], true
	}
	return 0, false, "", false
}

// cutStatus takes the enhanced status code off a text: class "." subject "." detail (RFC 2034 section 4).
func cutStatus(code int, text string) (status, rest string) {
	word, rest, _ := strings.Cut(text, " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 || !slices.Contains([]string{"2", "4", "5"}, parts[0]) || code/100 == 3 {
		return "", text
	}
	for _, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return "", text
		}
	}
	return word, rest
}

// sanitise makes text safe to show: control characters, those that only Unicode has included, and octets that aren't
// UTF-8 become question marks.
func sanitise(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || isDirection(r):
			return '?'
		}
		return r
	}, text)
}

// isDirection tells which characters turn the direction of text around, or part lines: they could make a terminal
// show another text than the server sent.
func isDirection(r rune) bool {
	return r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
