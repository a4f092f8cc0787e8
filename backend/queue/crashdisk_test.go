package queue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// crashDisk is a file system in memory that forgets what was not synced. Each call is a step; at the step of its choice
// the machine ends. What is there after that is any prefix of the changes of each file and each folder since it was
// synced: a rename is two changes, of two folders, which need not come together.
type crashDisk struct {
	folders map[string]*folder
	steps   int
	crashAt int // the step that is not done any more; 0 is never
	failAt  int // the step that fails instead
	failure error
	left    int64
	freezes bool // at crashAt the machine ends without a word: no call does anything any more
	mu      sync.Mutex
}

// crash is what ends a run.
type crash struct{}

// folder has the names that last, and the changes that may not.
type folder struct {
	synced  map[string]*inode
	changes []change
}

// change sets a name, or takes it away where node is nil.
type change struct {
	name string
	node *inode
}

// inode is a file's content: what lasts, and what may not.
type inode struct {
	synced []byte
	writes []write1
	at     time.Time
	locked *crashFile
}

type write1 struct {
	at   int64
	data []byte
}

func newCrashDisk() *crashDisk {
	d := &crashDisk{folders: map[string]*folder{}, left: 1 << 40}
	for _, name := range []string{tmpDir, queueDir, failedDir, corruptDir, downDir} {
		d.folders[name] = &folder{synced: map[string]*inode{}}
	}
	return d
}

// step counts a call, and ends the run or makes the call fail.
func (d *crashDisk) step() error {
	d.steps++
	switch {
	case d.dead():
		return errDead
	case d.steps == d.crashAt:
		panic(crash{})
	}
	switch d.steps {
	case d.failAt:
		return d.failure
	}
	return nil
}

func (d *crashDisk) dead() bool { return d.freezes && d.crashAt > 0 && d.steps >= d.crashAt }

var errDead = errors.New("the machine has ended")

func (f *folder) now() map[string]*inode { return f.after(len(f.changes)) }

func (f *folder) after(n int) map[string]*inode {
	names := maps.Clone(f.synced)
	for _, c := range f.changes[:n] {
		if names[c.name] = c.node; c.node == nil {
			delete(names, c.name)
		}
	}
	return names
}

func (n *inode) after(count int) []byte {
	data := bytes.Clone(n.synced)
	for _, w := range n.writes[:count] {
		if need := int(w.at) + len(w.data); need > len(data) {
			data = append(data, make([]byte, need-len(data))...)
		}
		copy(data[w.at:], w.data)
	}
	return data
}

func (d *crashDisk) find(path string) (*folder, string, *inode) {
	dir, name, _ := strings.Cut(path, "/")
	f := d.folders[dir]
	return f, name, f.now()[name]
}

func missing(op, path string) error {
	return &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist}
}

func (d *crashDisk) create(path string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	f, name, node := d.find(path)
	if node != nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	node = &inode{}
	f.changes = append(f.changes, change{name, node})
	return &crashFile{d, node}, nil
}

func (d *crashDisk) open(path string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	_, _, node := d.find(path)
	if node == nil {
		return nil, missing("open", path)
	}
	return &crashFile{d, node}, nil
}

func (d *crashDisk) rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	f, name, node := d.find(from)
	if node == nil {
		return missing("rename", from)
	}
	t, there, _ := d.find(to)
	t.changes = append(t.changes, change{there, node})
	f.changes = append(f.changes, change{name, nil})
	return nil
}

func (d *crashDisk) link(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	_, _, node := d.find(from)
	if node == nil {
		return missing("link", from)
	}
	t, there, old := d.find(to)
	if old != nil {
		return &fs.PathError{Op: "link", Path: to, Err: fs.ErrExist}
	}
	t.changes = append(t.changes, change{there, node})
	return nil
}

func (d *crashDisk) remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	f, name, node := d.find(path)
	if node == nil {
		return missing("remove", path)
	}
	f.changes = append(f.changes, change{name, nil})
	return nil
}

func (d *crashDisk) syncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	f := d.folders[name]
	f.synced, f.changes = f.now(), nil
	return nil
}

