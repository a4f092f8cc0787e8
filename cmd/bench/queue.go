//go:build linux

package main

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	nameQueue = "postern -odq"
	nameFile  = "one file, synced"
)

// fileGo is a program that does what no queue can do without: a file and its folder, both synced.
const fileGo = `package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	dir := os.Args[1]
	name := fmt.Sprint(os.Getpid())
	text, err := io.ReadAll(os.Stdin)
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(dir+"/tmp/"+name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err == nil {
		_, err = f.Write(text)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(dir+"/tmp/"+name, dir+"/q/"+name)
	}
	var d *os.File
	if err == nil {
		d, err = os.Open(dir + "/q")
	}
	if err == nil {
		err = d.Sync()
	}
	if err != nil {
		panic(err)
	}
}
`

// queued is a queue of its own, and the account that it is for.
type queued struct {
	dir, config string
	postern     string
}

func (b *bench) newQueue(name string, port int) (*queued, error) {
	q := &queued{filepath.Join(b.peers.dir, name), filepath.Join(b.peers.dir, name+".toml"), b.peers.postern}
	text := fmt.Sprintf("[queue]\ndir = %q\nparallel = %d\n%squeue = \"always\"\n", q.dir, b.parallel, b.peers.posternConfig(modePlain, port))
	return q, os.WriteFile(q.config, []byte(text), 0o600)
}

func (q *queued) put() []string { return []string{q.postern, "-C", q.config, "-odq", "-t"} }

// waiting counts the messages.
func (q *queued) waiting() (int, error) {
	entries, err := os.ReadDir(filepath.Join(q.dir, "q"))
	return len(entries), err
}

// enqueue measures how long a message takes into the queue.
func (b *bench) enqueue(ctx context.Context) error {
	letter, err := writeMail(filepath.Join(b.peers.dir, "queued.eml"), smallMail)
	if err != nil {
		return err
	}
	q, err := b.newQueue("enqueue", 9) // nothing is sent
	if err != nil {
		return err
	}
	floor := filepath.Join(b.peers.dir, "floor")
	for _, folder := range []string{"tmp", "q"} {
		if err := os.MkdirAll(filepath.Join(floor, folder), 0o700); err != nil {
			return err
		}
	}
	program, err := buildGo(b.peers.dir, "file", fileGo)
	if err != nil {
		return err
	}
	t := b.trial("2 KB into the queue")
	t.commands = []command{{name: nameQueue, argv: q.put()}, {name: nameFile, argv: []string{program, floor}}}
	t.bases = []string{nameFile}
	t.stdin = letter.path
	seen := 0
	t.check = func() error {
		n, err := q.waiting()
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		other, err := os.ReadDir(filepath.Join(floor, "q"))
		if n += len(other); err == nil && n != seen+1 {
			err = fmt.Errorf("%d messages came, not 1", n-seen)
		}
		seen = n
		return err
	}
	return b.do(ctx, t)
}

// drain measures how long many messages take from the queue to a server that answers after a delay.
func (b *bench) drain(ctx context.Context, k *sink, delay time.Duration) error {
	l, err := k.listen(modePlain)
	if err != nil {
		return err
	}
	defer l.Close()
	name := "drain" + delay.String()
	q, err := b.newQueue(name, l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return err
	}
	letter, err := q.fill(ctx, filepath.Join(b.peers.dir, "drained.eml"), b.messages)
	if err != nil {
		return err
	}
	full := os.DirFS(q.dir + ".full")
	if err := os.Rename(q.dir, q.dir+".full"); err != nil {
		return err
	}
	k.delay.Store(int64(delay))
	defer k.delay.Store(0)
	t := b.trial(fmt.Sprintf("%d messages of 2 KB from the queue, %v a flight", b.messages, delay))
	t.stdin, t.rounds, t.limit = os.DevNull, b.drainRounds, 10*time.Minute
	t.commands = []command{{name: fmt.Sprintf("postern -q, %d connections", b.parallel), argv: []string{q.postern, "-C", q.config, "-q"}}}
	t.check = func() error {
		sizes, fault := k.taken()
		left, err := q.waiting()
		if err == nil && (len(sizes) != b.messages || left != 0) {
			err = fmt.Errorf("%d of %d messages came, %d are left: %v", len(sizes), b.messages, left, fault)
		}
		for _, size := range sizes {
			if size != letter.wire {
				err = fmt.Errorf("%d octets came, not %d", size, letter.wire)
			}
		}
		return err
	}
	r := &result{trial: t, wall: series{}, cpu: series{}, memory: series{}, instructions: series{}}
	t.countRounds = 0
	for range t.rounds {
		for _, measure := range []func() error{
			func() error {
				wall, cpu, err := t.timed(ctx, t.commands[0])
				r.wall.add(t.commands[0], wall)
				r.cpu.add(t.commands[0], cpu)
				return err
			},
			func() error {
				mb, err := t.peak(t.commands[0])
				r.memory.add(t.commands[0], mb)
				return err
			},
		} {
			if err := refill(q.dir, full); err != nil {
				return err
			}
			if err := measure(); err != nil {
				return fmt.Errorf("%s: %w", t.title, err)
			}
		}
	}
	r.print(b.out)
	return nil
}

// refill makes the queue what it was when it was full.
func refill(dir string, full fs.FS) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.CopyFS(dir, full); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700)
}

// fill puts so many messages into the queue.
func (q *queued) fill(ctx context.Context, path string, messages int) (*mail, error) {
	letter, err := writeMail(path, smallMail)
	if err != nil {
		return nil, err
	}
	var workers sync.WaitGroup
	var mu sync.Mutex
	for n := range 4 {
		workers.Go(func() {
			for i := n; i < messages; i += 4 {
				failed := q.putOne(ctx, path)
				mu.Lock()
				if err == nil {
					err = failed
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return letter, err
}

func (q *queued) putOne(ctx context.Context, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := exec.CommandContext(ctx, q.put()[0], q.put()[1:]...)
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
