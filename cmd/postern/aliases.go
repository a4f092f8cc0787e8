package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postern/conf"
	"postern/message"
)

// expander replaces bare names by what the aliases say, each name once in a message.
type expander struct {
	config *conf.Config
	done   map[string]bool
	off    bool // -n: names stay as they are

	applied func(name string, to []string) // is told of each alias that is used, or nil
}

// expand replaces a bare name, as often as the aliases have an answer. A target that can't be used is told of in errs,
// and doesn't lose the others. path has the names that led here.
func (x expander) expand(spec string, path []string) (specs []string, errs []error) {
	spec = dropLocalhost(spec)
	targets, ok := x.config.Alias(spec)
	ok = ok && !x.off
	name := strings.ToLower(spec)
	if message.HasDomain(spec) || !ok || len(path) > 0 && name == path[len(path)-1] {
		return []string{spec}, nil // also a name that stands for itself: that is the end
	}
	if slices.Contains(path, name) {
		return nil, []error{fmt.Errorf("the aliases go in a loop: %s -> %s", strings.Join(path, " -> "), name)}
	}
	if x.done[name] {
		return nil, nil
	}
	if x.applied != nil {
		x.applied(name, targets)
	}
	path = append(slices.Clone(path), name)
	found := false
	for _, target := range targets {
		more, some, problems := x.target(target, path)
		found = found || some || len(problems) > 0
		specs, errs = append(specs, more...), append(errs, problems...)
	}
	x.done[name] = true
	if !found {
		errs = append(errs, fmt.Errorf("the alias %s leads nowhere", spec))
	}
	return specs, errs
}

// target expands one target of the alias that path ends in. some tells whether there is an address in it, perhaps one
// that has been expanded before.
func (x expander) target(target string, path []string) (specs []string, some bool, errs []error) {
	alias := path[len(path)-1]
	bare := strings.Trim(target, `"`)
	if file, ok := strings.CutPrefix(bare, ":include:"); ok {
		return x.include(strings.TrimSpace(file), path)
	}
	if strings.HasPrefix(bare, "|") || strings.HasPrefix(bare, "/") || strings.HasPrefix(bare, ":") {
		return nil, false, []error{fmt.Errorf("the alias %s leads to %q: programs and files are not delivered to", alias, target)}
	}
	target, final := strings.CutPrefix(target, `\`) // aliases(5): no further aliases
	addrs, problems := message.ParseAddresses(target)
	for _, p := range problems {
		errs = append(errs, fmt.Errorf("the alias %s: %w", alias, p))
	}
	for _, a := range addrs {
		if final {
			specs = append(specs, dropLocalhost(a.Spec))
			continue
		}
		more, problems := x.expand(a.Spec, path)
		specs, errs = append(specs, more...), append(errs, problems...)
	}
	return specs, len(addrs) > 0, errs
}

// maxInclude bounds a list of addresses, which is read whole.
const maxInclude = 4 << 20

// include expands the list of addresses in a file, "#" comments and several on a line included (aliases(5)). Lists in
// lists count as aliases do, by the file's name. some is as in target.
func (x expander) include(file string, path []string) (specs []string, some bool, errs []error) {
	alias := path[len(path)-1]
	key := ":include:" + file
	if slices.Contains(path, key) {
		return nil, false, []error{fmt.Errorf("the aliases go in a loop: %s -> %s", strings.Join(path, " -> "), key)}
	}
	if !filepath.IsAbs(file) {
		return nil, false, []error{configError{fmt.Errorf("the alias %s: :include:%s should name a file from / on", alias, file)}}
	}
	info, err := os.Stat(file)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxInclude) {
		err = fmt.Errorf("%s is no file, or larger than %d octets", file, maxInclude)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, false, []error{configError{fmt.Errorf("the alias %s: %w", alias, err)}}
	}
	path = append(slices.Clone(path), key)
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		for _, target := range conf.SplitTargets(line) {
			more, one, problems := x.target(target, path)
			specs, some, errs = append(specs, more...), some || one, append(errs, problems...)
		}
	}
	return specs, some, errs
}

// dropLocalhost makes a bare name of one at localhost, which is this machine for every program.
func dropLocalhost(spec string) string {
	at := strings.LastIndexByte(spec, '@')
	if !message.HasDomain(spec) {
		return spec
	}
	switch strings.ToLower(spec[at+1:]) {
	case "localhost", "localhost.localdomain":
		return spec[:at]
	}
	return spec
}
