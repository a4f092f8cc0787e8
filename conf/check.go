package conf

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Check tells of the first key in the files that cannot be decoded or that nobody read, once every account's
// transport has had its pass. The error is an *Error that names the nearest known key.
func (c *Config) Check() error {
	if c.problem != nil {
		return c.problem
	}
	for _, f := range c.files {
		unread := f.meta.Undecoded()
		for _, key := range f.meta.Keys() {
			if freeNames(key) || len(key) > 1 && key[0] == "account" && c.tables[key[1]].file != f { // replaced by a later file
				continue
			}
			// The toml package matches keys in any case; here a key has one spelling.
			if !slices.ContainsFunc(unread, equalTo(key)) && key.String() == optionCase(key) {
				continue
			}
			line := f.line(key...)
			if !c.known["/"+key[0]] {
				key = key[:1]
			}
			text := "unknown key"
			if near := nearest(key[len(key)-1], c.siblings(key)); near != "" {
				text = fmt.Sprintf("unknown key; did you mean %q?", near)
			}
			return &Error{f.name, line, key.String(), text}
		}
	}
	return nil
}

func equalTo(key toml.Key) func(toml.Key) bool {
	return func(other toml.Key) bool { return slices.Equal(key, other) }
}

// freeNames tells whether the last part of key is a name that the user chose.
func freeNames(key toml.Key) bool {
	return len(key) == 2 && (key[0] == "account" || key[0] == "aliases")
}

// optionCase is key with the parts that are options in lower case, as they are spelt.
func optionCase(key toml.Key) string {
	spelt := slices.Clone(key)
	for i, part := range spelt {
		if !freeNames(key[:i+1]) {
			spelt[i] = strings.ToLower(part)
		}
	}
	return spelt.String()
}

// KnownKeys are the keys that the passes made so far can read, sorted: "/default" and "/queue.dir" at the top of a
// file, "host" and "tls.ca" in an account.
func (c *Config) KnownKeys() []string {
	var keys []string
	for k := range c.known {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// siblings are the known keys that could stand where key stands.
func (c *Config) siblings(key toml.Key) []string {
	prefix := "/"
	if len(key) > 2 && strings.EqualFold(key[0], "account") {
		prefix, key = "", key[2:]
	}
	for _, part := range key[:len(key)-1] {
		prefix += strings.ToLower(part) + "."
	}
	var names []string
	for k := range c.known {
		if rest, ok := strings.CutPrefix(k, prefix); ok && !strings.ContainsAny(rest, "./") {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

// collectKeys adds the toml names of the struct that v points to, and of the structs in it, to known.
func collectKeys(known map[string]bool, prefix string, v any) {
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		for i := range t.NumField() {
			field := t.Field(i)
			name := field.Tag.Get("toml")
			if name == "" {
				continue
			}
			known[prefix+name] = true
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && !decodesItself(inner) {
				walk(inner, prefix+name+".")
			}
		}
	}
	walk(reflect.TypeOf(v).Elem(), prefix)
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[toml.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// nearest is the name among names that word was most likely meant to be, or "" if none is near.
func nearest(word string, names []string) string {
	best, bestDistance := "", 2+len(word)/3 // more slips than that are another word
	for _, name := range names {
		if d := distance(strings.ToLower(word), name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance counts the insertions, deletions, changes and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