func (d *crashDisk) list(dir string, each func(string) error) error {
	d.mu.Lock()
	err := d.step()
	names := slices.Sorted(maps.Keys(d.folders[dir].now()))
	d.mu.Unlock()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := each(name); err != nil {
			return err
		}
	}
	return nil
}

func (d *crashDisk) time(path string) (time.Time, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _, node := d.find(path)
	if node == nil {
		return time.Time{}, missing("stat", path)
	}
	return node.at, nil
}

func (d *crashDisk) free() (int64, error) { return d.left, nil }

// crashFile is an open file.
type crashFile struct {
	disk *crashDisk
	node *inode
}

func (f *crashFile) Write(p []byte) (int, error) {
	at, _ := f.size()
	return f.WriteAt(p, at)
}

// WriteAt writes in two halves: a crash may come between them.
func (f *crashFile) WriteAt(p []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	half := len(p) / 2
	for _, w := range []write1{{at, bytes.Clone(p[:half])}, {at + int64(half), bytes.Clone(p[half:])}} {
		if err := f.disk.step(); err != nil {
			return 0, err
		}
		f.node.writes = append(f.node.writes, w)
	}
	return len(p), nil
}

func (f *crashFile) ReadAt(p []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return bytes.NewReader(f.node.after(len(f.node.writes))).ReadAt(p, at)
}

func (f *crashFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step(); err != nil {
		return err
	}
	f.node.synced, f.node.writes = f.node.after(len(f.node.writes)), nil
	return nil
}

func (f *crashFile) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.node.locked == f {
		f.node.locked = nil
	}
	return nil
}

func (f *crashFile) size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.node.after(len(f.node.writes)))), nil
}

func (f *crashFile) setTime(t time.Time) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.node.at = t
	return nil
}

func (f *crashFile) lock() (bool, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.node.locked != nil && f.node.locked != f {
		return false, nil
	}
	f.node.locked = f
	return true, nil
}

func (f *crashFile) named(path string) (bool, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	_, _, node := f.disk.find(path)
	return node == f.node, nil
}

// outcomes gives every disk that may be found after a crash at this moment.
func (d *crashDisk) outcomes(each func(*crashDisk)) {
	dirs := slices.Sorted(maps.Keys(d.folders))
	nodes := map[*inode]bool{}
	for _, f := range d.folders {
		for _, n := range f.synced {
			nodes[n] = true
		}
		for _, c := range f.changes {
			if c.node != nil {
				nodes[c.node] = true
			}
		}
	}
	var open []*inode // those with something to lose
	for n := range nodes {
		if len(n.writes) > 0 {
			open = append(open, n)
		}
	}
	counts := make([]int, len(dirs)+len(open))
	for {
		after := newCrashDisk()
		for i, dir := range dirs {
			for name, n := range d.folders[dir].after(counts[i]) {
				data := n.synced
				if j := slices.Index(open, n); j >= 0 {
					data = n.after(counts[len(dirs)+j])
				}
				after.folders[dir].synced[name] = &inode{synced: bytes.Clone(data), at: n.at}
			}
		}
		each(after)
		if !next(counts, func(i int) int {
			if i < len(dirs) {
				return len(d.folders[dirs[i]].changes)
			}
			return len(open[i-len(dirs)].writes)
		}) {
			return
		}
	}
}

// next counts on; false after the last.
func next(counts []int, limit func(int) int) bool {
	for i := range counts {
		if counts[i] < limit(i) {
			counts[i]++
			return true
		}
		counts[i] = 0
	}
	return false
}

// String is what is there, for a failed test.
func (d *crashDisk) String() string {
	var b strings.Builder
	for _, dir := range slices.Sorted(maps.Keys(d.folders)) {
		names := d.folders[dir].now()
		for _, name := range slices.Sorted(maps.Keys(names)) {
			fmt.Fprintf(&b, "%s/%s %.300q\n", dir, name, names[name].after(len(names[name].writes)))
		}
	}
	return b.String()
}

var errDiskFull = errors.New("no space left on device")

var _ io.WriterAt = (*crashFile)(nil)
