package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"postern/message/compose"
)

// mail is the program under the name of mailx's, as scripts call it: only the half of it that sends.
func mail(args []string, std streams) int {
	// What a script pipes into it is to arrive, whatever it is in (RFC 1428 section 3).
	c := &composing{name: args[0], draft: compose.Draft{Charset: "unknown-8bit"}, text: textFrom{typed: true}}
	m := &mailx{composing: c}
	err := m.parse(args[1:])
	switch {
	case err != nil:
		return c.inv.perform(args[0], err, std)
	case c.inv.mode != modeSend:
		fmt.Fprint(std.out, map[mode]string{modeVersion: "postern " + version + "\n", modeHelp: mailHelp}[c.inv.mode])
		return exOK
	case m.whole: // it stands in standard input, with its header
		if err := m.besidesWhole(); err != nil {
			return report(std.err, args[0], []error{err})
		}
		c.inv.fromHeader, c.inv.recipients = true, m.recipients
		return report(std.err, args[0], c.inv.carryOut(args[0], std))
	case len(m.recipients) == 0 && len(c.draft.Cc)+len(c.draft.Bcc) == 0:
		return report(std.err, args[0], []error{usageError{errors.New("no recipients: give addresses as arguments; reading mail is not offered")}})
	}
	errs := m.errs
	for _, word := range m.recipients {
		addrs, err := compose.ParseList(list(word))
		errs = append(errs, wrong("recipient", err))
		c.draft.To = append(c.draft.To, addrs...)
	}
	if errs = withoutNil(errs); len(errs) == 0 {
		errs = c.carryOut(std)
	}
	return report(std.err, args[0], errs)
}

// mailx is a command line of mailx's.
type mailx struct {
	*composing
	recipients []string
	whole      bool    // -t
	errs       []error // addresses and fields that can't be used
}

// besidesWhole refuses what a whole message can't be given.
func (m *mailx) besidesWhole() error {
	d := m.draft
	if d.Subject != "" || len(d.Attachments)+len(d.Fields)+len(d.To)+len(d.Cc)+len(d.Bcc)+len(d.ReplyTo) > 0 || d.TextIsHTML {
		return usageError{errors.New("with -t the message has its own header: -s, -a, -A, -c and -b don't go with it")}
	}
	return errors.Join(withoutNil(m.errs)...)
}

