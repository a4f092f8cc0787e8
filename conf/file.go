package conf

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/BurntSushi/toml"
)

// Error is a fault of a configuration file with its place.
type Error struct {
	File string
	Line int    // from 1; 0 when the fault is of the whole file
	Key  string // "account.work.port"; empty for a syntax error
	Text string
}

func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Key != "" {
		place += ": " + e.Key
	}
	return place + ": " + e.Text
}

// file is one configuration file.
type file struct {
	name string
	data string
	meta toml.MetaData

	draft bool // it is no file yet, and has no mode
}

func (f *file) decode(v any) (err error) {
	f.meta, err = toml.Decode(f.data, v)
	return f.position(err)
}

// position turns an error of the toml package into an *Error.
func (f *file) position(err error) error {
	if err == nil {
		return nil
	}
	var parse toml.ParseError
	if errors.As(err, &parse) {
		e := &Error{File: f.name, Line: parse.Position.Line, Text: parse.Message}
		if syntax := len(f.meta.Keys()) == 0; syntax && strings.Contains(parse.Message, `"`) && f.nearPassword(parse) {
			e.Text = "this is not TOML; a password stands in quotation marks" // the message would quote it
		}
		if len(f.meta.Keys()) > 0 { // else it is a syntax error, and the key only the one before it
			e.Key = parse.LastKey
		}
		return e
	}
	// A value of the wrong type comes as text: toml: line 3 (last key "account.work.port"): what is wrong.
	e := &Error{File: f.name, Text: strings.TrimPrefix(err.Error(), "toml: ")}
	if n, _ := fmt.Sscanf(e.Text, "line %d (last key %q):", &e.Line, &e.Key); n == 2 {
		_, e.Text, _ = strings.Cut(e.Text, "): ")
	}
	e.Text = strings.Replace(e.Text, "incompatible types: TOML value has type ", "wrong type: it is ", 1)
	e.Text = strings.Replace(e.Text, "; destination has type ", ", and should be ", 1)
	if what, rest, ok := strings.Cut(e.Text, ": expected table but found "); ok && strings.HasPrefix(what, "type mismatch for ") {
		e.Text = "wrong type: it is " + rest + ", and should be table"
	}
	e.Text = plainType(e.Text)
	return e
}

// nearPassword tells whether a syntax error may be in a password.
func (f *file) nearPassword(e toml.ParseError) bool {
	lines := strings.Split(f.data, "\n")
	line := lines[min(max(e.Position.Line-1, 0), len(lines)-1)]
	text := strings.ToLower(line + e.LastKey)
	for _, word := range []string{"pass", "secret", "proxy"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// plainType replaces the toml package's names of types.
func plainType(text string) string {
	return strings.NewReplacer(" slice", " list", "[]map[string]any", "list", "[]any", "list", "arrayhash", "list", "float64", "float", "int64", "integer").Replace(text)
}

// notTable is the error of a file that has account or aliases as something else than a table.
func (f *file) notTable() error {
	for _, key := range []string{"account", "aliases"} {
		if kind := f.meta.Type(key); kind != "" && kind != "Hash" {
			return &Error{f.name, f.line(key), key, "wrong type: it is " + plainType(strings.ToLower(kind)) + ", and should be table"}
		}
	}
	return &Error{File: f.name, Text: "account and aliases should be tables"}
}

// line is the line of key, or 0. The toml package tells positions only in errors, so the file is decoded once
// more into a type that fails at that key.
func (f *file) line(key ...string) int {
	var level map[string]toml.Primitive
	meta, err := toml.Decode(f.data, &level)
	for i, k := range key {
		if err != nil {
			break
		}
		if i == len(key)-1 {
			err = meta.PrimitiveDecode(level[k], new(failing))
			break
		}
		var next map[string]toml.Primitive
		err = meta.PrimitiveDecode(level[k], &next)
		level = next
	}
	var parse toml.ParseError
	if errors.As(err, &parse) {
		return parse.Position.Line
	}
	return 0
}

// failing is a value that can't be decoded, to learn its position.
type failing struct{}

func (*failing) UnmarshalTOML(any) error { return errors.New("here") }

// isSecret tells whether a key holds a secret: a password, an OAuth client's, or the URL of a proxy with a user in it.
func (f *file) isSecret(key toml.Key) bool {
	if len(key) < 3 || key[0] != "account" || f.meta.Type(key...) != "String" {
		return false
	}
	switch strings.Join(key[2:], ".") {
	case "password", "oauth.client_secret", "sent.password":
		return true
	case "proxy":
		var read struct {
			Account map[string]struct{ Proxy any }
		}
		_, err := toml.Decode(f.data, &read)
		url, _ := read.Account[key[1]].Proxy.(string)
		return err != nil || strings.Contains(url, "@")
	}
	return false
}

// checkInlinePasswords refuses a file with a secret in it that others can read.
func (f *file) checkInlinePasswords() error {
	for _, k := range f.meta.Keys() {
		if f.draft || !f.isSecret(k) {
			continue
		}
		info, err := os.Stat(f.name)
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			return &Error{
				f.name, f.line(k...), k.String(),
				fmt.Sprintf("a %s in a file with mode %04o, which others can read: run chmod 600 %s", noun(k), mode, f.name),
			}
		}
		return nil
	}
	return nil
}

// noun is what people call the secret of a key.
func noun(key toml.Key) string {
	if last := key[len(key)-1]; last != "proxy" {
		return last
	}
	return "password"
}
