//go:build linux

// Command bench compares postern with msmtp, side by side in one run and on one machine, without a network: both
// hand the same message to a server inside this program. It is a tool for developers and not installed.
//
//	go run ./cmd/bench                # start-up, one message of 2 KB (plain, STARTTLS, implicit TLS), the queue
//	go run ./cmd/bench -parts drain   # the queue alone; TMPDIR=/dev/shm takes the disk out
//	go run ./cmd/bench -big 100m      # and a big one
//
// Absolute times drift from machine to machine and from hour to hour; the ratios of one run are what to compare.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

func main() {
	// The sink shares this process: no collection within a run, the trials collect between runs. Only a big
	// message that comes in a TLS record a line reaches the limit.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(256 << 20)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	b := &bench{out: stdout}
	err := b.parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	}
	return 0
}

// The parts, in their order.
const allParts = "start,plain,starttls,tls,enqueue,drain"

const smallMail = 2048

type bench struct {
	out io.Writer

	postern, parts, big, cache, roots string

	rounds, warmup, memoryRounds, bigRounds int
	messages, parallel, drainRounds         int
	bigSize                                 int64

	countRounds int
	version     string // of postern
	peers       peers
	env         []string
}

func (b *bench) parse(args []string, stderr io.Writer) error {
	cache, _ := os.UserCacheDir()
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&b.postern, "postern", "bin/sendmail", "the `program` to measure")
	f.StringVar(&b.parts, "parts", allParts, "what to measure, a `list`")
	f.IntVar(&b.rounds, "rounds", 100, "rounds that count")
	f.IntVar(&b.warmup, "warmup", 3, "rounds before them")
	f.IntVar(&b.memoryRounds, "memory", 5, "rounds for peak memory, and as many for instructions")
	f.StringVar(&b.big, "big", "", "also send a message of this `size`, such as 100m or 1g")
	f.IntVar(&b.bigRounds, "bigrounds", 3, "rounds with the big message")
	f.IntVar(&b.messages, "messages", 1000, "messages in the queue that is drained")
	f.IntVar(&b.parallel, "parallel", 4, "connections of the drain")
	f.IntVar(&b.drainRounds, "drainrounds", 3, "rounds of the drain")
	f.StringVar(&b.cache, "cache", filepath.Join(cache, "postern-bench"), "`folder` for msmtp where it is not installed")
	f.StringVar(&b.roots, "roots", "/etc/ssl/certs/ca-certificates.crt", "the system's CA `bundle`")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%q is no flag", f.Arg(0))
	}
	if min(b.rounds, b.memoryRounds, b.bigRounds, b.messages, b.parallel, b.drainRounds) < 1 || b.warmup < 0 {
		return errors.New("there is nothing to measure in less than one round")
	}
	for _, p := range strings.Split(b.parts, ",") {
		if !slices.Contains(strings.Split(allParts, ","), p) {
			return fmt.Errorf("%q is not one of the parts %s", p, allParts)
		}
	}
	if b.big == "" {
		return nil
	}
	var err error
	b.bigSize, err = parseSize(b.big)
	return err
}

func (b *bench) wants(part string) bool { return slices.Contains(strings.Split(b.parts, ","), part) }

func (b *bench) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "postern-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := b.prepare(dir); err != nil {
		return err
	}
	cert, ca, err := newCertificate(sinkHost)
	if err != nil {
		return err
	}
	b.peers.bundle = filepath.Join(dir, "bundle.pem")
	roots, err := writeBundle(b.peers.bundle, b.roots, ca)
	if err != nil {
		return err
	}
	b.printHead(roots)
	if b.wants("start") {
		if err := b.start(ctx); err != nil {
			return err
		}
	}
	k := newSink(cert)
	for _, m := range []mode{modePlain, modeStartTLS, modeTLS} {
		if !b.wants(string(m)) {
			continue
		}
		if err := b.mode(ctx, k, m); err != nil {
			return err
		}
	}
	if b.wants("enqueue") {
		if err := b.enqueue(ctx); err != nil {
			return err
		}
	}
	if b.wants("drain") {
		for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
			if err := b.drain(ctx, k, delay); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(b.out, "%s afterwards\n\n", load())
	fmt.Fprintf(b.out, "To reproduce: make build && go run ./cmd/bench%s on a quiet machine with Debian's ca-certificates "+
		"and, if msmtp is not installed, an apt that can fetch it; a C compiler adds the base without Nagle's algorithm, "+
		"perf stat the instructions. Compare ratios, not times.\n", b.flags())
	return nil
}