// list is a list of addresses with commas: where it has none but plain ones, mailx takes spaces as well.
func list(text string) string {
	if strings.ContainsAny(text, `<>"():;\`) {
		return text
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }), ", ")
}

// parse reads the command line. Letters can be combined, options and recipients come in any order. What stands behind "--"
// and at least one recipient is for sendmail, as BSD's mail has it: mail ann@example.org -- -f bob@example.org.
func (m *mailx) parse(args []string) error {
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--" && len(m.recipients) > 0:
			return m.forSendmail(args)
		case word == "--":
			m.recipients = append(m.recipients, args...)
			return nil
		case word == "--help":
			m.inv.mode = modeHelp
		case word == "--version", word == "-V":
			m.inv.mode = modeVersion
		case strings.HasPrefix(word, "--"):
			return usageError{fmt.Errorf("unknown option %q", word)}
		case len(word) < 2 || word[0] != '-':
			m.recipients = append(m.recipients, word)
		default:
			var err error
			if args, err = m.letters(word[1:], args); err != nil {
				return err
			}
		}
	}
	return nil
}

// forSendmail takes who the message is from from options of sendmail's.
func (m *mailx) forSendmail(args []string) error {
	inv, err := parseOptions(args)
	if err != nil {
		return err
	}
	if inv.sender != nil && m.inv.sender == nil {
		m.inv.sender = inv.sender
	}
	m.inv.fullName = cmp.Or(m.inv.fullName, inv.fullName)
	m.inv.account = cmp.Or(m.inv.account, inv.account)
	m.inv.verbose = m.inv.verbose || inv.verbose
	m.recipients = append(m.recipients, inv.recipients...)
	return nil
}

// letters applies a cluster of letters, of which the last can have an argument.
func (m *mailx) letters(cluster string, rest []string) ([]string, error) {
	for cluster != "" {
		letter := cluster[:1]
		cluster = cluster[1:]
		value := ""
		if strings.Contains("sacbrASuTqMX", letter) {
			switch {
			case cluster != "":
				value, cluster = cluster, ""
			case len(rest) == 0:
				return nil, usageError{fmt.Errorf("-%s needs a value", letter)}
			default:
				value, rest = rest[0], rest[1:]
			}
		}
		if err := m.letter(letter, value); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// letter applies one option.
func (m *mailx) letter(letter, value string) error {
	switch letter {
	case "s":
		m.draft.Subject = value
	case "a":
		m.attach(value)
	case "A":
		m.draft.Attachments = append(m.draft.Attachments, value)
	case "c":
		m.errs = append(m.errs, wrong("-c", m.draft.Add(compose.Field{Name: "Cc", Value: list(value)})))
	case "b":
		m.errs = append(m.errs, wrong("-b", m.draft.Add(compose.Field{Name: "Bcc", Value: list(value)})))
	case "r":
		m.errs = append(m.errs, m.setFrom("-r", value))
	case "S":
		if from, ok := strings.CutPrefix(value, "from="); ok {
			m.errs = append(m.errs, m.setFrom("-S from", from))
		}
	case "E":
		m.unless = true
	case "t":
		m.whole = true
	case "d":
		m.inv.dryRun = true
	case "v":
		m.inv.verbose = true
	case "n", "i", "I", "N", "~", "#", "B", "F", "w": // of reading, of files that are not read here, or what happens anyway
	case "f", "u", "e", "H", "T", "p", "L":
		return unoffered{"-" + letter, "mail is sent here, and not read"}
	default:
		return usageError{fmt.Errorf("unknown option -%s", printable(letter))}
	}
	return nil
}

// attach is -a: a file or, as BSD's mail and GNU's have it, a field of the header.
func (m *mailx) attach(value string) {
	if _, err := os.Stat(value); err != nil && strings.Contains(value, ":") {
		if _, err := compose.ParseField(value); err == nil {
			m.errs = append(m.errs, m.addField("-a", value))
			return
		}
	}
	m.draft.Attachments = append(m.draft.Attachments, value)
}

// mailCommand is mail in the companion's help; run sees to it.
func mailCommand(std streams, status *int) *cobra.Command {
	return &cobra.Command{
		Use: "mail ADDRESS...", Short: "send a text as mailx does", DisableFlagParsing: true,
		Long: `mail sends as mailx does, for scripts that call it; under the name mail, as by a link, the program is the same. The
text is standard input, on a terminal up to Ctrl-D. Reading mail is not offered.

-s is the subject, -c and -b are addresses for a copy, seen and unseen, -r is who it is from. -a attaches a file or, where
there is none of that name, adds a header field such as "X-Host: web1"; "Content-Type: text/html" says that the text is
HTML; its charset counts where the text is not UTF-8. -A attaches a file. -E sends nothing where the text is empty, -t takes a whole message with its header, -v shows the
dialogue with the server. What stands behind a recipient and -- is for sendmail.`,
		Example: `  postern mail -s 'Backup failed' root < log
  postern mail -s 'Report' -a report.pdf -r 'Ann <ann@example.org>' bob@example.org < text
  postern mail -s 'Page' -a 'Content-Type: text/html' bob@example.org < page.html`,
		Run: func(_ *cobra.Command, args []string) { *status = mail(append([]string{"mail"}, args...), std) },
	}
}

const mailHelp = `usage: mail [-s subject] [-a file]... [-c address] [-b address] [-r from] [-E] [-t] [-v] address... < text
  -s subject  the subject
  -a file     attach a file; also "Name: value", a header field
  -A file     attach a file
  -c address  a copy; -b address a copy unseen by others; lists are parted by commas or spaces
  -r from     who it is from
  -E          send nothing where the text is empty
  -t          standard input is a whole message, with its recipients
  -v          show the dialogue with the server
Reading mail is not offered.
Example:
  mail -s Report -a report.pdf bob@example.org < text
`
