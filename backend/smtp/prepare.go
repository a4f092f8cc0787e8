package smtp

import (
	"context"
	"sync"
	"time"

	"postern/backend"
)

// attempt is a connection made ahead of its message.
type attempt struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when there is a session, or an error

	mu      sync.Mutex
	session *session // nil when somebody has taken it, or it has waited too long
	err     *backend.Error
	expired bool
}

// Prepare begins to connect, as far as MAIL. Of a message that is not sent after all the server gets to see nothing.
// Where a person is to be asked for the password the message comes first: it may be typed on the same terminal.
func (t *transport) Prepare() {
	if t.ahead != nil || t.Auth != "none" && t.have.Password.Ask {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &attempt{cancel: cancel, done: make(chan struct{})}
	t.ahead = a
	go func() {
		a.session, a.err = t.signIn(ctx)
		time.AfterFunc(maxIdle, a.expire)
		close(a.done)
	}()
}

// take gives the session to who comes first: its message, its end, or Close. The error is for the message alone.
func (a *attempt) take() (s *session, err *backend.Error, expired bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, a.session = a.session, nil
	return s, a.err, a.expired
}

// expire ends a connection whose message takes too long: the server has others to serve, and a failure to connect is no
// news any more.
func (a *attempt) expire() {
	a.mu.Lock()
	s := a.session
	a.session, a.expired = nil, true
	a.mu.Unlock()
	s.discard()
}

// discard says goodbye.
func (s *session) discard() {
	if s != nil {
		s.quit()
		s.conn.close()
	}
}

// Close gives back a connection that was prepared and not used.
func (t *transport) Close() error {
	a := t.ahead
	if a == nil {
		return nil
	}
	t.ahead = nil
	select {
	case <-a.done:
	default:
		a.cancel()
		<-a.done
	}
	s, _, _ := a.take()
	s.discard()
	return nil
}

// ready is a session with a server that waits for MAIL: the one that was prepared, if it is still there, else a new
// one.
func (t *transport) ready(ctx context.Context) (*session, *backend.Error) {
	a := t.ahead
	if a == nil {
		return t.signIn(ctx)
	}
	t.ahead = nil
	defer context.AfterFunc(ctx, a.cancel)()
	<-a.done
	s, err, expired := a.take()
	switch {
	case expired:
		return t.signIn(ctx)
	case err != nil:
		return nil, err
	}
	s.ctx, s.prepared = ctx, true
	return s, nil
}

// signIn is a new session with a server that waits for MAIL.
func (t *transport) signIn(ctx context.Context) (*session, *backend.Error) {
	if ctx.Err() != nil {
		return nil, &backend.Error{Kind: backend.Again, Server: t.servers[0].Host, Stage: stageConnect.name, Err: interruption(ctx)}
	}
	s, err := t.connect(ctx)
	if err != nil {
		t.have.Password.End()
		return nil, err
	}
	defer s.conn.breakOff(ctx)()
	if err := s.authenticate(); err != nil {
		t.have.Password.End()
		s.discard()
		return nil, err
	}
	return s, nil
}
