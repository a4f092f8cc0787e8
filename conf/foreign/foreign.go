// Package foreign reads the configurations of other mail programs, and writes what postern would have in their place.
//
// It never weakens: what was sent with TLS is sent with TLS or not at all, and an account that can't be had so is left
// out. What can't be carried over is named with its line, and nothing is run or followed that the files name. The text
// of a note never quotes a value that could be a secret.
package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"postern/conf"
)

// The programs.
const (
	MSMTP      = "msmtprc"
	SSMTP      = "ssmtp"
	Nullmailer = "nullmailer"
	DMA        = "dma"
	Git        = "gitconfig"
	Mutt       = "muttrc"
)

// Programs are the names of the programs whose configuration can be read.
func Programs() []string { return []string{MSMTP, SSMTP, Nullmailer, DMA, Git, Mutt} }

// File is a file that was read.
type File struct {
	Name string // as people call it
	Text string
}

// Note is a line that has no equal, or one that differs from what the program did.
type Note struct {
	File string
	Line int // from 1; 0 is the whole file
	Text string
}

// String is the note as compilers write theirs.
func (n Note) String() string {
	if n.Line == 0 {
		return oneLine(n.File + ": " + n.Text)
	}
	return oneLine(fmt.Sprintf("%s:%d: %s", n.File, n.Line, n.Text))
}

// Profile is what postern would have.
type Profile struct {
	program  string
	main     string // the name of the first file
	fallback string // the key default
	accounts []*account
	aliases  []alias
	log      string // the value of the key
	queue    []entry
	notes    []Note // of no account
	secret   bool
}

// alias is an entry of the aliases.
type alias struct{ name, value string }

// entry is a key with its value in TOML.
type entry struct{ key, value string }

// Import makes a profile of a program's files, the main one first. The error is that of a program that is not known.
func Import(program string, files []File) (*Profile, error) {
	if len(files) == 0 {
		return nil, errors.New("there is no file to read")
	}
	p := &Profile{program: program, main: files[0].Name}
	switch program {
	case MSMTP:
		p.msmtp(files[0])
	case SSMTP:
		p.ssmtp(files)
	case Nullmailer:
		p.nullmailer(files)
	case DMA:
		p.dma(files)
	case Git:
		p.gitconfig(files[0])
	case Mutt:
		p.mutt(files[0])
	default:
		return nil, fmt.Errorf("%q is none of %s", program, strings.Join(Programs(), ", "))
	}
	return p, nil
}

// Empty tells that nothing was carried over.
func (p *Profile) Empty() bool {
	return len(p.accounts)+len(p.aliases)+len(p.queue) == 0 && p.log == ""
}

// HasSecret tells that a password stands in the profile.
func (p *Profile) HasSecret() bool { return p.secret }

// Notes are all notes, each once: those of the accounts, then those of the whole.
func (p *Profile) Notes() (notes []Note) {
	seen := map[Note]bool{}
	add := func(list []Note) {
		for _, n := range inOrder(list) {
			if !seen[n] {
				seen[n] = true
				notes = append(notes, n)
			}
		}
	}
	for _, a := range p.accounts {
		add(a.notes)
	}
	add(p.notes)
	return notes
}

// inOrder are notes in the order of their lines, those of the whole file last.
func inOrder(notes []Note) []Note {
	return slices.SortedStableFunc(slices.Values(notes), func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(uint(a.Line-1), uint(b.Line-1)), cmp.Compare(a.Text, b.Text))
	})
}

// note is about no account.
func (p *Profile) note(file string, line int, format string, args ...any) {
	p.notes = append(p.notes, Note{file, line, oneLine(fmt.Sprintf(format, args...))})
}

// find is the account of a name, or nil.
func (p *Profile) find(name string) *account {
	for _, a := range p.accounts {
		if a.name == name {
			return a
		}
	}
	return nil
}

// add takes an account in, unless it has no host.
func (p *Profile) add(a *account) {
	if a.has("host") {
		p.accounts = append(p.accounts, a)
		return
	}
	p.notes = append(p.notes, a.notes...)
}

// setLog is the log of the first account that has one; postern has one for all.
func (p *Profile) setLog(file string, line int, value string) {
	if p.log != "" && p.log != value {
		p.note(file, line, "postern has one log for all accounts, and another line has set it")
		return
	}
	p.log = value
}

// setAliasFile is the same for the file of aliases.
func (p *Profile) setAliasFile(file string, line int, name string) {
	for _, a := range p.aliases {
		if a.name == "file" {
			if a.value != conf.Quote(name) {
				p.note(file, line, "postern has one file of aliases for all accounts, and another line has set it")
			}
			return
		}
	}
	p.aliases = append(p.aliases, alias{"file", conf.Quote(name)})
}

// oneLine is text without control characters and spare spaces.
func oneLine(text string) string {
	text = strings.ToValidUTF8(text, "?")
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || unicode.IsControl(r) }), " ")
}

// word is a key of a file, short enough to show.
func word(text string) string {
	text = oneLine(text)
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "..."
	}
	return text
}
