package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"postern/backend"
)

// stepLines prints steps for people.
type stepLines struct {
	out    io.Writer
	paint  paint
	marks  [4]string // by verdict
	hinted map[string]bool
}

func newStepLines(out io.Writer) *stepLines {
	l := &stepLines{out: out, paint: newPaint(out), marks: [4]string{"ok  ", "note", "-   ", "no  "}, hinted: map[string]bool{}}
	if speaksUTF8() {
		l.marks = [4]string{"✓", "!", "-", "✗"}
	}
	return l
}

// speaksUTF8 tells whether the locale's characters are UTF-8 (POSIX has this order).
func speaksUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value != "" {
			value = strings.ToLower(value)
			return strings.HasSuffix(value, "utf-8") || strings.HasSuffix(value, "utf8") || strings.Contains(value, "utf-8@") || strings.Contains(value, "utf8@")
		}
	}
	return false
}

// mark is the sign of a verdict.
func (l *stepLines) mark(v backend.Verdict) string {
	switch text := l.marks[v]; v {
	case backend.Passed:
		return l.paint.good(text)
	case backend.Noted:
		return l.paint.warn(text)
	case backend.Failed:
		return l.paint.bad(text)
	default:
		return l.paint.faint(text)
	}
}

// show prints a step, and what to do about it on a line of its own. What is to be done about several is said once.
func (l *stepLines) show(t told) {
	text := t.text()
	if t.Verdict == backend.Skipped {
		text = l.paint.faint(text)
	}
	label := t.Name
	if t.label != "" {
		label = t.label
		if t.Verdict != backend.Failed {
			text = t.Name + " " + text
		}
	}
	fmt.Fprintf(l.out, "%s %-15s %s\n", l.mark(t.Verdict), label, text)
	if t.hint != "" && !l.hinted[t.hint] {
		l.hinted[t.hint] = true
		fmt.Fprintf(l.out, "%*s %-15s hint: %s\n", len([]rune(l.marks[t.Verdict])), "", "", oneLine(t.hint))
	}
}

// text is what was found, or what has failed.
func (t told) text() string {
	if t.Verdict == backend.Failed {
		return oneLine(t.Err.Error())
	}
	return oneLine(t.Text)
}

// stepRecord is a step for programs.
type stepRecord struct {
	Account string         `json:"account,omitempty"`
	Step    string         `json:"step"`
	Result  string         `json:"result"` // ok, note, skipped, failed
	Text    string         `json:"text,omitempty"`
	Error   string         `json:"error,omitempty"`
	Hint    string         `json:"hint,omitempty"`
	Status  int            `json:"status,omitempty"` // the exit status that it comes to
	Facts   map[string]any `json:"facts,omitempty"`
}

func jsonSteps(out io.Writer) func(told) {
	return func(t told) {
		r := stepRecord{
			Account: t.account, Step: t.Name, Result: [4]string{"ok", "note", "skipped", "failed"}[t.Verdict], Text: oneLine(t.Text),
			Hint: oneLine(t.hint), Facts: t.Facts,
		}
		if t.Err != nil {
			r.Error = oneLine(t.Err.Error())
		}
		if t.Verdict == backend.Failed {
			r.Status = exitStatus(t.Err)
		}
		_ = writeJSON(out, r) // a reader that is gone has seen what it wanted
	}
}
