package main

import (
	"encoding/json"
	"io"
)

// writeJSON writes a value as one line, for scripts. The error is that of the output.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // addresses stand in angle brackets
	return written(e.Encode(v))
}

// written is what became of writing to standard output.
func written(err error) error {
	if err != nil {
		return ioError{err}
	}
	return nil
}
