package sent

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
	"postern/message"
)

const (
	implicitPort = 993 // RFC 8314 section 3.2
	upgradedPort = 143

	defaultFolder = "Sent"
	farewell      = 2 * time.Second
)

// mailbox is a folder of an IMAP server, on a connection that is kept from one message to the next.
type mailbox struct {
	beside   *smtp.Beside
	security string
	folder   string // as the account has it, or what was found; or empty

	conn   *bounded
	client *imapclient.Client // signed in, or nil
	caps   imap.CapSet        // what the server can do for who is signed in
}

// openMailbox judges the keys of a folder that is on a server. The error is a *conf.Error.
func openMailbox(a *conf.Account, to smtp.Service, k sentKeys) (*mailbox, error) {
	to.Backend, to.Port = k.Security, implicitPort
	if _, port, err := net.SplitHostPort(k.IMAP); err == nil && port == fmt.Sprint(upgradedPort) {
		to.Backend = cmp.Or(to.Backend, "starttls")
	}
	if to.Backend = cmp.Or(to.Backend, "tls"); to.Backend != "tls" {
		to.Port = upgradedPort
	}
	if strings.ContainsAny(k.Folder, "\x00\r\n") {
		return nil, a.Errorf("sent.folder", "%q has a character that no folder's name has", k.Folder)
	}
	b, err := smtp.OpenBeside(a, to)
	if err != nil {
		return nil, err
	}
	return &mailbox{beside: b, security: to.Backend, folder: k.Folder}, nil
}

// unusable is why a server can't be used for any message.
type unusable struct{ error }

func (u unusable) Unwrap() error { return u.error }

// append puts a message into the folder, and gives the folder's name. One that is missing is made, once: the server says
// so with TRYCREATE (RFC 9051 section 6.3.12), and the library's connection may be at its end then.
func (b *mailbox) append(ctx context.Context, m *message.Message, when time.Time) (name string, err error) {
	if m.HasNUL() { // section 4.3: a literal can't have one
		return "", errors.New("the message has a NUL, which IMAP can't carry")
	}
	missing := false
	for range 2 {
		name, err = b.try(ctx, m, when, missing)
		if err != nil {
			b.drop()
		}
		var refused *imap.Error
		if missing || !errors.As(err, &refused) || refused.Code != imap.ResponseCodeTryCreate {
			break
		}
		missing = true
	}
	return name, b.plain(ctx, err)
}

// try is one attempt to append, which makes the folder before where it is missing.
func (b *mailbox) try(ctx context.Context, m *message.Message, when time.Time, missing bool) (name string, err error) {
	if err := b.ready(ctx); err != nil {
		return "", unusable{err}
	}
	defer b.during(ctx)()
	if b.folder == "" {
		if b.folder, err = b.find(); err != nil {
			return "", unusable{err}
		}
	}
	if missing {
		if err := b.client.Create(b.folder, nil).Wait(); err != nil {
			return "", fmt.Errorf("CREATE: %w", err)
		}
		_ = b.client.Subscribe(b.folder).Wait() // many programs show no others
	}
	if limit, _ := b.caps.AppendLimit(); limit != nil && m.Size() > int64(*limit) { // RFC 7889
		return "", fmt.Errorf("the message has %d octets, and the server takes %d", m.Size(), *limit)
	}
	cmd := b.client.Append(b.folder, m.Size(), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: when})
	_, err = io.Copy(cmd, m.Open())
	if err == nil {
		err = cmd.Close()
	} else {
		b.conn.Close() // in the middle of the literal there is no other way to stop
		_ = cmd.Close()
	}
	if _, said := cmd.Wait(); err == nil || errors.As(said, new(*imap.Error)) {
		err = said
	}
	if err != nil {
		return "", fmt.Errorf("APPEND: %w", err)
	}
	return b.folder, nil
}

// find is the folder that the server has for what was sent (RFC 6154), or the usual name.
func (b *mailbox) find() (string, error) {
	if !b.caps.Has(imap.CapSpecialUse) {
		return defaultFolder, nil
	}
	var only *imap.ListOptions
	if b.caps.Has(imap.CapListExtended) {
		only = &imap.ListOptions{SelectSpecialUse: true} // section 2
	}
	all := b.client.List("", "*", only)
	name := ""
	for f := all.Next(); f != nil; f = all.Next() {
		if name == "" && slices.Contains(f.Attrs, imap.MailboxAttrSent) && !slices.Contains(f.Attrs, imap.MailboxAttrNoSelect) {
			name = f.Mailbox
		}
	}
	if err := all.Close(); err != nil {
		return "", fmt.Errorf("LIST: %w", err)
	}
	return cmp.Or(name, defaultFolder), nil
}

// ready has a connection that is signed in: the last one, where the server still answers on it.
func (b *mailbox) ready(ctx context.Context) (err error) {
	if b.client != nil {
		stop := b.during(ctx)
		err := b.client.Noop().Wait()
		stop()
		if err == nil {
			return nil
		}
		b.drop()
	}
	c, policy, err := b.beside.Dial(ctx)
	if err != nil {
		return err
	}
	b.conn = &bounded{Conn: c}
	defer b.during(ctx)()
	var state *tls.ConnectionState
	w := &wire{Conn: b.conn}
	if b.security == "starttls" {
		if err := askTLS(b.conn); err != nil {
			b.conn.Close()
			return fmt.Errorf("STARTTLS: %w", err)
		}
		w.said = greetingAfter
	}
	if b.security != "plain" {
		over := tls.Client(b.conn, policy)
		if err := over.HandshakeContext(ctx); err != nil {
			b.conn.Close()
			return fmt.Errorf("TLS handshake: %w", err)
		}
		now := over.ConnectionState()
		state, w.Conn = &now, over
	}
	b.client = imapclient.New(w, nil)
	w.signing.Store(true)
	err = b.signIn(ctx, state)
	w.signing.Store(false)
	if err == nil {
		b.caps, err = b.client.Capability().Wait() // it may be another list than before
	}
	if err != nil {
		b.drop()
	}
	return err
}

// during has the context end what is done with the connection, until stop is called.
func (b *mailbox) during(ctx context.Context) (stop func() bool) {
	b.conn.left.Store(maxAnswers)
	c := b.conn
	return context.AfterFunc(ctx, func() { c.Close() })
}

// drop gives the connection up.
func (b *mailbox) drop() {
	if b.client != nil {
		b.client.Close()
	}
	b.client = nil
}

// close says goodbye.
func (b *mailbox) close() {
	if b.client == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	defer b.during(ctx)()
	_ = b.client.Logout().Wait()
	b.drop()
}

// plain is an error in words for people, without what is secret.
func (b *mailbox) plain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var server *backend.Error
	var refused *imap.Error
	text := err.Error()
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		text = context.Cause(ctx).Error()
	case ctx.Err() != nil:
		text = "interrupted"
	case b.conn != nil && b.conn.spent(): // the library says where it was in the answer
		text = errTooMuch.Error()
	case errors.As(err, &server): // who calls names the server
		inner := *server
		inner.Server = ""
		text = inner.Error()
	case errors.As(err, &refused):
		text = strings.Replace(text, "imap: ", "", 1)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		text = "the connection was lost"
	}
	text, _, _ = strings.Cut(text, "\n")
	plain := errors.New(b.beside.Hide(text))
	if errors.As(err, new(unusable)) {
		return unusable{plain}
	}
	return plain
}
