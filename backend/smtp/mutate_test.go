package smtp_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/backend"
	"postern/conf"
	"postern/message"
)

var (
	mutations = flag.Int("mutations", 150, "how many dialogues TestMutations plays")
	mutation  = flag.Uint64("mutation", 0, "the one dialogue that TestMutations plays, by its seed")
)

// bound is the longest that a dialogue may take: each reply has a limit of a tenth of a second, and there are a few
// hundred at most.
const bound = 2 * time.Minute

// parcel is a message that is sent, and its fate.
type parcel struct {
	env      *message.Envelope
	msg      *message.Message
	wire     string
	done     int
	statuses []backend.Status
	err      error
}

// TestMutations sends to mutants. What has to hold is in judge and judgeHeld, and nothing is left running.
func TestMutations(t *testing.T) {
	before := runtime.NumGoroutine()
	seeds := make(chan uint64)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for seed := range seeds {
				if err := playMutant(seed, t.TempDir()); err != nil {
					t.Errorf("-mutation %d: %v", seed, err)
				}
			}
		})
	}
	if *mutation > 0 {
		seeds <- *mutation
	} else {
		for i := range *mutations {
			seeds <- uint64(i + 1)
		}
	}
	close(seeds)
	workers.Wait()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			all := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, before %d\n%s", runtime.NumGoroutine(), before, all[:runtime.Stack(all, true)])
		}
	}
}

// FuzzMutations plays as long as somebody wants.
func FuzzMutations(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		if err := playMutant(seed, t.TempDir()); err != nil {
			t.Errorf("-mutation %d: %v", seed, err)
		}
	})
}

// playMutant plays one dialogue.
func playMutant(seed uint64, dir string) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	m, err := startMutant(seed, rng)
	if err != nil {
		return err
	}
	hangs := time.AfterFunc(bound, func() { panic(fmt.Sprintf("-mutation %d hangs", seed)) })
	defer hangs.Stop()
	abort := rng.IntN(3) == 0
	transport, err := openMutant(m, dir, abort)
	if err != nil {
		m.end()
		return err
	}
	var parcels []*parcel
	for n := 1 + rng.IntN(3)*rng.IntN(4); len(parcels) < n; {
		p, err := newParcel(len(parcels), rng)
		if err != nil {
			return err
		}
		defer p.msg.Close()
		parcels = append(parcels, p)
	}
	given := 0
	down := transport.(backend.Carrier).SendEach(context.Background(), func() *backend.Item {
		if given == len(parcels) {
			return nil
		}
		p := parcels[given]
		given++
		return &backend.Item{Env: p.env, Msg: p.msg, Done: func(s []backend.Status, err error) {
			p.done++
			p.statuses, p.err = s, err
		}}
	})
	transport.Close()
	m.end()
	for i, p := range parcels {
		if err := judge(m, p, i < given, abort); err != nil {
			return fmt.Errorf("message %d: %w\n%s: %v %v, down %v\n%v", i, err, p.env.To[0], p.statuses, p.err, down, m)
		}
	}
	if given < len(parcels) && down == nil {
		return errors.New("not all messages were asked for")
	}
	return judgeHeld(m, parcels)
}

func openMutant(m *mutant, dir string, abort bool) (backend.Transport, error) {
	kind, refused, timeout := "plain", "deliver", "100ms"
	if m.lmtp {
		kind = "lmtp"
	}
	if abort {
		refused = "abort"
	}
	if m.manners == harmless {
		timeout = "20s"
	}
	_, port, _ := strings.Cut(m.Addr().String(), ":")
	profile := fmt.Sprintf("[account.test]\nbackend = %q\nhost = \"127.0.0.1\"\nport = %s\non_refused = %q\ntimeout = %q\n", kind, port, refused, timeout)
	file := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		return nil, err
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		return nil, err
	}
	return opens.Open(config.Accounts[0], backend.Surroundings{Hostname: "client.example.org"})
}

var filling = strings.Repeat("x", 70)

