package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/message"
)

// invocation is a sendmail command line, understood.
type invocation struct {
	mode       mode
	fromHeader bool    // -t: recipients from To, Cc and Bcc
	dotEnds    bool    // a lone dot ends the message; -i and -oi take it off
	sender     *string // -f, -r: the reverse-path as it was given; nil when it wasn't
	fullName   string  // -F
	noAliases  bool    // -n
	eightBit   bool    // -B8BITMIME
	notify     string  // -N, in upper case
	dsnReturn  string  // -R: FULL or HDRS
	dsnID      string  // -V
	quiet      bool    // -oeq: the exit status is all
	dryRun     bool    // --dry-run: show what would be sent
	account    string  // -a, --account
	config     string  // -C
	verbose    bool    // -v: the dialogue on standard error
	transcript string  // -X: the dialogue appended to a file
	recipients []string
	delivery   delivery       // -od
	json       bool           // --json, of -bp
	learns     bool           // what a server takes is remembered, for the next postern send or mail
	selection  selection      // of -q
	every      time.Duration  // of -q30m
	at         time.Time      // --at: kept until then
	terms      message.Terms  // what is asked of the message's way
	wishes     []message.Wish // of a message by SMTP: one for each of recipients, or none
}

// mode is what a sendmail command line asks for.
type mode int

const (
	modeSend mode = iota
	modeQueueList
	modeAliases
	modeQueueRun
	modeSession // -bs: SMTP on the standard streams
	modeVerify  // -bv: how an address would be handled
	modeVersion
	modeHelp
)

// delivery is when a message is delivered, by -od.
type delivery byte

const (
	asAccount    delivery = 0   // as the account's queue key has it
	deliverNow   delivery = 'i' // interactive
	deliverLater delivery = 'b' // in the background
	queueOnly    delivery = 'q' // by a later run of the queue
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
	{"n", none, func(inv *invocation, _ string) error { inv.noAliases = true; return nil }},
	{"B", needed, setBodyType},
	{"N", needed, setNotify},
	{"R", needed, setReturn},
	{"V", needed, setEnvelopeID},
	{"e", needed, setErrorMode},
	{"a", needed, setAccount},
	{"account", needed, setAccount},
	{"at", needed, setAt},
	{"deliver-by", needed, setDeliverBy},
	{"hold-for", needed, setHoldFor},
	{"hold-until", needed, setHoldUntil},
	{"priority", needed, setPriority},
	{"require-tls", none, func(inv *invocation, _ string) error { inv.terms.RequireTLS = true; return nil }},
	{"submitter", needed, setSubmitter},
	{"dry-run", none, func(inv *invocation, _ string) error { inv.dryRun = true; return nil }},
	{"C", needed, func(inv *invocation, v string) error { inv.config = v; return nil }},
	{"v", none, func(inv *invocation, _ string) error { inv.verbose = true; return nil }},
	{"X", needed, func(inv *invocation, v string) error { inv.transcript = v; return nil }},
	{"o", needed, setOption},
	{"O", needed, setLongOption},
	{"b", needed, setMode},
	{"q", behind, setQueueRun},
	{"I", none, func(inv *invocation, _ string) error { inv.mode = modeAliases; return nil }},
	{"json", none, func(inv *invocation, _ string) error { inv.json = true; return nil }},
	{"version", none, func(inv *invocation, _ string) error { inv.mode = modeVersion; return nil }},
	{"help", none, func(inv *invocation, _ string) error { inv.mode = modeHelp; return nil }},

	{"A", needed, nil}, // which of Sendmail's configurations
	{"D", needed, nil}, // debugging output
	{"d", behind, nil}, // debugging
	{"G", none, nil},   // relayed
	{"h", needed, nil}, // hop count
	{"L", needed, nil}, // syslog tag
	{"M", needed, nil}, // message id of old versions
	{"m", none, nil},   // me too
	{"p", needed, nil}, // protocol it came by
	{"s", none, nil},   // From lines
	{"U", none, nil},   // first submission
	{"x", none, nil},   // AIX's
}

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

// contradiction refuses options that don't go together, and a message where none is sent: it would be lost.
func (inv *invocation) contradiction() error {
	if inv.terms.HoldFor != 0 && !inv.terms.HoldUntil.IsZero() {
		return usageError{errors.New("--hold-for and --hold-until don't go together")}
	}
	if !inv.at.IsZero() && inv.mode != modeSend && inv.mode != modeSession {
		return usageError{errors.New("--at is for messages")}
	}
	switch inv.mode {
	case modeQueueRun, modeQueueList, modeAliases:
		if inv.fromHeader || len(inv.recipients) > 0 {
			return usageError{errors.New("-q, -bp and -bi take no message: give no -t and no recipients")}
		}
	case modeSession:
		if inv.fromHeader || len(inv.recipients) > 0 {
			return usageError{errors.New("-bs takes recipients by SMTP: give no -t and no recipients")}
		}
		if inv.dryRun { // the client would be told that its message is sent
			return usageError{errors.New("-bs and --dry-run don't go together")}
		}
	case modeVerify:
		if inv.fromHeader || len(inv.recipients) == 0 {
			return usageError{errors.New("-bv takes addresses as arguments, and no -t")}
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
