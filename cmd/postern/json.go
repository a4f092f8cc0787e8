package main

import (
	"encoding/json"
	"io"
)

// writeJSON writes a value as one line, for scripts.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // addresses stand in angle brackets
	return e.Encode(v)
}