// prepare finds or makes the programs to compare.
func (b *bench) prepare(dir string) error {
	b.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + os.TempDir(), "LC_ALL=C"}
	var err error
	b.peers.dir = dir
	if b.peers.postern, err = filepath.Abs(b.postern); err != nil {
		return err
	}
	if _, err := exec.LookPath(b.peers.postern); err != nil {
		return fmt.Errorf("%s is not there or is no program: make build first", b.postern)
	}
	postern, err := newPeer(b.peers.postern, nil)
	if err != nil {
		return err
	}
	b.version = postern.version
	if b.cache, err = filepath.Abs(b.cache); err != nil {
		return err
	}
	if b.peers.msmtp, err = findMsmtp(b.cache); err != nil {
		return err
	}
	if b.peers.noNagle, err = buildNoNagle(dir); err != nil {
		b.peers.noNagle = ""
		fmt.Fprintf(b.out, "no comparison with msmtp without Nagle's algorithm: no library to preload: %v\n", err)
	}
	if canCount() {
		b.countRounds = b.memoryRounds
	} else {
		fmt.Fprintln(b.out, "no instruction counts: perf stat is not there or cannot count here")
	}
	return nil
}

func (b *bench) printHead(roots int) {
	fmt.Fprintf(b.out, "%s, %s, %s\n", machine(), b.version, b.peers.msmtp.version)
	fmt.Fprintf(b.out, "the trust file has %d certificates; figures are medians, ratios medians of the rounds' ratios\n", roots)
	fmt.Fprintf(b.out, "%s before\n\n", load())
}

func (b *bench) start(ctx context.Context) error {
	commands, err := b.peers.starters()
	if err != nil {
		return err
	}
	t := b.trial("start and end")
	t.commands = commands
	t.bases = []string{nameMsmtp, nameEmptyGo}
	t.stdin = os.DevNull
	t.check = func() error { return nil }
	return b.do(ctx, t)
}

// mode measures one way to reach the server, with every message asked for.
func (b *bench) mode(ctx context.Context, k *sink, m mode) error {
	l, err := k.listen(m)
	if err != nil {
		return err
	}
	defer l.Close()
	commands, err := b.peers.senders(m, l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return err
	}
	title := map[mode]string{modePlain: "plain", modeStartTLS: "STARTTLS, AUTH", modeTLS: "TLS, AUTH"}[m]
	send := func(t *trial, size int64) error {
		letter, err := writeMail(filepath.Join(b.peers.dir, "mail"), size)
		if err != nil {
			return err
		}
		t.commands, t.bases, t.stdin = commands, []string{nameMsmtp, nameNoNagle}, letter.path
		t.check = func() error { return k.arrived(letter.wire) }
		return b.do(ctx, t)
	}
	if err := send(b.trial("2 KB, "+title), smallMail); err != nil || b.big == "" {
		return err
	}
	t := b.trial(b.big + ", " + title)
	t.warmup, t.rounds, t.memoryRounds, t.countRounds = 1, b.bigRounds, 1, min(1, b.countRounds)
	t.limit += time.Duration(b.bigSize/1e6) * time.Second // 1 MB/s
	return send(t, b.bigSize)
}

func (b *bench) trial(title string) *trial {
	return &trial{
		title: title, dir: b.peers.dir, env: b.env, warmup: b.warmup, rounds: b.rounds,
		memoryRounds: b.memoryRounds, countRounds: b.countRounds, limit: time.Minute,
	}
}

func (b *bench) do(ctx context.Context, t *trial) error {
	r, err := t.run(ctx)
	if err != nil {
		return err
	}
	r.print(b.out)
	return nil
}

// flags repeats the flags that change what is measured.
func (b *bench) flags() string {
	s := fmt.Sprintf(" -rounds %d", b.rounds)
	if b.parts != allParts {
		s += " -parts " + b.parts
	}
	if b.big != "" {
		s += fmt.Sprintf(" -big %s -bigrounds %d", b.big, b.bigRounds)
	}
	return s
}
