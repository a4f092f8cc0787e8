package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// maxNetrc bounds a netrc file, which has the entries of many machines.
const maxNetrc = 1 << 20

// fromNetrc finds the password in a netrc file: of the first entry for the host, or the default one, that is for the
// user or has no login. The file must be for its owner alone.
func (s Source) fromNetrc(ctx context.Context) (string, error) {
	text, err := readFile(ctx, s.Netrc, maxNetrc, true)
	if err != nil {
		return "", err
	}
	entries, err := parseNetrc(text)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if (e.machine == "" || strings.EqualFold(e.machine, s.Host)) && (e.login == "" || e.login == s.User) && e.password != nil {
			return *e.password, nil
		}
	}
	return "", fmt.Errorf("there is no password for %s at %s", s.User, s.Host)
}

var netrcWords = []string{"machine", "default", "login", "user", "password", "account", "port", "macdef"}

// netrcEntry is a machine of a netrc file.
type netrcEntry struct {
	machine  string // empty for default
	login    string
	password *string // nil where there is none
}

// parseNetrc reads words between spaces, as ftp does. A word may stand in quotation marks with backslashes, as for curl,
// a line may be a comment, and a macro goes to the next empty line. The errors quote nothing of the file.
func parseNetrc(text string) ([]netrcEntry, error) {
	var entries []netrcEntry
	r := netrcReader{rest: text, line: 1}
	for {
		word, ok := r.word(true)
		if !ok {
			return entries, nil
		}
		line := r.line
		if !slices.Contains(netrcWords, word) {
			return nil, fmt.Errorf("line %d: a word that is none of %s", line, strings.Join(netrcWords, ", "))
		}
		if word == "default" {
			entries = append(entries, netrcEntry{})
			continue
		}
		value, ok := r.word(false)
		switch {
		case !ok:
			return nil, fmt.Errorf("line %d: the last word lacks its value", line)
		case word == "machine":
			entries = append(entries, netrcEntry{machine: value})
			continue
		case word == "macdef":
			r.skipMacro()
			continue
		}
		if len(entries) == 0 {
			return nil, fmt.Errorf("line %d: there is no machine before it", line)
		}
		e := &entries[len(entries)-1]
		switch word {
		case "login", "user":
			e.login = value
		case "password":
			e.password = &value
		}
	}
}

// netrcReader takes words off the text.
type netrcReader struct {
	rest string
	line int
}

// word is the next word; comments are passed over where a value can't stand.
func (r *netrcReader) word(comments bool) (string, bool) {
	for r.rest != "" {
		switch c := r.rest[0]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			r.skip(1)
		case c == '#' && comments:
			end := strings.IndexByte(r.rest, '\n')
			if end < 0 {
				end = len(r.rest)
			}
			r.skip(end)
		case c == '"':
			return r.quoted(), true
		default:
			end := strings.IndexAny(r.rest, " \t\r\n")
			if end < 0 {
				end = len(r.rest)
			}
			word := r.rest[:end]
			r.skip(end)
			return word, true
		}
	}
	return "", false
}

// quoted is a word in quotation marks; one that isn't closed goes to the end.
func (r *netrcReader) quoted() string {
	var word strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.skip(i + 1)
			return word.String()
		case c == '\\' && i+1 < len(r.rest):
			i++
			word.WriteByte(r.rest[i])
		default:
			word.WriteByte(c)
		}
	}
	r.skip(len(r.rest))
	return word.String()
}

func (r *netrcReader) skip(n int) {
	r.line += strings.Count(r.rest[:n], "\n")
	r.rest = r.rest[n:]
}

func (r *netrcReader) skipMacro() {
	rest := strings.ReplaceAll(r.rest, "\r\n", "\n")
	_, behind, _ := strings.Cut(rest, "\n\n")
	r.line += strings.Count(rest, "\n") - strings.Count(behind, "\n")
	r.rest = behind
}
