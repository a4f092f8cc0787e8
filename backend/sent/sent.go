// Package sent keeps a copy of what an account has sent: in a folder of an IMAP server (RFC 9051), or in a Maildir of this
// machine.
//
// A copy is made once somebody has taken responsibility for the message, and is no part of sending it: that it can't be
// made is told and has no other consequence, and it is not tried again. It is the message as postern gave it out, without
// Bcc; what a server was given in another encoding is not copied in that.
package sent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"postern/backend"
	"postern/backend/maildir"
	"postern/backend/smtp"
	"postern/conf"
	"postern/message"
)

// keys are the keys of an account that this package reads.
type keys struct {
	Sent *sentKeys `toml:"sent"`
}

// sentKeys are the keys of the sent table. One that is empty has no copies made, for an account that extends another.
type sentKeys struct {
	IMAP     string        `toml:"imap"`
	Security string        `toml:"security"` // when TLS begins, as the backends have it
	Folder   string        `toml:"folder"`
	User     string        `toml:"user"`
	Password conf.Password `toml:"password"`
	Maildir  string        `toml:"maildir"`
}

// ResolvePaths is for conf: it tells which keys are file names.
func (k *keys) ResolvePaths(abs func(string) string) {
	if s := k.Sent; s != nil {
		s.Maildir, s.Password.File, s.Password.Netrc = abs(s.Maildir), abs(s.Password.File), abs(s.Password.Netrc)
	}
}

// Folder is where the copies of an account's messages go. It is for one caller at a time.
type Folder struct {
	keys     sentKeys
	dialogue io.Writer
	local    maildir.Mailbox
	remote   *mailbox // nil where the folder is local

	failed error // why the server could not be used
	again  time.Time
}

// Open reads where an account's copies go; nil where it has none. It touches neither the network nor any file, and its
// errors are *conf.Error.
func Open(a *conf.Account, s backend.Surroundings) (*Folder, error) {
	var k keys
	if err := a.Decode(&k); err != nil {
		return nil, err
	}
	if k.Sent == nil || k.Sent.given() == (given{}) {
		return nil, nil
	}
	f := &Folder{keys: *k.Sent, dialogue: s.Dialogue, local: maildir.Mailbox{Path: k.Sent.Maildir, Hostname: s.Hostname}}
	switch g := k.Sent.given(); {
	case g.imap && g.maildir:
		return nil, a.Errorf("sent", "there are imap and maildir: a copy goes to one of them")
	case !g.imap && !g.maildir:
		return nil, a.Errorf("sent", "there is neither imap nor maildir, and nowhere for a copy to go")
	case g.maildir && g.other:
		return nil, a.Errorf("sent", "with maildir nothing else has an effect")
	case g.maildir:
		return f, nil
	}
	service := smtp.Service{Key: "sent", HostKey: "sent.imap", Host: f.keys.IMAP, User: f.keys.User, Password: f.keys.Password}
	var err error
	if f.remote, err = openMailbox(a, service, f.keys); err != nil {
		return nil, err
	}
	return f, nil
}

// given is which keys are there.
type given struct{ imap, maildir, other bool }

func (k *sentKeys) given() given {
	p := k.Password
	source := p.Text != "" || p.File != "" || p.Env != "" || len(p.Command) > 0 || p.Keyring || p.Credential != "" || p.Netrc != "" || p.GitCredential
	return given{k.IMAP != "", k.Maildir != "", k.Security != "" || k.Folder != "" || k.User != "" || source}
}

const (
	// patience is how long a copy may take, besides the time that its size needs at the rate of slowest octets a second.
	patience = 30 * time.Second
	slowest  = 100_000
	// rest is how long a server that could not be used is left alone: each of the next messages would wait for it again.
	rest = time.Minute
)

// String names the folder for people.
func (f *Folder) String() string {
	if f.remote == nil {
		return f.local.Path
	}
	return cmp.Or(f.keys.Folder, defaultFolder) + " at " + f.keys.IMAP
}

// Keep makes a copy of a message. The error names the place, and tells no secret.
func (f *Folder) Keep(ctx context.Context, m *message.Message) error {
	limit := patience + time.Duration(m.Size()/slowest)*time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no end within %v", limit))
	defer cancel()
	if f.remote == nil {
		_, _, err := f.local.File(ctx, m.OpenText(), true)
		if err != nil {
			return fmt.Errorf("no copy in %s: %w", f.local.Path, maildir.Failure(ctx, err).Err)
		}
		f.note("copy in %s", f.local.Path)
		return nil
	}
	err := f.failed
	if err == nil || time.Now().After(f.again) {
		err = f.append(ctx, m)
	}
	if err != nil {
		return fmt.Errorf("no copy in %s: %w", f, err)
	}
	return nil
}

// append has the server keep the message.
func (f *Folder) append(ctx context.Context, m *message.Message) error {
	name, err := f.remote.append(ctx, m, time.Now())
	f.failed = nil
	if err != nil {
		if errors.As(err, new(unusable)) { // not for this message alone
			f.failed, f.again = err, time.Now().Add(rest)
		}
		return err
	}
	f.note("copy in %s at %s", name, f.keys.IMAP)
	return nil
}

// Close gives back what Keep left open.
func (f *Folder) Close() {
	if f.remote != nil {
		f.remote.close()
	}
}

// note shows a line in the dialogue. A failure to write it is of no consequence.
func (f *Folder) note(format string, args ...any) {
	if f.dialogue != nil {
		_, _ = fmt.Fprintf(f.dialogue, "* "+format+"\n", args...)
	}
}
