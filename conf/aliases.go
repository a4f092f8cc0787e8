package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// systemAliases is the aliases file that mail programs share.
const systemAliases = "/etc/aliases"

// Alias is what a local name stands for. Names are the same in any case.
func (c *Config) Alias(name string) (to []string, ok bool) {
	to, ok = c.aliases[strings.ToLower(name)]
	return to, ok
}

// AliasPlace is where an alias is defined: the line of the configuration, or the file of aliases.
func (c *Config) AliasPlace(name string) string {
	for _, f := range slices.Backward(c.files) {
		for _, key := range f.meta.Keys() {
			if len(key) == 2 && key[0] == "aliases" && strings.EqualFold(key[1], name) {
				return fmt.Sprintf("%s:%d", f.name, f.line(key...))
			}
		}
	}
	return c.others
}

// readAliasFile adds the file that [aliases] names, or /etc/aliases where it says nothing; the table's own entries
// go before those of the file. file = "" reads none.
func (c *Config) readAliasFile() error {
	name, named := systemAliases, false
	if to, ok := c.aliases["file"]; ok {
		delete(c.aliases, "file")
		if len(to) != 1 {
			return c.errorf("aliases", "file should be one file name")
		}
		name, named = to[0], true
	}
	if name == "" {
		return nil
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || err != nil && !named {
		return nil
	}
	if err != nil {
		return err
	}
	c.others = name
	err = parseAliases(name, string(data), c.aliases)
	if !named { // it is other programs' file: what can't be read is theirs
		return nil
	}
	return err
}

// parseAliases reads the format of aliases(5): "name: to, to", "#" comments, continued by leading white space. Names
// that aliases has already stay as they are. The error is that of the first line that can't be read; the others are
// read all the same.
func parseAliases(file, data string, aliases map[string][]string) (err error) {
	var name string
	var to []string
	end := func() {
		if _, has := aliases[name]; name != "" && !has {
			aliases[name] = to
		}
		name, to = "", nil
	}
	for i, line := range strings.Split(data, "\n") {
		text := strings.TrimSpace(line)
		if text == "" || text[0] == '#' {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			end()
			key, rest, ok := strings.Cut(text, ":")
			if !ok {
				if err == nil {
					err = &Error{file, i + 1, "", fmt.Sprintf("%q should be \"name: address, address\"", text)}
				}
				continue
			}
			name, text = strings.ToLower(strings.Trim(strings.TrimSpace(key), `"`)), rest
		}
		to = append(to, SplitTargets(text)...)
	}
	end()
	return err
}

// SplitTargets splits what stands behind an alias's colon at the commas outside quotation marks.
func SplitTargets(text string) (targets []string) {
	quoted := false
	for _, target := range strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ',' && !quoted
	}) {
		if target = strings.TrimSpace(target); target != "" {
			targets = append(targets, target)
		}
	}
	return targets
}
