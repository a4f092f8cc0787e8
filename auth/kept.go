package auth

import (
	"context"
	"sync"
)

// Kept is the source with a memory, which its copies share: the secret is fetched once for all connections, and
// perhaps ahead of its use.
func (s Source) Kept() Source {
	s.kept = &kept{}
	return s
}

// Begin fetches a secret ahead that takes its time, while the connection is still being made: what a program prints
// and what is in the keyring. A person is asked on the terminal only when there is a server that wants to know.
func (s Source) Begin(ctx context.Context) {
	if s.kept != nil && (len(s.Command) > 0 || s.Keyring || s.GitCredential) {
		s.kept.begin(ctx, s)
	}
}

// End forgets the secret, which has not helped, and ends what Begin has begun.
func (s Source) End() {
	if s.kept == nil {
		return
	}
	s.kept.mu.Lock()
	ahead := s.kept.ahead
	s.kept.secret, s.kept.ahead = "", nil
	s.kept.mu.Unlock()
	if ahead != nil {
		ahead.cancel()
		<-ahead.done
	}
}

// kept is what the copies of a source share.
type kept struct {
	mu     sync.Mutex
	secret Secret // or empty
	ahead  *ahead // or nil
}

// ahead is a fetch in the background.
type ahead struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the others are there
	secret Secret
	err    error
}

func (k *kept) begin(ctx context.Context, s Source) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.secret != "" || k.ahead != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{cancel: cancel, done: make(chan struct{})}
	k.ahead = a
	go func() {
		defer close(a.done)
		a.secret, a.err = s.fetch(ctx)
	}()
}

func (k *kept) get(ctx context.Context, s Source) (secret Secret, err error) {
	k.mu.Lock()
	secret, ahead := k.secret, k.ahead
	k.ahead = nil
	k.mu.Unlock()
	switch {
	case secret != "":
		return secret, nil
	case ahead != nil:
		defer context.AfterFunc(ctx, ahead.cancel)()
		<-ahead.done
		ahead.cancel()
		secret, err = ahead.secret, ahead.err
	default:
		secret, err = s.fetch(ctx)
	}
	if err == nil {
		k.mu.Lock()
		k.secret = secret
		k.mu.Unlock()
	}
	return secret, err
}
