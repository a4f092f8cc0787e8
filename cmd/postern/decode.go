package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"postern/backend"
	"postern/backend/codes"
	"postern/backend/smtp"
)

// maxQuote bounds what is read of a text.
const maxQuote = 64 << 10

func decodeCommand(std streams, status *int) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "decode-error [TEXT ...]",
		Short: "tell what a server's refusal means",
		Long: `decode-error tells what a mail server's refusal means, and what to do about it. The text is the reply itself, such as
"550 5.1.1 no such user", or anything that quotes one: a line of sendmail's, of a log or of a bounce. Without arguments it
comes from standard input. Nobody is asked for it, and nothing is sent.

The exit status that is told is that with which sendmail would have ended. It depends on where in the exchange the reply
came; where the text does not say so, the codes decide, and the answer names what was assumed.

A text without a reply code or an enhanced status code ends with status 65.`,
		Example: `  postern decode-error 535 5.7.8 Username and Password not accepted
  postern decode-error --json "550 5.7.26 This mail is unauthenticated"
  sendmail -t < message 2>&1 | postern decode-error`,
		Run: func(_ *cobra.Command, args []string) {
			err := decode(std, args, asJSON)
			if err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "answer with one object")
	return c
}

// decoded is what a reply means.
type decoded struct {
	Code       int    `json:"code,omitempty"`
	Status     string `json:"status,omitempty"`
	Text       string `json:"text"`
	CodeSays   string `json:"code_means,omitempty"`
	StatusSays string `json:"status_means,omitempty"`
	Provider   string `json:"provider,omitempty"`
	TextSays   string `json:"text_means,omitempty"`
	Refused    bool   `json:"refused"`
	Temporary  bool   `json:"temporary"`
	At         string `json:"at"`
	Assumed    bool   `json:"at_assumed,omitempty"` // the text does not say where
	Exit       int    `json:"exit_status"`
	Do         string `json:"do,omitempty"`
}

func decode(std streams, args []string, asJSON bool) error {
	text := strings.Join(args, " ")
	if len(args) == 0 {
		data, err := io.ReadAll(io.LimitReader(std.in, maxQuote))
		if err != nil {
			return fmt.Errorf("reading the text: %w", err)
		}
		text = string(data)
	}
	d, err := explain(text)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(std.out, d)
	}
	return d.write(std.out)
}

// explain finds the reply in a text. What becomes of a message after it is for the engine itself to say, by the error that
// it would make of the reply.
func explain(text string) (d decoded, err error) {
	q, ok := findReply(text)
	if !ok {
		if text = oneLine(text); len(text) > 60 {
			text = text[:60] + "..."
		}
		return d, dataError{fmt.Errorf("there is neither a reply code such as 550 nor a status code such as 5.1.1 in %q", text)}
	}
	failed, err := smtp.Judge(q.at, q.wire())
	if err != nil {
		return d, dataError{err}
	}
	d = decoded{Status: failed.Status, Text: failed.Text, At: q.at, Assumed: !q.sure}
	if q.code != "" {
		d.Code = failed.Code
		if d.CodeSays, ok = codes.Reply(d.Code); !ok {
			d.CodeSays = codes.Class(d.Code)
		}
	}
	if d.Status == "" {
		d.Status = q.status // further on in the text
	}
	meaning, exact := codes.Enhanced(d.Status)
	if d.StatusSays = meaning.Says; !exact && d.Status != "" {
		meaning.Do = ""
		d.StatusSays = strings.TrimPrefix(meaning.Says+"; what the last number stands for is the server's own affair", "; ")
	}
	if failed.Code < 400 {
		return d, nil
	}
	d.Refused, d.Temporary, d.Exit = true, backend.Temporary(failed), exitStatus(failed)
	known, _ := codes.Recognise(strconv.Itoa(failed.Code), d.Status, d.Text)
	d.Provider, d.TextSays, d.Do = known.By, known.Says, known.Do
	if d.Do == "" && q.at != smtp.AtRCPT { // about a recipient only the address helps, which is not known here
		d.Do = hint(failed)
	}
	if d.Do == "" {
		d.Do = meaning.Do
	}
	if d.Do == "" && d.Temporary {
		d.Do = "wait: queue = \"fallback\" has postern try again by itself"
	}
	return d, nil
}

// write is the answer for people.
func (d decoded) write(w io.Writer) error {
	p := newPaint(w)
	var b strings.Builder
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name, text)
		}
	}
	if d.Code != 0 {
		row(strconv.Itoa(d.Code), d.CodeSays)
	}
	row(d.Status, d.StatusSays)
	row("text", d.TextSays)
	if d.TextSays != "" {
		row("said by", d.Provider)
	}
	switch {
	case !d.Refused:
		row("outcome", p.good("no refusal"))
	case d.Temporary:
		row("outcome", p.warn("for now")+": the same may work later")
	default:
		row("outcome", p.bad("for good")+": the same will be refused again")
	}
	row("to do", d.Do)
	if d.Refused {
		where := "to " + d.At
		switch d.At {
		case smtp.AtGreeting:
			where = "in place of a greeting"
		case smtp.AtMessage:
			where = "to the message"
		}
		if d.Assumed {
			where += ", it seems"
		}
		row("exit", fmt.Sprintf("%d %s, as an answer %s", d.Exit, exitName(d.Exit), where))
	}
	_, err := io.WriteString(w, b.String())
	return written(err)
}
