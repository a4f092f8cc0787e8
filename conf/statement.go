package conf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// statement is a table's header, or a key with its value, by its place in a TOML text. The toml package reads values
// and forgets where they stood; an edit that leaves all else alone needs the places.
type statement struct {
	key      []string // with that of the table it stands in
	header   bool
	start    int      // where the key or the bracket begins
	value    int      // where the value begins
	end      int      // behind the value, or the closing bracket
	comments []string // those within the value, which a list over several lines can have
}

// below tells whether the statement is about key or what is in it.
func (s statement) below(key ...string) bool {
	return len(s.key) >= len(key) && slices.Equal(s.key[:len(key)], key)
}

// scanner goes through a text that the toml package has found right; it still has no trust in that.
type scanner struct {
	text string
	at   int
}

// statements takes a TOML text apart.
func statements(text string) ([]statement, error) {
	s := &scanner{text: text, at: len(text) - len(strings.TrimPrefix(text, bom))}
	var found []statement
	var table []string
	for s.skip(" \t\r\n"); s.at < len(text); s.skip(" \t\r\n") {
		if text[s.at] == '#' {
			s.line()
			continue
		}
		next := statement{start: s.at, header: text[s.at] == '['}
		s.skip("[")
		key, err := s.key()
		if err != nil {
			return nil, err
		}
		if next.header {
			if !strings.HasPrefix(text[s.at:], "]") {
				return nil, s.lost()
			}
			s.skip("]")
			table, next.key, next.end = key, key, s.at
			found = append(found, next)
			continue
		}
		if !strings.HasPrefix(text[s.at:], "=") {
			return nil, s.lost()
		}
		s.at++
		s.skip(" \t")
		next.key, next.value = slices.Concat(table, key), s.at
		if next.comments, err = s.value(); err != nil {
			return nil, err
		}
		next.end = next.value + len(strings.TrimRight(text[next.value:s.at], " \t\r"))
		found = append(found, next)
	}
	return found, nil
}

// bom may stand before the text.
const bom = "\xef\xbb\xbf"

func (s *scanner) lost() error {
	return fmt.Errorf("line %d can't be told apart for an edit", 1+strings.Count(s.text[:s.at], "\n"))
}

func (s *scanner) skip(chars string) {
	for s.at < len(s.text) && strings.IndexByte(chars, s.text[s.at]) >= 0 {
		s.at++
	}
}

// line goes to the end of the line, and gives what it has passed.
func (s *scanner) line() string {
	start := s.at
	if n := strings.IndexByte(s.text[s.at:], '\n'); n >= 0 {
		s.at += n
	} else {
		s.at = len(s.text)
	}
	return strings.TrimRight(s.text[start:s.at], "\r")
}

// key reads a key, perhaps of several parts with dots between.
func (s *scanner) key() (parts []string, err error) {
	for {
		s.skip(" \t")
		start := s.at
		switch {
		case s.at < len(s.text) && (s.text[s.at] == '"' || s.text[s.at] == '\''):
			if err := s.quoted(); err != nil {
				return nil, err
			}
			var read struct{ Key string }
			if _, err := toml.Decode("key = "+s.text[start:s.at], &read); err != nil {
				return nil, s.lost()
			}
			parts = append(parts, read.Key)
		default:
			n := strings.IndexAny(s.text[s.at:], " \t\r\n.=]#\"'")
			if n <= 0 {
				return nil, s.lost()
			}
			s.at += n
			parts = append(parts, s.text[start:s.at])
		}
		s.skip(" \t")
		if !strings.HasPrefix(s.text[s.at:], ".") {
			return parts, nil
		}
		s.at++
	}
}

// value goes behind a value: to the end of the line, or a comment, that is in no string, list or table.
func (s *scanner) value() (comments []string, err error) {
	depth := 0
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"', '\'':
			if err := s.quoted(); err != nil {
				return nil, err
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '\n', '#':
			if depth == 0 {
				return comments, nil
			}
			if s.text[s.at] == '#' {
				comments = append(comments, s.line())
				continue
			}
		}
		s.at++
	}
	if depth != 0 {
		return nil, s.lost()
	}
	return comments, nil
}

// quoted goes behind a string. Only those in double quotes have escapes; those in three quotes end at three, of which
// up to two more may be their text.
func (s *scanner) quoted() error {
	quote := s.text[s.at : s.at+1]
	end := quote
	if three := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.at:], three) {
		end = three
	}
	s.at += len(end)
	for s.at < len(s.text) {
		switch rest := s.text[s.at:]; {
		case quote == `"` && rest[0] == '\\' && len(rest) > 1:
			s.at += 2
		case strings.HasPrefix(rest, end):
			s.at += len(end)
			for more := 0; len(end) == 3 && more < 2 && strings.HasPrefix(s.text[s.at:], quote); more++ {
				s.at++
			}
			return nil
		case rest[0] == '\n' && len(end) == 1:
			return s.lost()
		default:
			s.at++
		}
	}
	return s.lost()
}
