// Package maildir keeps messages in a mailbox of this machine, in the format of maildir(5), so that mail to root needs
// no server.
//
// The states of a delivery:
//
//	tmp/NAME  new/NAME  meaning
//	 -         -        nothing yet, or failed and cleaned up
//	 +         -        being written; readers ignore it, and one left by a crash is garbage after 36 hours
//	 +         +        delivered; linked, not yet unlinked
//	 -         +        delivered
//
// The file is synced before it gets its name in new, and new after that: a delivery that was reported survives a crash.
// Lines end in LF, and Return-Path and Delivered-To stand on top. An account is one mailbox: it gets one copy, whatever
// the number of recipients.
package maildir

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
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
	dialogue io.Writer
}

// Open makes the transport of an account.
func Open(a *conf.Account, s backend.Surroundings) (backend.Transport, error) {
	t := &transport{dialogue: s.Dialogue}
	if err := a.Decode(&t.keys); err != nil {
		return nil, err
	}
	if t.Path == "" {
		return nil, a.Errorf("path", "the account has no path: the folder of the mailbox")
	}
	return t, nil
}

// Send delivers one copy for all recipients, whose fate is the same.
func (t *transport) Send(_ context.Context, env *message.Envelope, msg *message.Message) ([]backend.Status, error) {
	for _, addr := range append([]string{env.From}, env.To...) {
		if strings.ContainsFunc(addr, unicode.IsControl) {
			return nil, &backend.Error{Kind: backend.Data, Stage: "envelope", Err: fmt.Errorf("%q has a control character", addr)}
		}
	}
	name, err := t.deliver(env, msg)
	if err != nil {
		return nil, &backend.Error{Kind: backend.Local, Stage: "maildir", Err: err}
	}
	if t.dialogue != nil {
		fmt.Fprintf(t.dialogue, "* maildir: %s\n", name)
	}
	statuses := make([]backend.Status, len(env.To))
	for i, to := range env.To {
		statuses[i] = backend.Status{Rcpt: to, Reply: "delivered to " + t.Path}
	}
	return statuses, nil
}

// Close has nothing to do: no file is open between messages.
func (t *transport) Close() error { return nil }

// deliver writes the message and gives the name of its file in new.
func (t *transport) deliver(env *message.Envelope, msg *message.Message) (string, error) {
	for _, folder := range []string{"", "tmp", "new", "cur"} { // the folder above is not made: it may be a disk that is missing
		if err := os.Mkdir(filepath.Join(t.Path, folder), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	name := uniqueName()
	draft, final := filepath.Join(t.Path, "tmp", name), filepath.Join(t.Path, "new", name)
	if err := write(draft, env, msg); err != nil {
		return "", err
	}
	defer os.Remove(draft)                        // a name too many is no harm
	if err := os.Link(draft, final); err != nil { // a link never replaces a message
		return "", err
	}
	return final, syncFolder(filepath.Dir(final))
}

// write makes the file with the message, synced; on failure there is none.
func write(draft string, env *message.Envelope, msg *message.Message) (err error) {
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(draft)
		}
	}()
	w := bufio.NewWriterSize(f, 64<<10)
	fmt.Fprintf(w, "Return-Path: <%s>\n", env.From)
	for _, to := range env.To {
		fmt.Fprintf(w, "Delivered-To: %s\n", to)
	}
	if _, err := io.Copy(w, msg.OpenText()); err != nil {
		return err
	}
	if err := w.Flush(); err != nil { // also of what failed before
		return err
	}
	return f.Sync()
}

// syncFolder makes a folder's new names survive a crash.
func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// uniqueName is a name as maildir(5) has it: the time, something unique, and the host.
func uniqueName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	host = strings.NewReplacer("/", `\057`, ":", `\072`).Replace(host)
	now := time.Now()
	return fmt.Sprintf("%d.M%dP%dR%s.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(), rand.Text(), host)
}
