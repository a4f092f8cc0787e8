// Package maildir files messages in a folder of this machine, in the form that qmail's maildir(5) describes and most
// mail readers and IMAP servers know.
//
// An account is one mailbox: there is one copy of a message whatever the number of recipients, and they share its fate.
// The copy begins with the envelope, Return-Path (RFC 5321 section 4.4) and a Delivered-To for each recipient, and has LF
// line ends.
//
// The states of a message:
//
//	tmp/NAME   new/NAME
//	   -          -       unknown
//	   +          -       being written; garbage when the writer is gone
//	   +          +       delivered ◄── linked, then the folder is synced
//	   -          +       delivered
//
// The file is synced before it is linked, and the link never replaces another message. A delivery that fails leaves
// neither, and is temporary.
//
// The limits: the folder's file system has to know hard links. What a delivery leaves in tmp when the machine stops is
// for the mailbox's reader to remove, after 36 hours as maildir(5) has it. A reader may see a message in the moment
// before its folder turns out not to be written, and then it comes twice.
package maildir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"postern/backend"
	"postern/conf"
	"postern/message"
)

// keys are the keys of an account that this package reads.
type keys struct {
	Path string `toml:"path"`
}

// ResolvePaths is for conf: it tells which keys are file names.
func (k *keys) ResolvePaths(abs func(string) string) { k.Path = abs(k.Path) }

// transport is one account's mailbox.
type transport struct {
	keys
	hostname string
	dialogue io.Writer
}

// Open makes the transport of an account.
func Open(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	t := &transport{hostname: s.Hostname, dialogue: s.Dialogue}
	if err := a.Decode(&t.keys); err != nil {
		return nil, err
	}
	if t.Path == "" {
		return nil, a.Errorf("path", "the account has no path: the folder of its mailbox")
	}
	return t, nil
}

// Send files one copy of msg.
func (t *transport) Send(ctx context.Context, env *message.Envelope, msg *message.Message) ([]backend.Status, error) {
	if err := checkAddress(env.From); err != nil {
		return nil, &backend.Error{Kind: backend.Data, Stage: "envelope sender", Err: err}
	}
	if err := backend.Unkept(env.Terms, "maildir", true); err != nil {
		return nil, err
	}
	statuses := make([]backend.Status, len(env.To))
	var envelope strings.Builder
	fmt.Fprintf(&envelope, "Return-Path: <%s>\n", env.From)
	taken := 0
	for i, to := range env.To {
		statuses[i].Rcpt = to
		if err := checkAddress(to); err != nil {
			statuses[i].Err = &backend.Error{Kind: backend.Data, Stage: "recipient", Err: err}
			continue
		}
		fmt.Fprintf(&envelope, "Delivered-To: %s\n", to)
		taken++
	}
	if taken == 0 {
		return statuses, nil
	}
	t.note("* maildir: %s", t.Path)
	box := Mailbox{t.Path, t.hostname}
	name, size, err := box.File(ctx, io.MultiReader(strings.NewReader(envelope.String()), msg.OpenText()), false)
	if size > 0 {
		t.note("C: [%d octets]", size)
	}
	var failed *backend.Error
	if err != nil {
		failed = Failure(ctx, err)
		t.note("* %v", failed.Err)
	} else {
		t.note("* filed as %s", name)
	}
	backend.Settle(statuses, "", "filed as "+filepath.Join(t.Path, name), failed)
	return statuses, nil
}

// Close has nothing to do: Send leaves nothing open.
func (t *transport) Close() error { return nil }

// checkAddress refuses an address that would break out of its header field.
func checkAddress(address string) error {
	if strings.ContainsFunc(address, unicode.IsControl) {
		return fmt.Errorf("%q has a control character", address)
	}
	return nil
}

// Failure makes the error of a delivery that failed: whatever it is, it is mended on this machine, and then the message
// can be delivered.
func Failure(ctx context.Context, err error) *backend.Error {
	if ctx.Err() != nil {
		return &backend.Error{Kind: backend.Again, Stage: "maildir", Err: errors.New("interrupted")}
	}
	var link *os.LinkError
	if errors.As(err, &link) { // it names both files, in a long line
		err = &os.PathError{Op: link.Op, Path: link.New, Err: link.Err}
	}
	return &backend.Error{Kind: backend.Local, Stage: "maildir", Err: err}
}

// note shows a line in the dialogue. A failure to write it is of no consequence.
func (t *transport) note(format string, args ...any) {
	if t.dialogue != nil {
		_, _ = fmt.Fprintf(t.dialogue, format+"\n", args...)
	}
}

// Way tells which folder would get a message.
func (t *transport) Way() backend.Way { return backend.Way{Folder: t.Path} }
