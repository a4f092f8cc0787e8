package main

import (
	"errors"
	"fmt"
	"strings"
)

// invocation is a sendmail command line, understood.
type invocation struct {
	mode       mode
	fromHeader bool    // -t: recipients from To, Cc and Bcc
	dotEnds    bool    // a lone dot ends the message; -i and -oi take it off
	sender     *string // -f, -r: the reverse-path as it was given; nil when it wasn't
	fullName   string  // -F
	account    string  // -a, --account
	config     string  // -C
	verbose    bool    // -v: the dialogue on standard error
	transcript string  // -X: the dialogue appended to a file
	recipients []string
}

// mode is what a sendmail command line asks for.
type mode int

const (
	modeSend mode = iota
	modeQueueList
	modeAliases
	modeQueueRun
	modeVersion
	modeHelp
)

// argument says where the argument of an option stands.
type argument int

const (
	none   argument = iota
	needed          // behind the letter, or the next word
	behind          // behind the letter, or none
)

// option is a row of sendmail's grammar.
type option struct {
	name string // a letter, or a long name
	arg  argument
	set  func(inv *invocation, value string) error // nil: taken, and without effect here
}

// options is the whole grammar: a new option is a new row. Letters without effect are taken because programs give
// them: they ask for what happens anyway, or for what a smarthost decides.
var options = []option{
	{"t", none, func(inv *invocation, _ string) error { inv.fromHeader = true; return nil }},
	{"i", none, func(inv *invocation, _ string) error { inv.dotEnds = false; return nil }},
	{"f", needed, func(inv *invocation, v string) error { inv.sender = &v; return nil }},
	{"r", needed, func(inv *invocation, v string) error { inv.sender = &v; return nil }},
	{"F", needed, func(inv *invocation, v string) error { inv.fullName = v; return nil }},
	{"a", needed, setAccount},
	{"account", needed, setAccount},
	{"C", needed, func(inv *invocation, v string) error { inv.config = v; return nil }},
	{"v", none, func(inv *invocation, _ string) error { inv.verbose = true; return nil }},
	{"X", needed, func(inv *invocation, v string) error { inv.transcript = v; return nil }},
	{"o", needed, setOption},
	{"O", needed, setLongOption},
	{"b", needed, setMode},
	{"q", behind, setQueueRun},
	{"I", none, func(inv *invocation, _ string) error { inv.mode = modeAliases; return nil }},
	{"version", none, func(inv *invocation, _ string) error { inv.mode = modeVersion; return nil }},
	{"help", none, func(inv *invocation, _ string) error { inv.mode = modeHelp; return nil }},

	{"A", needed, nil}, // which of Sendmail's configurations
	{"B", needed, nil}, // body type: the message itself tells
	{"D", needed, nil}, // debugging output
	{"d", behind, nil}, // debugging
	{"e", needed, nil}, // error mode: the exit status and standard error tell
	{"G", none, nil},   // relayed
	{"h", needed, nil}, // hop count
	{"L", needed, nil}, // syslog tag
	{"M", needed, nil}, // message id of old versions
	{"m", none, nil},   // me too
	{"N", needed, nil}, // DSN wishes
	{"n", none, nil},   // no aliases
	{"p", needed, nil}, // protocol it came by
	{"R", needed, nil}, // what a DSN returns
	{"s", none, nil},   // From lines
	{"U", none, nil},   // first submission
	{"V", needed, nil}, // envelope id
	{"x", none, nil},   // AIX's
}

// setAccount is -a. An empty name, as a script's unset variable gives it, would be some other account.
func setAccount(inv *invocation, value string) error {
	if value == "" {
		return errors.New("the name of the account is empty")
	}
	inv.account = value
	return nil
}

// setOption is -o and its letter: -oi is -i; the others are taken.
func setOption(inv *invocation, value string) error {
	if setting, ok := strings.CutPrefix(value, "i"); ok {
		inv.dotEnds = isFalse(setting)
	}
	return nil
}

// setLongOption is -O and an option by its name: IgnoreDots is -i; the others are taken.
func setLongOption(inv *invocation, value string) error {
	if name, setting, _ := strings.Cut(value, "="); strings.EqualFold(name, "IgnoreDots") {
		inv.dotEnds = isFalse(setting)
	}
	return nil
}

