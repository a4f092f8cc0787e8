package queue

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/backend"
	"postern/message"
)

// world is a server and the clock, for runners.
type world struct {
	mu     sync.Mutex
	now    time.Time
	down   map[string]bool // accounts whose server is down
	says   map[string]error
	got    map[string]int // by message and recipient
	dials  int
	order  []string
	dead   func() bool
	seen   func(*message.Envelope) // or nil
	events []Outcome
}

func newWorld() *world {
	return &world{now: noon, down: map[string]bool{}, says: map[string]error{}, got: map[string]int{}, dead: func() bool { return false }}
}

func refused(text string) error {
	return &backend.Error{Kind: backend.NoRecipient, Server: "mx", Stage: "RCPT", Code: 550, Text: text}
}

func busy(text string) error {
	return &backend.Error{Kind: backend.Again, Server: "mx", Stage: "RCPT", Code: 450, Text: text}
}

// fakeTransport is a Carrier to the world's server.
type fakeTransport struct {
	*world
	account string
}

func (f *fakeTransport) Close() error { return nil }

func (f *fakeTransport) Send(context.Context, *message.Envelope, *message.Message) ([]backend.Status, error) {
	panic("a Carrier is not asked for one")
}

func (f *fakeTransport) SendEach(ctx context.Context, next func() *backend.Item) error {
	connected := false
	for item := next(); item != nil; item = next() {
		f.mu.Lock()
		if !connected {
			f.dials++
			if f.down[f.account] {
				f.mu.Unlock()
				err := &backend.Error{Kind: backend.Again, Server: "mx", Stage: "connect", Text: "refused"}
				item.Done(nil, err)
				return err
			}
			connected = true
		}
		f.mu.Unlock()
		item.Done(f.take(ctx, item))
	}
	return nil
}

func (f *fakeTransport) take(ctx context.Context, item *backend.Item) (statuses []backend.Status, err error) {
	text, err := io.ReadAll(item.Msg.Open())
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead() || ctx.Err() != nil {
		return nil, &backend.Error{Kind: backend.Again, Text: "lost"}
	}
	if f.seen != nil {
		f.seen(item.Env)
	}
	_, subject, _ := strings.Cut(string(text), "Subject: ")
	subject, _, _ = strings.Cut(subject, "\r\n")
	for _, rcpt := range item.Env.To {
		err := f.says[rcpt]
		if err == nil {
			f.got[subject+" "+rcpt]++
			f.order = append(f.order, subject)
		}
		statuses = append(statuses, backend.Status{Rcpt: rcpt, Reply: "250 ok", Err: err})
	}
	return statuses, nil
}

func (w *world) runner(s *Spool) *Runner {
	s.now = func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }
	return &Runner{
		Spool: s, Accounts: []string{"a", "b"},
		Policy: Policy{Retry: []time.Duration{time.Minute, 10 * time.Minute}, GiveUp: 24 * time.Hour, WarnAfter: 4 * time.Hour, Parallel: 2},
		Open:   func(account string) (backend.Transport, error) { return &fakeTransport{w, account}, nil },
		Report: func(o Outcome, _ *message.Message) (*Record, *message.Message, bool, error) {
			if len(o.Failed) == 0 && !o.Delayed {
				return nil, nil, false, nil
			}
			if o.Record.Report {
				return nil, nil, len(o.Failed) > 0, nil
			}
			kind := "delayed"
			if len(o.Failed) > 0 {
				kind = "failed"
			}
			m, err := message.Read(strings.NewReader("Subject: "+kind+"\n\nx\n"), message.ReadOptions{})
			r := &Record{Account: o.Account, Report: true, Envelope: message.Envelope{To: []string{o.Record.Envelope.From}}}
			return r, m, false, err
		},
		Told: func(o Outcome) { w.events = append(w.events, o) },
	}
}

func (w *world) put(t *testing.T, s *Spool, account, subject string, rcpts ...string) string {
	t.Helper()
	m, err := message.Read(strings.NewReader("Subject: "+subject+"\n\ntext\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := to(rcpts...)
	r.Account, r.Time = account, w.now
	id, err := s.Put(r, m)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) forward(d time.Duration) { w.mu.Lock(); w.now = w.now.Add(d); w.mu.Unlock() }

func (w *world) run(t *testing.T, r *Runner, wanted Wanted) time.Time {
	t.Helper()
	next, err := r.Run(context.Background(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func waiting(t *testing.T, s *Spool) (n int) {
	t.Helper()
	if err := s.Entries(func(Entry) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}
