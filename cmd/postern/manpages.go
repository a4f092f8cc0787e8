//go:build manpages

// With the tag manpages this is another program: it writes the manual pages of the companion's commands, from the same
// words that --help shows, into the folder that its argument names. Nothing of it is in postern itself.
package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// ending stands in postern(1) behind the description.
const ending = `

# COMMANDS
Each command has a page of its own; SEE ALSO names them.
An **id** is that of a message in the queue, or its first or last characters, as long as they stand for one message.

# EXIT STATUS
As for **postern-sendmail(1)**: 0 where all went well, 64 for a command line that can't be understood, 65 for a message,
an address or an id that won't do, 75 for what is worth trying again, 77 for what wants a person, 78 for a fault of the
configuration.

# ENVIRONMENT
**POSTERN_CONFIG** names the configuration to read in place of the usual files, **POSTERN_ACCOUNT** an account,
**NO_COLOR** forbids colours, **VISUAL** or **EDITOR** is the editor of **postern send**.

# FILES
/etc/postern/config.toml
: the configuration of the machine, see **postern.toml(5)**

~/.config/postern/config.toml
: the user's own; under $XDG_CONFIG_HOME where that is set

~/.local/state/postern/queue
: the queue; under $XDG_STATE_HOME where that is set, for root /var/spool/postern, and elsewhere by queue.dir. Its folders
are q (messages that wait), failed (given up, and nobody could be told), corrupt (damaged) and others for a message's
way there

~/.local/state/postern/tokens
: the OAuth tokens, a file of mode 0600 for each account; under $XDG_STATE_HOME where that is set, and for root
/var/lib/postern/tokens
`

// signs are what Markdown, which the pages are made of, would take for its own.
var signs = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|~&]")

func plain(text string) string { return signs.ReplaceAllString(text, `\$0`) }

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: manpages FOLDER")
	}
	status := exOK
	root := rootCommand(streams{os.Stdin, os.Stdout, os.Stderr}, &status)
	for _, c := range root.Commands() {
		if _, ok := forms[c.Name()]; ok && c.Long == "" { // has postern-sendmail(1)
			root.RemoveCommand(c)
		}
	}
	root.SetHelpCommand(&cobra.Command{Use: "none", Hidden: true})
	arguments := map[string]string{}
	escape(root, arguments)
	root.Long += ending
	if err := os.MkdirAll(os.Args[1], 0o755); err != nil {
		log.Fatal(err)
	}
	if err := write(root, os.Args[1], arguments); err != nil {
		log.Fatal(err)
	}
}

// write writes the page of a command, and those of the commands below it.
func write(c *cobra.Command, dir string, arguments map[string]string) error {
	for _, sub := range c.Commands() {
		if err := write(sub, dir, arguments); err != nil {
			return err
		}
	}
	if !c.IsAvailableCommand() && c.HasParent() {
		return nil
	}
	var page bytes.Buffer
	date := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	err := doc.GenMan(c, &doc.GenManHeader{Section: "1", Date: &date, Source: "postern", Manual: "User commands"}, &page)
	if err != nil {
		return err
	}
	text := flagLine.ReplaceAllStringFunc(page.String(), func(line string) string {
		m := flagLine.FindStringSubmatch(line)
		switch m[3] {
		case "[=false]":
			return m[1]
		case `=""`, "=[]":
			return m[1] + ` \fI` + arguments[m[2]] + `\fP`
		}
		return m[1] + ` \fI` + arguments[m[2]] + `\fP (by default ` + strings.Trim(m[3][1:], `"`) + ")"
	})
	return os.WriteFile(filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"), []byte(text), 0o644)
}

// flagLine is the line of a flag, which has its default in place of what stands behind it.
var flagLine = regexp.MustCompile(`(?m)^((?:\\fB-.\\fP, )?\\fB--([a-z0-9-]+)\\fP)(\[=false\]|=.*)$`)

// escape has Markdown leave the words of a command, and of those below it, as they are. The names of the flags' arguments
// go into arguments.
func escape(c *cobra.Command, arguments map[string]string) {
	c.DisableAutoGenTag = true
	c.Short, c.Long, c.Use = plain(c.Short), plain(c.Long), plain(c.Use)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		arguments[f.Name], f.Usage = pflag.UnquoteUsage(f) // the quotation marks around its argument's name
		f.Usage = plain(f.Usage)
	})
	for _, sub := range c.Commands() {
		escape(sub, arguments)
	}
}
