package smtp

import (
	"strings"

	"postern/backend"
)

// withEarlier is a failure with those before it.
func withEarlier(last *backend.Error, before []string) *backend.Error {
	all := *last
	if len(before) > 0 {
		all.Err = &earlier{last.Err, strings.Join(before, "; ")}
	}
	return &all
}

// after is the failure of a second attempt, with that of the first. If the server may have the message from the first,
// it still may.
func after(first, second *backend.Error) *backend.Error {
	both := withEarlier(second, []string{withoutServer(first)})
	if first.Kind == backend.Uncertain {
		both.Kind = first.Kind
	}
	return both
}

func withoutServer(e *backend.Error) string {
	short := *e
	short.Server = ""
	return short.Error()
}

// earlier is an error with what went wrong before it.
type earlier struct {
	last error // may be nil
	text string
}

func (e *earlier) Error() string {
	text := "before that, " + e.text
	if e.last != nil {
		text = e.last.Error() + "; " + text
	}
	return text
}

func (e *earlier) Unwrap() error { return e.last }
