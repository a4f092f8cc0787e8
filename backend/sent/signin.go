package sent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"postern/auth"
	"postern/backend/smtp"
)

// signIn signs in by the account's mechanism, or by LOGIN where the server has none for a password. state is that of TLS,
// for what binds to it.
func (b *mailbox) signIn(ctx context.Context, state *tls.ConnectionState) error {
	if err := b.client.WaitGreeting(); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if b.client.State() != imap.ConnStateNotAuthenticated { // PREAUTH (RFC 9051 section 7.1.4): as whom?
		return errors.New("the server takes us for signed in, and has not asked who we are")
	}
	caps := b.client.Caps()
	if caps == nil {
		return errors.New("CAPABILITY: no answer")
	}
	have := &b.beside.Have
	over := b.beside.Connection(b.conn.Conn, state, append([]string{}, caps.AuthMechanisms()...))
	mech, err := auth.Choose(have, over, b.beside.Auth)
	if errors.Is(err, auth.ErrNotOffered) && b.mayLogIn() && !caps.Has(imap.CapLoginDisabled) { // section 6.2.3
		if !over.Secure {
			return auth.ErrCleartext
		}
		return b.logIn(ctx)
	}
	if err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	client, secret, err := mech.New(ctx, have, over)
	if err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	b.beside.Mask(string(secret))
	if err := b.client.Authenticate(watched{client, b.beside}); err != nil {
		if r, ok := client.(auth.Reasoner); ok && r.Reason() != "" {
			return fmt.Errorf("sign-in: %w: %s", err, r.Reason())
		}
		return fmt.Errorf("sign-in: %w", err)
	}
	if p, ok := client.(auth.Prover); ok {
		if err := p.Proven(); err != nil {
			return fmt.Errorf("sign-in: %w", err)
		}
	}
	return nil
}

// mayLogIn tells whether the account's password may be shown by the command LOGIN, which is no mechanism.
func (b *mailbox) mayLogIn() bool {
	have := b.beside.Have
	switch strings.ToLower(b.beside.Auth) {
	case "auto":
		return have.Token == nil && have.Password.Given()
	case "plain", "login":
		return true
	}
	return false
}

func (b *mailbox) logIn(ctx context.Context) error {
	user := b.beside.Have.User
	password, err := b.beside.Have.Password.Fetch(ctx)
	if err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	b.beside.Mask(string(password))
	if strings.ContainsAny(user+string(password), "\x00\r\n") {
		return errors.New("sign-in: a control character in user or password")
	}
	if err := b.client.Login(user, string(password)).Wait(); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	return nil
}

// watched is a sign-in whose secrets, in every form that goes over the wire, are known to what hides them.
type watched struct {
	auth.Client
	beside *smtp.Beside
}

func (w watched) Start() (mech string, initial []byte, err error) {
	mech, initial, err = w.Client.Start()
	w.beside.Mask(string(initial))
	return mech, initial, err
}

func (w watched) Next(challenge []byte) ([]byte, error) {
	response, err := w.Client.Next(challenge)
	w.beside.Mask(string(response))
	if e, ok := w.Client.(auth.Expecter); ok {
		w.beside.Mask(string(e.Expects()))
	}
	return response, err
}