func newParcel(number int, rng *rand.Rand) (*parcel, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "Subject: %d\n\n", number)
	lines := rng.IntN(30)
	if rng.IntN(6) == 0 {
		lines *= 600
	}
	for range lines {
		text.WriteString("..."[:rng.IntN(3)] + filling[:rng.IntN(70)] + "\n")
	}
	msg, err := message.Read(strings.NewReader(text.String()), message.ReadOptions{})
	if err != nil {
		return nil, err
	}
	wire, err := io.ReadAll(msg.Open())
	if err != nil {
		return nil, err
	}
	env := &message.Envelope{From: "ann@example.org"}
	recipients := 1 + rng.IntN(4)
	if rng.IntN(20) == 0 {
		recipients = 150
	}
	for i := range recipients {
		env.To = append(env.To, fmt.Sprintf("to%d.%d@example.org", number, i))
	}
	return &parcel{env: env, msg: msg, wire: string(wire)}, nil
}

// judge compares the fate of a message with what the server did.
//
// Nobody is told that a message was taken without a positive reply that the server said after the message's last octet.
// The one exception is what no client could see: a lying server had answered more than it was asked before it had
// read that octet, so that there was an answer to the end before there was an end; it may have been on its way when
// the end left. TestAnswersTooEarly has those that the client does see.
func judge(m *mutant, p *parcel, given, abort bool) error {
	if p.done > 1 || given && p.done == 0 || !given && p.done > 0 {
		return fmt.Errorf("done %d times", p.done)
	}
	if p.done == 0 {
		return nil
	}
	if p.err == nil && len(p.statuses) != len(p.env.To) {
		return fmt.Errorf("%d fates for %d recipients", len(p.statuses), len(p.env.To))
	}
	refused := false
	for i, to := range p.env.To {
		fate := p.err
		if fate == nil {
			if p.statuses[i].Rcpt != to {
				return fmt.Errorf("the fate of %s in place of %s", p.statuses[i].Rcpt, to)
			}
			fate = p.statuses[i].Err
		}
		has, acked := m.has(p, to)
		switch {
		case fate == nil && !acked:
			return fmt.Errorf("%s: taken, and the server had not said so", to)
		case fate != nil && m.manners == harmless:
			return fmt.Errorf("%s: %w, and nothing was wrong", to, fate)
		case fate != nil && !backend.Temporary(fate) && beforeDot(fate):
			refused = true
			if has && m.manners < lying {
				return fmt.Errorf("%s: %w, and the server has it", to, fate)
			}
		}
	}
	if refused && abort && m.manners < lying {
		for _, to := range p.env.To {
			if has, _ := m.has(p, to); has {
				return fmt.Errorf("%s has it, and another was refused", to)
			}
		}
	}
	return nil
}

// beforeDot tells whether an error is about what goes before the message.
func beforeDot(err error) bool {
	var e *backend.Error
	if !errors.As(err, &e) {
		return false
	}
	verb, _, _ := strings.Cut(e.Stage, " ")
	return slices.Contains([]string{"RSET", "MAIL", "RCPT", "DATA", "connect", "greeting", "EHLO", "LHLO"}, verb)
}

// has tells whether the server has the message whole, to be given to a recipient, and whether it has said so, or seems
// to have.
func (m *mutant) has(p *parcel, to string) (whole, acked bool) {
	for _, c := range m.calls {
		for _, h := range c.held {
			if m.manners < lying && !slices.Contains(h.rcpts, to) {
				continue
			}
			mine := strings.HasPrefix(string(h.body), p.wire[:len("Subject: 1\r\n")])
			if m.manners == lying && !h.whole && h.surplus {
				acked = true
			}
			if !mine || !h.whole {
				continue
			}
			whole = true
			acked = acked || positiveAfter(c.out, h.at) > 0 || m.manners == lying && h.surplus
		}
	}
	return whole, acked
}

// judgeHeld: what the server has as messages are the messages, octet for octet; what has not come to its end begins as
// one of them.
func judgeHeld(m *mutant, parcels []*parcel) error {
	for _, c := range m.calls {
		for _, h := range c.held {
			fits := func(p *parcel) bool {
				if h.whole {
					return string(h.body) == p.wire
				}
				return strings.HasPrefix(p.wire, strings.TrimSuffix(string(h.body), "."))
			}
			if (h.whole || m.manners < lying) && !slices.ContainsFunc(parcels, fits) {
				return fmt.Errorf("the server has what was not sent, whole %v: %.300q\n%v", h.whole, h.body, m)
			}
		}
	}
	return nil
}
