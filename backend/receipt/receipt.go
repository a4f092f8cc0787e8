// Package receipt keeps the log of messages: for each try of a message by an account one line of JSON, which says what
// has become of every recipient. A log that can't be written is told of once, and is never a reason to stop a message or
// to fail it.
package receipt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Receipt is what became of a message that an account was to carry. Its text is that of servers and callers: String
// makes it safe to show.
type Receipt struct {
	Time      string      `json:"time"` // when the fates were known, by RFC 3339 in UTC; Log.Write sets it
	ID        string      `json:"id"`   // the queue's, or one of its own
	MessageID string      `json:"message_id,omitempty"`
	Account   string      `json:"account"`
	From      string      `json:"from"` // empty is the null reverse-path
	To        []Recipient `json:"to"`
	Size      int64       `json:"size"`
	Server    string      `json:"server"` // empty where none was involved
	TLS       string      `json:"tls"`    // version and cipher; empty where there was none
	Duration  int64       `json:"duration_ms"`
	PID       int         `json:"pid"` // Log.Write sets it
	UID       int         `json:"uid"` // who has handed the message in
}

// Recipient is the fate of one recipient.
type Recipient struct {
	To      string `json:"to"`
	Result  Result `json:"result"`
	Reply   string `json:"reply,omitempty"`    // the server's, when it took the message
	QueueID string `json:"queue_id,omitempty"` // that of the server, see QueueID
	Stage   string `json:"stage,omitempty"`    // of the failure, without the address
	Error   string `json:"error,omitempty"`
	Server  string `json:"server,omitempty"` // where it is not the receipt's
	TLS     string `json:"tls,omitempty"`    // the same
}

// Result is a fate in a word.
type Result string

// The fates. Deferred is a failure for now: by a queue, or by whoever called, the message is to be tried again.
// Uncertain is one that may have been delivered.
const (
	Sent      Result = "sent"
	Failed    Result = "failed"
	Deferred  Result = "deferred"
	Uncertain Result = "uncertain"
)

// String is the receipt as one line of JSON, without its line end.
func (r *Receipt) String() string {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false) // addresses stand in angle brackets
	if err := e.Encode(r); err != nil {
		return fmt.Sprintf("{%q:%q}", "error", err) // of text and numbers there is none
	}
	return escape(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
}

// escape escapes what JSON allows to stand and a terminal would obey: DEL, the controls of C1, and the characters that
// turn the direction of text around.
func escape(line []byte) string {
	var safe []byte
	for i := 0; i < len(line); {
		c, n := utf8.DecodeRune(line[i:])
		if c >= 0x7f && c < 0xa0 || c >= 0x200e && c <= 0x200f || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			safe = fmt.Appendf(safe, `\u%04x`, c)
		} else {
			safe = append(safe, line[i:i+n]...)
		}
		i += n
	}
	return string(safe)
}

// parts are the receipt in as many as it takes for each to have at most limit octets: each has some of the recipients.
func (r *Receipt) parts(limit int) []*Receipt {
	if len(r.To) < 2 || len(r.String()) <= limit {
		return []*Receipt{r}
	}
	first, second, half := *r, *r, len(r.To)/2
	first.To, second.To = r.To[:half], r.To[half:]
	return append(first.parts(limit), second.parts(limit)...)
}

// severity is the worst fate, as syslog(3) counts.
func (r *Receipt) severity() int {
	worst := 6 // LOG_INFO
	for _, to := range r.To {
		switch to.Result {
		case Failed:
			return 3 // LOG_ERR
		case Deferred, Uncertain:
			worst = 4 // LOG_WARNING
		}
	}
	return worst
}