// isFalse reads a setting as Sendmail does: by its first letter.
func isFalse(setting string) bool {
	return setting != "" && strings.ContainsRune("fFnN0", rune(setting[0]))
}

// setMode is -b and its letter.
func setMode(inv *invocation, value string) error {
	switch value {
	case "m":
		inv.mode = modeSend
	case "p":
		inv.mode = modeQueueList
	case "i":
		inv.mode = modeAliases
	case "a", "d", "D", "h", "H", "s", "t", "v":
		return unoffered("-b" + value)
	default:
		return fmt.Errorf("-b%s: there is no such mode", value)
	}
	return nil
}

// setQueueRun is -q. Without a queue, one run over it is done at once; runs at intervals are not offered.
func setQueueRun(inv *invocation, value string) error {
	if value != "" && '0' <= value[0] && value[0] <= '9' {
		return unoffered("-q" + value)
	}
	inv.mode = modeQueueRun
	return nil
}

// unoffered is an option of sendmail's that this version can't do. Taking it silently would be a lie.
type unoffered string

func (o unoffered) Error() string { return string(o) + " is not offered by this version" }

// parseOptions reads sendmail's command line. Letters can be combined ("-ti"), an argument stands behind its letter
// ("-fann@example.org", "-tfann@example.org") or is the next word, options and recipients come in any order, and "--" ends the
// options. Errors are a usageError or an unoffered.
func parseOptions(args []string) (*invocation, error) {
	inv := &invocation{dotEnds: true}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			inv.recipients = append(inv.recipients, args...)
			return inv, inv.contradiction()
		case len(word) < 2 || word[0] != '-':
			inv.recipients = append(inv.recipients, word)
			continue
		}
		var err error
		if name, isLong := strings.CutPrefix(word, "--"); isLong {
			args, err = inv.long(name, args)
		} else {
			args, err = inv.letters(word[1:], args)
		}
		var un unoffered
		if err != nil && !errors.As(err, &un) {
			err = usageError{err}
		}
		if err != nil {
			return nil, err
		}
	}
	return inv, inv.contradiction()
}

// contradiction refuses a message where none is sent: it would be lost.
func (inv *invocation) contradiction() error {
	switch inv.mode {
	case modeQueueRun, modeQueueList, modeAliases:
		if inv.fromHeader || len(inv.recipients) > 0 {
			return usageError{errors.New("-q, -bp and -bi take no message: give no -t and no recipients")}
		}
	}
	return nil
}

// long applies "--name", "--name value" or "--name=value", and gives the words that are left.
func (inv *invocation) long(name string, rest []string) ([]string, error) {
	name, value, hasValue := strings.Cut(name, "=")
	o := findOption(name)
	switch {
	case o == nil || len(name) == 1:
		return nil, fmt.Errorf("unknown option --%s", name)
	case o.arg == none && hasValue:
		return nil, fmt.Errorf("--%s takes no value", name)
	case o.arg == needed && !hasValue:
		if len(rest) == 0 {
			return nil, fmt.Errorf("--%s needs a value", name)
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, o.set(inv, value)
}

// letters applies a cluster of letters, of which the last can have an argument.
func (inv *invocation) letters(cluster string, rest []string) ([]string, error) {
	for cluster != "" {
		letter := cluster[:1]
		cluster = cluster[1:]
		o := findOption(letter)
		if o == nil {
			return nil, fmt.Errorf("unknown option -%s", printable(letter))
		}
		value := ""
		switch {
		case o.arg == behind || o.arg == needed && cluster != "":
			value, cluster = cluster, ""
		case o.arg == needed && len(rest) == 0:
			return nil, fmt.Errorf("-%s needs a value", letter)
		case o.arg == needed:
			value, rest = rest[0], rest[1:]
		}
		if o.set == nil {
			continue
		}
		if err := o.set(inv, value); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func findOption(name string) *option {
	for i := range options {
		if options[i].name == name {
			return &options[i]
		}
	}
	return nil
}

// printable is a letter of a command line, safe to show.
func printable(letter string) string {
	if letter[0] > ' ' && letter[0] < 0x7f {
		return letter
	}
	return fmt.Sprintf("%q", letter)
}
