package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const masked = "[secret]"

// Secret is a password or the like. It masks itself in every form of printing; string(s) is the secret.
type Secret string

func (Secret) String() string { return masked }

// GoString masks the secret for whoever calls it directly; fmt calls Format.
func (Secret) GoString() string { return masked }

// Format masks the secret for every verb.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, masked) }

// MarshalText masks the secret in JSON, XML and logs.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Source says where a secret is: one of the first group is set. The second group says what it is the secret of, which
// is what the keyring, a netrc file, git and a person are asked for.
type Source struct {
	Text          string   // the secret itself
	File          string   // a file's first line
	Env           string   // an environment variable
	Command       []string // the first line that a program prints, run without a shell
	Keyring       bool     // the keyring of the desktop session
	Credential    string   // a credential that systemd has handed to the service
	Netrc         string   // an entry of a file in the format of ftp's .netrc
	GitCredential bool     // the credential helpers of git
	Ask           bool     // a person, on the terminal

	Service string // the item's service in the keyring, where it is not the usual one
	Host    string
	Port    int
	User    string

	Wait time.Duration // how long what takes its time may; 0 is a minute

	kept *kept // see Kept
}

// Format masks the secret that Text may hold.
func (Source) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, masked) }

// MarshalText masks the secret in JSON, XML and logs.
func (Source) MarshalText() ([]byte, error) { return []byte(masked), nil }

const (
	// personLimit ends what waits for a person who never comes: a password command, the unlocking of a keyring, a
	// question on the terminal; and what waits for another program, at the other end of a pipe.
	personLimit = time.Minute
	// maxSecret bounds what a source may give: OAuth tokens run to some kilobytes.
	maxSecret = 64 << 10
)

var (
	// ErrNoPassword says that an account has no password set, and that there is nobody to ask for it.
	ErrNoPassword = errors.New("no password is set, and there is no terminal to ask for it")
	// ErrLater says that a secret can't be had now, and may be later, with nothing set anew: nobody has answered in
	// time, the keyring is locked, this machine is short of something. It is said of all that isn't known to be for good.
	ErrLater = errors.New("it may be there later")
)

// later is an error that is ErrLater as well; its text is that of the cause.
type later struct{ error }

func (l later) Unwrap() error { return l.error }

func (later) Is(target error) bool { return target == ErrLater }

// patience is ctx with the end of what waits for others.
func patience(ctx context.Context, wait time.Duration) (context.Context, context.CancelFunc) {
	wait = cmp.Or(wait, personLimit)
	return context.WithTimeoutCause(ctx, wait, later{fmt.Errorf("no answer within %v", wait)})
}

var errTooLong = fmt.Errorf("more than %d octets", maxSecret)

// Given tells whether the source is any.
func (s Source) Given() bool {
	return s.Text != "" || s.File != "" || s.Env != "" || len(s.Command) > 0 || s.Keyring || s.Credential != "" ||
		s.Netrc != "" || s.GitCredential || s.Ask
}

// Fetch gets the secret. Errors name the source and never the secret.
func (s Source) Fetch(ctx context.Context) (Secret, error) {
	if s.kept != nil {
		return s.kept.get(ctx, s)
	}
	return s.fetch(ctx)
}

func (s Source) fetch(ctx context.Context) (Secret, error) {
	if s.Text != "" {
		return Secret(s.Text), nil
	}
	ctx, cancel := patience(ctx, s.Wait)
	defer cancel()
	text, err := s.read(ctx)
	if err == nil && len(text) > maxSecret {
		err = errTooLong
	}
	// Password stores print notes below the password, so the first line is what counts.
	text, _, _ = strings.Cut(text, "\n")
	text = strings.TrimSuffix(text, "\r")
	if err == nil && text == "" {
		err = errors.New("it is empty")
	}
	switch {
	case errors.Is(err, ErrNoPassword):
		return "", err
	case err != nil:
		return "", fmt.Errorf("%s: %w", s.Name(), err)
	}
	return Secret(text), nil
}

func (s Source) read(ctx context.Context) (string, error) {
	switch {
	case s.File != "":
		return readFile(ctx, s.File, maxSecret, false)
	case s.Env != "":
		text, set := os.LookupEnv(s.Env)
		if !set {
			return "", errors.New("it is not set")
		}
		return text, nil
	case len(s.Command) > 0:
		return run(ctx, program{argv: s.Command})
	case s.Keyring:
		secret, err := s.item().Get(ctx, false)
		return string(secret), err
	case s.Credential != "":
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", errors.New("CREDENTIALS_DIRECTORY is not set: it is for services whose unit has LoadCredential=")
		}
		return readFile(ctx, filepath.Join(dir, s.Credential), maxSecret, false)
	case s.Netrc != "":
		return s.fromNetrc(ctx)
	case s.GitCredential:
		return s.fromGit(ctx)
	case s.Ask:
		return s.fromTerminal(ctx)
	}
	return "", ErrNoPassword
}

// Name is where the secret is, for people.
func (s Source) Name() string {
	switch {
	case s.File != "":
		return "password file " + s.File
	case s.Env != "":
		return "environment variable " + s.Env
	case len(s.Command) > 0:
		return "password command " + s.Command[0]
	case s.Keyring:
		return "keyring"
	case s.Credential != "":
		return "credential " + s.Credential
	case s.Netrc != "":
		return "netrc file " + s.Netrc
	case s.GitCredential:
		return "git credential"
	}
	return "password"
}
