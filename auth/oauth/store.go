package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"

	"postern/auth"
)

const (
	// lockLimit is how long another process may hold an account's lock: a renewal, and some more.
	lockLimit = requestLimit + grace + 10*time.Second
	// lockPause is between two looks at a lock that another process holds.
	lockPause = 20 * time.Millisecond
	// maxFile bounds a token file.
	maxFile = 1 << 20
)

// record is what the token file of an account holds.
type record struct {
	Access   auth.Secret `json:"access_token,omitempty"`
	Refresh  auth.Secret `json:"refresh_token,omitempty"`
	Expiry   time.Time   `json:"expiry,omitzero"`    // zero where the provider doesn't say
	Obtained time.Time   `json:"obtained,omitzero"`  // the latest sign-in or renewal
	For      string      `json:"for,omitempty"`      // Config.identity
	Failure  string      `json:"failure,omitempty"`  // what came of the latest renewal, where it failed
	Failed   time.Time   `json:"failed_at,omitzero"` // when
}

// MarshalJSON writes the tokens as they are, for the token file: by itself a Secret is masked.
func (r record) MarshalJSON() ([]byte, error) {
	type masked record
	return json.Marshal(struct {
		Access  string `json:"access_token,omitempty"`
		Refresh string `json:"refresh_token,omitempty"`
		masked
	}{string(r.Access), string(r.Refresh), masked(r)})
}

// store is where the tokens of one account are: a file, or an item of the keyring, which has its lock beside where the
// file would be.
type store struct {
	dir, name string
	item      *auth.Item // or nil
}

// store names the file after the account, whatever characters that has.
func (c *Config) store() store {
	s := store{dir: c.Dir, name: filepath.Join(c.Dir, url.PathEscape(c.Account)+".json")}
	if c.Keep == KeepKeyring {
		s.item = &auth.Item{Service: "postern-oauth://" + c.Account, User: c.User, Host: c.host()}
	}
	return s
}

// read is the record, or an empty one where there is none. Where quiet is set nobody is asked to unlock the keyring.
func (s store) read(ctx context.Context, quiet bool) (record, error) {
	if s.item != nil {
		return s.readItem(ctx, quiet)
	}
	return s.readFile()
}

func (s store) readItem(ctx context.Context, quiet bool) (r record, err error) {
	text, err := s.item.Get(ctx, quiet)
	if missing := new(auth.MissingError); errors.As(err, &missing) {
		return r, nil
	}
	if err != nil {
		return r, keyringError(err)
	}
	if json.Unmarshal([]byte(text), &r) != nil {
		return record{}, &Error{Login, "what the keyring has for the tokens is damaged"}
	}
	return r, nil
}

// open makes sure of the keyring, where that is to have the tokens, before a person goes and signs in.
func (s store) open(ctx context.Context) error {
	if s.item == nil {
		return nil
	}
	missing := new(auth.MissingError)
	if _, err := s.item.Get(ctx, false); err != nil && !errors.As(err, &missing) {
		return keyringError(err)
	}
	return nil
}

// keyringError is why the keyring could not be read or written: it may be there later, or unlocked.
func keyringError(err error) *Error {
	if errors.Is(err, context.Canceled) {
		return &Error{Again, "interrupted"}
	}
	return &Error{Again, fmt.Sprintf("tokens in the keyring: %v", err)}
}

// readFile refuses a file that others can read: whoever has a refresh token can send as its owner.
func (s store) readFile() (record, error) {
	var r record
	f, err := os.Open(s.name)
	if errors.Is(err, fs.ErrNotExist) || s.dir == "" {
		return r, nil
	}
	if err != nil {
		return r, &Error{Local, fmt.Sprintf("token file: %v", err)}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return r, &Error{Local, fmt.Sprintf("token file: %v", err)}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return r, &Error{Denied, fmt.Sprintf("token file %s has mode %04o, which lets others read it: run chmod 600 on it, and sign in anew if somebody may have", s.name, mode)}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return r, &Error{Local, fmt.Sprintf("token file: %v", err)}
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, &Error{Login, fmt.Sprintf("token file %s is damaged", s.name)} // the cause could quote it
	}
	return r, nil
}

// lock keeps other processes from renewing the tokens of the account. It is a file of its own, since the token file is
// replaced.
func (s store) lock(ctx context.Context) (unlock func(), err error) {
	if s.dir == "" {
		return nil, &Error{Local, "there is no folder for tokens: neither XDG_STATE_HOME nor HOME is set"}
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, &Error{Local, fmt.Sprintf("folder for tokens: %v", err)}
	}
	ctx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	l := flock.New(s.name+".lock", flock.SetPermissions(0o600))
	_, err = l.TryLockContext(ctx, lockPause)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &Error{Again, fmt.Sprintf("%s: another process holds it", l.Path())}
	case errors.Is(err, context.Canceled):
		return nil, &Error{Again, "interrupted"}
	case err != nil:
		return nil, &Error{Local, fmt.Sprintf("lock of the tokens: %v", err)}
	}
	return func() { _ = l.Close() }, nil
}

// draft is a record that is to replace the one that is there.
type draft struct {
	store
	file *renameio.PendingFile // nil where the keyring has the tokens
}

// begin makes the file that is to replace the token file. It comes before the request, so that a folder that takes no
// files doesn't cost the refresh token. The keyring has shown that it is there when the old record was read.
func (s store) begin() (*draft, error) {
	if s.item != nil {
		return &draft{store: s}, nil
	}
	pending, err := renameio.TempFile(s.dir, s.name) // with mode 0600
	if err != nil {
		return nil, &Error{Local, fmt.Sprintf("token file: %v", err)}
	}
	return &draft{s, pending}, nil
}

// drop leaves the old record, unless the new one has taken its place.
func (d *draft) drop() {
	if d.file != nil {
		_ = d.file.Cleanup()
	}
}

// commit puts the new record in place of the old one: at any moment there is one of them, whole. It goes on for the
// grace when ctx is cancelled.
func (d *draft) commit(ctx context.Context, r record) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if d.item != nil {
		ctx, cancel := outlast(ctx)
		defer cancel()
		if err == nil {
			err = d.item.Set(ctx, auth.Secret(data))
		}
		if err != nil {
			return keyringError(err)
		}
		_ = os.Remove(d.name) // from before there was keep: nothing reads it any more
		return nil
	}
	if err == nil {
		_, err = d.file.Write(append(data, '\n'))
	}
	if err == nil {
		err = d.file.CloseAtomicallyReplace()
	}
	if err == nil {
		err = syncFolder(d.dir)
	}
	if err != nil {
		return &Error{Local, fmt.Sprintf("token file: %v", err)}
	}
	return nil
}

// syncFolder makes a rename last.
func syncFolder(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
