package pipe

import (
	"slices"
	"strings"
	"time"

	"postern/conf"
)

// keys are the keys of an account that this package reads.
type keys struct {
	Command []string      `toml:"command"`
	Timeout conf.Duration `toml:"timeout"`
}

// The places of a command that the envelope fills.
const (
	sender     = "{sender}"     // anywhere in a word; the null reverse-path is empty, and <> in a word such as -f{sender}
	recipients = "{recipients}" // a whole word, which becomes one for each recipient
)

// defaultTimeout is how long a program may take. It is what RFC 5321 section 4.5.3.2.6 gives a server for the reply to
// the final dot, which is what the program's exit stands for.
const defaultTimeout = 10 * time.Minute

// ResolvePaths is for conf: the program is a file name where it has a slash; else it is looked up in PATH.
func (k *keys) ResolvePaths(abs func(string) string) {
	if len(k.Command) > 0 && strings.Contains(k.Command[0], "/") {
		k.Command[0] = abs(k.Command[0])
	}
}

// judge fills in the defaults and refuses what can't be meant. The errors are *conf.Error.
func (k *keys) judge(a *conf.Account) error {
	if k.Timeout == 0 {
		k.Timeout = conf.Duration(defaultTimeout)
	}
	if len(k.Command) == 0 || k.Command[0] == "" {
		return a.Errorf("command", "the account has no command: a list of words such as [\"procmail\", \"-d\", \"bob\"], which no shell reads")
	}
	if len(placeholders(k.Command[0])) > 0 {
		return a.Errorf("command", "the program itself is %q: no message may choose it", k.Command[0])
	}
	for _, word := range k.Command {
		for _, p := range placeholders(word) {
			switch {
			case p == recipients && word != recipients:
				return a.Errorf("command", "%q: %s stands for several words, and has to be a word of its own", word, recipients)
			case p != recipients && p != sender:
				return a.Errorf("command", "%q: %s is none of %s, %s", word, p, sender, recipients)
			}
		}
	}
	return nil
}

// placeholders are the parts of a word that look like {name}.
func placeholders(word string) (found []string) {
	for {
		_, rest, ok := strings.Cut(word, "{")
		if !ok {
			return found
		}
		name, _, closed := strings.Cut(rest, "}")
		if closed && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") == "" {
			found = append(found, "{"+name+"}")
		}
		word = rest
	}
}

// listsRecipients tells whether the recipients are words of the command.
func (k *keys) listsRecipients() bool { return slices.Contains(k.Command, recipients) }

// leadsWithSender tells whether a word of the command begins with the sender.
func (k *keys) leadsWithSender() bool {
	return slices.ContainsFunc(k.Command, func(word string) bool { return strings.HasPrefix(word, sender) })
}

// words are the command for an envelope.
func (k *keys) words(from string, to []string) (words []string) {
	for _, word := range k.Command {
		switch {
		case word == recipients:
			words = append(words, to...)
		case from == "" && isGlued(word):
			words = append(words, strings.ReplaceAll(word, sender, "<>"))
		default:
			words = append(words, strings.ReplaceAll(word, sender, from))
		}
	}
	return words
}

// isGlued tells whether a word is a letter of an option with the sender behind it. Without one the letter would stand
// alone, and take the next word, a recipient, for the sender.
func isGlued(word string) bool {
	option, ok := strings.CutSuffix(word, sender)
	return ok && strings.HasPrefix(option, "-") && !strings.HasPrefix(option, "--")
}
