package conf

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Password says where an account's password is: one of the ways, or none when there is no password key.
// It masks itself in every form of printing.
type Password struct {
	Text          string   // "text"
	File          string   // { file = "…" }: the first line of a file
	Env           string   // { env = "…" }: an environment variable
	Command       []string // { command = […] }: what a program prints
	Keyring       bool     // { keyring = true } or a service: the keyring of the desktop session
	Service       string   // the keyring's service, where one is named
	Credential    string   // { credential = "…" }: one that systemd hands to a service
	Netrc         string   // { netrc = true } or a file
	GitCredential bool     // { git_credential = true }: git's helpers
}

// Format keeps the password out of whatever is printed, by any verb.
func (Password) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[secret]") }

// MarshalText keeps the password out of JSON, XML and logs.
func (Password) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// passwordSources are the keys of a password's table.
const passwordSources = "command, file, env, keyring, credential, netrc, git_credential"

// UnmarshalTOML reads a string, or a table with one source.
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
		return errors.New("should be a string or a table with one of " + passwordSources)
	}
	for source, v := range table {
		return p.setSource(source, v)
	}
	return nil
}

func (p *Password) setSource(source string, value any) (err error) {
	text, isText := value.(string)
	isTrue := value == true
	mayBeTrue := false
	switch source {
	case "file":
		p.File = text
	case "env":
		p.Env = text
	case "credential":
		p.Credential = text
		if strings.Contains(text, "/") || text == "." || text == ".." {
			return errors.New("credential should be a name, as LoadCredential= has it, and no path")
		}
	case "keyring":
		mayBeTrue = true
		p.Keyring, p.Service = true, text
	case "netrc":
		mayBeTrue = true
		p.Netrc = text
		if isTrue {
			p.Netrc = "~/.netrc"
		}
	case "git_credential":
		if p.GitCredential = isTrue; !isTrue {
			return errors.New("git_credential should be true")
		}
		return nil
	case "command":
		if isText {
			return errors.New("command should be a list of words such as [\"pass\", \"show\", \"work\"]: no shell reads it")
		}
		if p.Command, err = stringsOf(value); err != nil || len(p.Command) == 0 || p.Command[0] == "" {
			return errors.New("command should be a list of words that is not empty")
		}
		return nil
	default:
		return fmt.Errorf("unknown source %q; known are %s", source, passwordSources)
	}
	switch {
	case text != "", mayBeTrue && isTrue:
		return nil
	case mayBeTrue:
		return fmt.Errorf("%s should be true, or a string that is not empty", source)
	}
	return fmt.Errorf("%s should be a string that is not empty", source)
}
