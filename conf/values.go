package conf

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as people write it: "90s", "5m", "1h30m", "5d".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads, and days.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is not a length of time such as \"30s\", \"5m\" or \"5d\"", s)
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a length of time such as \"30s\", \"5m\" or \"5d\"", s)
	}
	*d = Duration(v)
	return nil
}

// Password says where an account's password is; exactly one field is set, or none when there is no password key.
// It masks itself in every form of printing.
type Password struct {
	Text    string   // "text"
	File    string   // { file = "…" }: the first line of a file
	Env     string   // { env = "…" }: an environment variable
	Command []string // { command = […] }: what a program prints
}

// Format keeps the password out of whatever is printed, by any verb.
func (Password) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[secret]") }

// UnmarshalTOML reads a string or a table with one of file, env and command.
func (p *Password) UnmarshalTOML(value any) error {
	*p = Password{}
	if text, ok := value.(string); ok {
		if text == "" {
			return errors.New("the password is empty")
		}
		p.Text = text
		return nil
	}
	table, ok := value.(map[string]any)
	if !ok || len(table) != 1 {
		return errors.New("should be a string or a table with one of file, env, command")
	}
	for source, v := range table {
		text, isText := v.(string)
		switch source {
		case "file", "env":
			if !isText || text == "" {
				return fmt.Errorf("%s should be a string that is not empty", source)
			}
			if source == "file" {
				p.File = text
			} else {
				p.Env = text
			}
		case "command":
			if isText {
				return errors.New("command should be a list of words such as [\"pass\", \"show\", \"work\"]: no shell reads it")
			}
			argv, err := stringsOf(v)
			if err != nil || len(argv) == 0 {
				return errors.New("command should be a list of words that is not empty")
			}
			p.Command = argv
		default:
			return fmt.Errorf("unknown source %q; known are file, env, command", source)
		}
	}
	return nil
}

// Strings is a list of strings; one string alone is a list of one.
type Strings []string

// UnmarshalTOML reads a string as a list of one.
func (l *Strings) UnmarshalTOML(value any) (err error) {
	if text, ok := value.(string); ok {
		*l = Strings{text}
		return nil
	}
	*l, err = stringsOf(value)
	return err
}

func stringsOf(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("should be a string or a list of strings")
	}
	var texts []string
	for _, v := range list {
		text, ok := v.(string)
		if !ok {
			return nil, errors.New("should be a list of strings")
		}
		texts = append(texts, text)
	}
	return texts, nil
}
