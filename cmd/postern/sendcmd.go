package main

import (
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"postern/message"
	"postern/message/compose"
)

// sendFlags are those of postern send, as they stand on the command line.
type sendFlags struct {
	cc, bcc, replyTo, fields []string
	from, body, at           string
}

// sendCommand is postern send: a message of a text, pictures and files. Where nothing of a message is given, standard input
// is a whole one, as sendmail -t has it.
func sendCommand(std streams, status *int) *cobra.Command {
	c := &composing{name: "postern"}
	f := &sendFlags{}
	cmd := &cobra.Command{
		Use:   "send ADDRESS...",
		Short: "send a text, with pictures and files",
		Long: `send makes a message and sends it. The text is what --body says, or standard input, or what you write in $VISUAL or
$EDITOR on a terminal. It has to be UTF-8, or what --header 'Content-Type: text/plain; charset=iso-8859-1' says.

With --image the text shows pictures: each where the text says [image: photo.png], and else at the end. Readers without
HTML see the text. With --html the text shows as you have made it: src="photo.png" means the image of that name, and
where no --image gives it, a file beside the page; one that is neither is an error. The plain text is made of the page, unless --body has it. With
--markdown the HTML is made by the command in $POSTERN_MARKDOWN, which gets the text on standard input, or by cmark,
markdown or pandoc.

Before any server is called, addresses and files are checked, and the size of the message against the limit that the
server named the last time.

Without addresses and a message of your own, standard input is a whole message, and goes to the recipients in its header.`,
		Example: `  postern send -s 'Minutes' -a minutes.pdf ann@example.org < text
  postern send -s 'The new garden' -i garden.jpg --body 'Look: [image: garden.jpg] Nice?' ann@example.org
  postern send -s 'News' --html news.html --bcc readers@example.org,press@example.org
  postern send -s 'Report' --markdown --preview ann@example.org < report.md
  postern send -s 'Happy birthday' --at 'tomorrow 08:00' --body 'All the best!' 'Ann Smith <ann@example.org>'
  postern send --at 'tomorrow 08:00' < message`,
		Run: func(cmd *cobra.Command, args []string) {
			*status = report(std.err, c.name, c.fromFlags(cmd, f, args, std))
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&c.draft.Subject, "subject", "s", "", "the `text` of the subject")
	flags.StringArrayVarP(&c.draft.Attachments, "attach", "a", nil, "a `file` to attach; may be repeated")
	flags.StringArrayVarP(&c.draft.Images, "image", "i", nil, "a picture `file` that shows in the text; may be repeated")
	flags.StringVar(&c.text.html, "html", "", "the `file` of the text as HTML; - is standard input")
	flags.BoolVar(&c.text.markdown, "markdown", false, "the text is Markdown, and shows as HTML made by a program")
	flags.StringArrayVarP(&f.cc, "cc", "c", nil, "`addresses` that get a copy")
	flags.StringArrayVarP(&f.bcc, "bcc", "b", nil, "`addresses` that get a copy unseen by others")
	flags.StringArrayVar(&f.replyTo, "reply-to", nil, "`addresses` that answers go to")
	flags.StringVarP(&f.from, "from", "r", "", "the `address` it is from, in its header and on its envelope")
	flags.StringArrayVar(&f.fields, "header", nil, "a further header `field`, as \"Name: value\"; may be repeated")
	flags.StringVar(&f.body, "body", "", "the `text`")
	flags.StringVar(&c.inv.account, "account", "", "the `account` to send by")
	flags.StringVar(&f.at, "at", "", "the `time` to send it, such as \"08:00\", \"tomorrow 08:00\" or \"+2h\"; the queue keeps it until then")
	flags.BoolVarP(&c.inv.verbose, "verbose", "v", false, "show the dialogue with the server")
	flags.BoolVar(&c.inv.dryRun, "dry-run", false, "show the envelope, the account and why it is that, and send nothing")
	flags.BoolVar(&c.preview, "preview", false, "print the tree of the message's parts and its size, and send nothing")
	flags.StringVar(&c.eml, "eml", "", "write the message to a new `file` instead of sending it; - is standard output")
	flags.BoolVar(&c.json, "json", false, "what became of the message, or its tree with --preview, as a line of JSON")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccountFlag)
	return cmd
}

// fromFlags does what the command line says.
func (c *composing) fromFlags(cmd *cobra.Command, f *sendFlags, args []string, std streams) []error {
	if err := together(cmd); err != nil {
		return []error{err}
	}
	if cmd.Flags().Changed("account") {
		if err := setAccount(&c.inv, c.inv.account); err != nil {
			return []error{usageError{fmt.Errorf("--account: %w", err)}}
		}
	}
	if f.at != "" {
		if err := setAt(&c.inv, f.at); err != nil {
			return []error{usageError{err}}
		}
	}
	if len(args) == 0 && !c.composes(cmd) && !isTerminal(std.in) {
		c.inv.fromHeader, c.inv.dotEnds = true, true
		return c.inv.carryOut(c.name, std)
	}
	if cmd.Flags().Changed("body") {
		c.text.body = &f.body
	}
	errs := c.addresses(args, f)
	if f.from != "" {
		errs = append(errs, c.setFrom("--from", f.from))
	}
	for _, text := range f.fields {
		errs = append(errs, c.addField("--header", text))
	}
	if !utf8.ValidString(c.draft.Subject) {
		errs = append(errs, dataError{fmt.Errorf("--subject: %q is not UTF-8", c.draft.Subject)})
	}
	if errs = withoutNil(errs); len(errs) > 0 {
		return errs
	}
	return c.carryOut(std)
}

// together refuses flags of which one would have no effect.
func together(cmd *cobra.Command) error {
	for _, pair := range [][2]string{
		{"markdown", "html"}, {"preview", "eml"}, {"preview", "dry-run"}, {"eml", "dry-run"}, {"eml", "at"}, {"eml", "json"}, {"dry-run", "json"},
	} {
		if cmd.Flags().Changed(pair[0]) && cmd.Flags().Changed(pair[1]) {
			return usageError{fmt.Errorf("--%s and --%s don't go together", pair[0], pair[1])}
		}
	}
	return nil
}

// composes tells whether a flag is there that says something of a new message.
func (c *composing) composes(cmd *cobra.Command) bool {
	for _, name := range []string{"subject", "attach", "image", "html", "markdown", "cc", "bcc", "reply-to", "from", "header", "body", "preview", "eml", "json"} {
		if cmd.Flags().Changed(name) {
			return true
		}
	}
	return false
}

// addresses reads the lists of addresses.
func (c *composing) addresses(args []string, f *sendFlags) (errs []error) {
	for _, list := range []struct {
		words []string
		name  string
		to    *[]message.Address
	}{{args, "recipient", &c.draft.To}, {f.cc, "--cc", &c.draft.Cc}, {f.bcc, "--bcc", &c.draft.Bcc}, {f.replyTo, "--reply-to", &c.draft.ReplyTo}} {
		for _, word := range list.words {
			addrs, err := compose.ParseList(word)
			errs = append(errs, wrong(list.name, err))
			*list.to = append(*list.to, addrs...)
		}
	}
	return errs
}
