package conf

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Edit is a change of one configuration file that leaves each of its other octets alone, comments above all.
type Edit struct {
	Default  string    // the account that default names from now on, unless empty
	Account  string    // the account whose table is written, unless empty
	Settings []Setting // its keys
	Replace  bool      // the account may be there already: its keys and tables give way to Settings, its comments stay
}

// ExistsError is an account that an Edit would add, and that is there.
type ExistsError struct{ Account string }

func (e ExistsError) Error() string { return fmt.Sprintf("there is an account %q already", e.Account) }

// splice is a part of a text, and what takes its place.
type splice struct {
	start, end int
	text       string
}

// apply makes the change in the text of the file called name. What comes of it is read again: a text that doesn't say
// what it said before, but for the change, is an error.
func (e Edit) apply(name, text string) (string, error) {
	before := map[string]any{}
	if err := (&file{name: name, data: text}).decode(&before); err != nil {
		return "", err
	}
	found, err := statements(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	newline := "\n"
	if first, _, more := strings.Cut(text, "\n"); more && strings.HasSuffix(first, "\r") {
		newline = "\r\n"
	}
	var splices []splice
	if e.Default != "" {
		splices = append(splices, e.setDefault(text, found))
	}
	if e.Account != "" {
		more, err := e.setAccount(text, found)
		if err != nil {
			return "", err
		}
		splices = append(splices, more...)
	}
	slices.SortStableFunc(splices, func(a, b splice) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	var out strings.Builder
	at := 0
	for _, s := range splices {
		out.WriteString(text[at:s.start])
		out.WriteString(strings.ReplaceAll(s.text, "\n", newline))
		at = s.end
	}
	out.WriteString(text[at:])
	return out.String(), e.verify(name, before, out.String())
}

// verify makes sure that text says what before said, but for the change, and that it can be loaded.
func (e Edit) verify(name string, before map[string]any, text string) error {
	after, want := map[string]any{}, maps.Clone(before)
	_, err := toml.Decode(text, &after)
	if e.Default != "" {
		want["default"] = e.Default
	}
	if e.Account != "" && err == nil {
		var own map[string]map[string]any
		_, err = toml.Decode(TableText(e.Account, e.Settings), &own)
		accounts, _ := before["account"].(map[string]any)
		accounts = maps.Clone(accounts)
		if accounts == nil {
			accounts = map[string]any{}
		}
		accounts[e.Account] = own["account"][e.Account]
		want["account"] = accounts
	}
	if err != nil || !reflect.DeepEqual(after, want) {
		return fmt.Errorf("%s is written in a way that can't be edited safely, and is left as it is: edit it by hand", name)
	}
	c := &Config{aliases: map[string][]string{}, known: map[string]bool{}, tables: map[string]table{}}
	var order []string
	return c.add(&file{name: name, data: text, draft: true}, &order)
}

// setDefault gives default its value where it stands, or else a line: behind the last key above all tables, or behind
// the comment that heads the file.
func (e Edit) setDefault(text string, found []statement) splice {
	line := "default = " + Quote(e.Default) + "\n"
	last := -1
	for _, s := range found {
		if s.header {
			break
		}
		if slices.Equal(s.key, []string{"default"}) {
			return splice{s.value, s.end, Quote(e.Default)}
		}
		last = s.end
	}
	if last >= 0 {
		return below(text, last, line)
	}
	start := len(text) - len(strings.TrimPrefix(text, bom))
	at := start
	for strings.HasPrefix(text[at:], "#") {
		at = lineEnd(text, at)
	}
	if blank := strings.TrimLeft(text[at:], "\r"); at > start && strings.HasPrefix(blank, "\n") {
		at = lineEnd(text, at)
		return splice{at, at, line + "\n"}
	}
	if start < len(text) || e.Account != "" {
		line += "\n"
	}
	return splice{start, start, line}
}

// setAccount writes the account's table: at the end of the file, or over the one that is there.
func (e Edit) setAccount(text string, found []statement) (splices []splice, err error) {
	main := -1 // the header of the table
	exists := false
	for i, s := range found {
		if s.below("account", e.Account) {
			exists = true
			if s.header && len(s.key) == 2 {
				main = i
			}
		}
	}
	if exists && !e.Replace {
		return nil, ExistsError{e.Account}
	}
	if main < 0 {
		for _, s := range found {
			if s.below("account", e.Account) {
				splices = append(splices, remove(text, s))
			}
		}
		return append(splices, atEnd(text, TableText(e.Account, e.Settings))), nil
	}
	left := slices.Clone(e.Settings)
	behind := found[main].end // the place for what is new
	inMain := false
	for i, s := range found {
		if s.header {
			inMain = i == main
		}
		if i == main || !s.below("account", e.Account) {
			continue
		}
		at := slices.IndexFunc(left, func(own Setting) bool { return slices.Equal(s.key[2:], []string{own.Key}) })
		if !inMain || at < 0 {
			splices = append(splices, remove(text, s))
			if inMain {
				behind = s.end
			}
			continue
		}
		if len(s.comments) > 0 {
			start := lineStart(text, s.start)
			splices = append(splices, splice{start, start, strings.Join(s.comments, "\n") + "\n"})
		}
		splices = append(splices, splice{s.value, s.end, left[at].Value})
		left = slices.Delete(left, at, at+1)
		behind = s.end
	}
	if len(left) > 0 {
		splices = append(splices, below(text, behind, settingsText(left)))
	}
	return splices, nil
}

// remove takes a statement out with its line, and leaves the comments.
func remove(text string, s statement) splice {
	kept := ""
	if len(s.comments) > 0 {
		kept = strings.Join(s.comments, "\n") + "\n"
	}
	end := s.end + len(text[s.end:]) - len(strings.TrimLeft(text[s.end:], " \t"))
	if strings.HasPrefix(text[end:], "#") {
		return splice{s.start, end, kept}
	}
	return splice{lineStart(text, s.start), lineEnd(text, end), kept}
}

// below puts lines under the line of the octet before end.
func below(text string, end int, lines string) splice {
	at := lineEnd(text, end)
	if at == len(text) && !strings.HasSuffix(text, "\n") {
		lines = "\n" + lines
	}
	return splice{at, at, lines}
}

// atEnd puts a table under the rest.
func atEnd(text, table string) splice {
	end := len(text)
	switch {
	case strings.TrimPrefix(text, bom) == "", strings.HasSuffix(text, "\n\n"):
	case strings.HasSuffix(text, "\n"):
		table = "\n" + table
	default:
		table = "\n\n" + table
	}
	return splice{end, end, table}
}

func lineStart(text string, at int) int { return strings.LastIndexByte(text[:at], '\n') + 1 }

// lineEnd is behind the end of the line.
func lineEnd(text string, at int) int {
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}
