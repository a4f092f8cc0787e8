package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"postern/backend"
	"postern/message"
	"postern/message/compose"
)

// show is --preview: the tree of the message's parts, and how long it becomes.
func (c *composing) show(std streams, made *compose.Message) []error {
	size := &counter{}
	if err := made.Write(size); err != nil {
		return []error{err}
	}
	if c.json {
		return withoutNil([]error{writeJSON(std.out, struct {
			Size int64         `json:"size"`
			Root *compose.Part `json:"root"`
		}{size.n, made.Root})})
	}
	out := bufio.NewWriter(std.out)
	if subject := oneLine(c.draft.Subject); subject != "" {
		fmt.Fprintf(out, "Subject: %s\n", subject)
	}
	drawPart(out, newPaint(std.out), made.Root, "", "")
	fmt.Fprintf(out, "message of %d octets, and those of what is added to its header when it is sent\n", size.n)
	return withoutNil([]error{written(out.Flush())})
}

// counter counts what is written.
type counter struct{ n int64 }

func (o *counter) Write(p []byte) (int, error) {
	o.n += int64(len(p))
	return len(p), nil
}

// drawPart draws a part and those in it. first begins its line, rest those of its parts.
func drawPart(out io.Writer, colour paint, p *compose.Part, first, rest string) {
	words := []string{colour.bold(p.Type)}
	for _, word := range []string{p.Charset, p.Encoding, p.Disposition} {
		if word != "" {
			words = append(words, word)
		}
	}
	if p.Name != "" {
		words = append(words, fmt.Sprintf("%q", p.Name))
	}
	if len(p.Parts) == 0 {
		words = append(words, colour.faint(fmt.Sprintf("%d octets, %d as sent", p.Size, p.Encoded)))
	}
	fmt.Fprintf(out, "%s%s\n", first, strings.Join(words, " "))
	for i, inner := range p.Parts {
		branch, below := "├── ", "│   "
		if i == len(p.Parts)-1 {
			branch, below = "└── ", "    "
		}
		drawPart(out, colour, inner, rest+branch, rest+below)
	}
}

// tell is --json for a message that was sent: what became of it.
func (m *mailer) tell(out io.Writer, p *plan, msg *message.Message, statuses []backend.Status, failed []error) error {
	type fate struct {
		Recipient string `json:"recipient"`
		Sent      bool   `json:"sent"`
		Reply     string `json:"reply,omitempty"`
		Error     string `json:"error,omitempty"`
	}
	told := struct {
		MessageID string   `json:"message_id"`
		Size      int64    `json:"size"`
		Account   string   `json:"account,omitempty"`
		Fates     []fate   `json:"fates"`
		Errors    []string `json:"errors,omitempty"` // all of them, also of what nobody was offered
	}{MessageID: msg.ID(), Size: msg.Size(), Fates: []fate{}}
	if p.account != nil {
		told.Account = p.account.Name
	}
	for _, s := range statuses {
		f := fate{Recipient: s.Rcpt, Sent: s.Err == nil, Reply: oneLine(s.Reply)}
		if s.Err != nil {
			f.Error = oneLine(s.Err.Error())
		}
		told.Fates = append(told.Fates, f)
	}
	for _, err := range failed {
		told.Errors = append(told.Errors, oneLine(err.Error()))
	}
	return writeJSON(out, told)
}
