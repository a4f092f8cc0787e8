package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring/secret_service"
)

// busVariable is where the session bus is.
const busVariable = "DBUS_SESSION_BUS_ADDRESS"

// Item is a place in the keyring of the desktop session, the Secret Service. Its attributes are those that go-keyring
// and Python's keyring use.
type Item struct {
	Service string // or empty for the usual one, which the host names
	Host    string
	User    string
}

func (s Source) item() Item { return Item{s.Service, s.Host, s.User} }

func (i Item) attributes() map[string]string {
	service := i.Service
	if service == "" {
		service = "smtp://" + i.Host
	}
	return map[string]string{"service": service, "username": i.User}
}

// msmtp are the attributes by which msmtp finds a password, so its users have stored it with them.
func (i Item) msmtp() map[string]string {
	return map[string]string{"host": i.Host, "service": "smtp", "user": i.User}
}

// Set stores the secret, in place of the one that is there.
func (i Item) Set(ctx context.Context, secret Secret) error {
	_, err := inKeyring(ctx, func(k *ss.SecretService) (string, error) {
		session, err := k.OpenSession()
		if err != nil {
			return "", err
		}
		defer k.Close(session)
		collection := k.GetLoginCollection()
		if err := k.Unlock(collection.Path()); err != nil {
			return "", err
		}
		label := fmt.Sprintf("postern: %s at %s", i.User, i.Host)
		return "", k.CreateItem(collection, label, i.attributes(), ss.NewSecret(session.Path(), string(secret)))
	})
	return err
}

// Delete removes what Set has stored.
func (i Item) Delete(ctx context.Context) error {
	_, err := inKeyring(ctx, func(k *ss.SecretService) (string, error) {
		collection := k.GetLoginCollection()
		if err := k.Unlock(collection.Path()); err != nil {
			return "", err
		}
		found, err := k.SearchItems(collection, i.attributes())
		if err == nil && len(found) == 0 {
			err = i.missing()
		}
		for _, item := range found {
			if err == nil {
				err = k.Delete(item)
			}
		}
		return "", err
	})
	return err
}

// MissingError is a place in the keyring where there is nothing.
type MissingError struct{ service, user string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("there is no password for %s, service %s", e.user, e.service)
}

func (i Item) missing() error { return &MissingError{i.attributes()["service"], i.User} }

var (
	// ErrNoKeyring says that there is no session bus: under cron, say.
	ErrNoKeyring = errors.New("there is no session bus, and so no keyring: neither " + busVariable + " nor XDG_RUNTIME_DIR leads to one")
	// ErrLocked says that the keyring is locked, and nobody has unlocked it.
	ErrLocked = errors.New("it was not unlocked")
)

// Get finds the secret, or where no service was named the one that msmtp's users have stored. A locked keyring asks its
// owner, unless quiet is set.
func (i Item) Get(ctx context.Context, quiet bool) (Secret, error) {
	wanted := []map[string]string{i.attributes()}
	if i.Service == "" {
		wanted = append(wanted, i.msmtp())
	}
	text, err := inKeyring(ctx, func(k *ss.SecretService) (string, error) {
		collection := k.GetLoginCollection()
		if err := unlock(k, "Collection", collection.Path(), quiet); err != nil {
			return "", err
		}
		for _, attributes := range wanted {
			found, err := k.SearchItems(collection, attributes)
			if err != nil {
				return "", err
			}
			if len(found) == 0 {
				continue
			}
			session, err := k.OpenSession()
			if err != nil {
				return "", err
			}
			defer k.Close(session)
			if err := unlock(k, "Item", found[0], quiet); err != nil { // an item may have a lock of its own
				return "", err
			}
			secret, err := k.GetSecret(found[0], session.Path())
			if err != nil {
				return "", err
			}
			return string(secret.Value), nil
		}
		return "", i.missing()
	})
	return Secret(text), err
}

// unlock has the owner unlock a collection or an item. It asks nobody where quiet is set, but looks whether it is locked.
func unlock(k *ss.SecretService, kind string, at dbus.ObjectPath, quiet bool) error {
	if !quiet {
		return k.Unlock(at)
	}
	locked, err := k.Object("org.freedesktop.secrets", at).GetProperty("org.freedesktop.Secret." + kind + ".Locked")
	if err == nil && locked.Value() != false {
		err = ErrLocked
	}
	return err
}

// inKeyring has do work in the keyring. The library has no time limit while it waits for a person to unlock it, and
// fails badly where the bus goes away meanwhile; so it works apart, and is left behind when the time is up. All that
// fails may do better once a person is there, but for what the keyring doesn't have.
func inKeyring(ctx context.Context, do func(*ss.SecretService) (string, error)) (string, error) {
	if err := sessionBus(); err != nil {
		return "", later{err}
	}
	ctx, cancel := patience(ctx, 0)
	defer cancel()
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errors.New("the keyring has gone away")}
		defer func() {
			_ = recover()
			done <- r
		}()
		k, err := ss.NewSecretService()
		if err != nil {
			r.err = fmt.Errorf("session bus: %w", err)
			return
		}
		r.text, r.err = do(k)
	}()
	select {
	case r := <-done:
		var none *MissingError
		switch {
		case r.err == nil || errors.As(r.err, &none):
			return r.text, r.err
		case strings.HasPrefix(r.err.Error(), "failed to unlock"):
			r.err = ErrLocked
		}
		return "", later{r.err}
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// sessionBus makes sure that there is a session bus. Without one the library would start one, and nothing would be in
// its keyring: under cron, say.
func sessionBus() error {
	if address := os.Getenv(busVariable); address != "" && !strings.HasPrefix(address, "autolaunch:") {
		return nil
	}
	name := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")
	if info, err := os.Stat(name); err == nil && filepath.IsAbs(name) && info.Mode().Type() == os.ModeSocket {
		return os.Setenv(busVariable, "unix:path="+dbus.EscapeBusAddressValue(name)) // where the library looks
	}
	return ErrNoKeyring
}
