package queue

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The folders of a queue.
const (
	tmpDir     = "tmp"
	queueDir   = "q"
	failedDir  = "failed"
	corruptDir = "corrupt"
	downDir    = "down"
)

// Folder is where the messages that wait are, within the queue's: each that comes gets a name there.
const Folder = queueDir

const stateSuffix = ".state"

// Spool is a queue in a folder.
type Spool struct {
	MaxSize int64 // of a message, in octets; 0 is no limit
	MinFree int64 // that the file system has to have besides the message

	files files
	dir   string // for people
	now   func() time.Time
}

// Open opens the queue in a folder, and makes it where it is missing, for its owner alone. The error names the folder.
func Open(dir string) (*Spool, error) {
	if err := makeFolders(dir); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	if err := judge(dir); err != nil {
		return nil, err
	}
	return At(dir), nil
}

// makeFolders makes the folders that are missing. The last one is a sign that the names of the others are on the disk.
func makeFolders(dir string) error {
	for _, name := range []string{"", tmpDir, queueDir, failedDir, corruptDir, downDir} {
		folder := disk(dir).path(name)
		if _, err := os.Stat(folder); err == nil {
			continue
		}
		if name == downDir {
			if err := syncUp(dir); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// syncUp syncs a folder and those that it lies in, which may be new, too; up to one that isn't ours to read, or that can't be
// synced.
func syncUp(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for ; ; dir = filepath.Dir(dir) {
		err := disk(dir).syncDir("")
		switch {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EINVAL), errors.Is(err, errors.ErrUnsupported):
			return nil
		case err != nil || dir == filepath.Dir(dir):
			return err
		}
	}
}

// At is the queue in a folder that Open has made; where it is missing, there is no message.
func At(dir string) *Spool { return &Spool{files: disk(dir), dir: dir, now: time.Now} }

// remote are file systems whose locks other machines may not see.
var remote = map[int64]string{
	unix.NFS_SUPER_MAGIC: "NFS", unix.SMB_SUPER_MAGIC: "SMB", unix.CIFS_SUPER_MAGIC: "SMB", unix.SMB2_SUPER_MAGIC: "SMB", unix.AFS_SUPER_MAGIC: "AFS",
}

// judge refuses a folder in which messages would be at risk.
func judge(dir string) error {
	for _, name := range []string{"", tmpDir, queueDir, failedDir, corruptDir, downDir} {
		folder := disk(dir).path(name)
		info, err := os.Stat(folder)
		if err != nil {
			return fmt.Errorf("queue: %w", err)
		}
		if mode := info.Mode().Perm(); mode&0o022 != 0 {
			return fmt.Errorf("queue: %s has mode %04o, so others can put messages there: run chmod 700 %s", folder, mode, folder)
		}
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return fmt.Errorf("queue: %s: %w", dir, err)
	}
	if name := remote[int64(s.Type)]; name != "" {
		return fmt.Errorf("queue: %s is on %s, where locks don't hold between machines: set queue.dir to a folder of this machine", dir, name)
	}
	return nil
}

// alphabet is in the order of US-ASCII, so that IDs sort by time, and without letters that look alike.
var alphabet = base32.NewEncoding(letters).WithPadding(base32.NoPadding)

// newID is the time in microseconds, in 12 characters, the account's tag in 4, and 30 random bits in 6. A runner sorts
// messages by the name alone.
func newID(now time.Time, account string) string {
	var t [8]byte
	binary.BigEndian.PutUint64(t[:], uint64(now.UnixMicro())<<8)
	var r [4]byte
	_, _ = rand.Read(r[:])
	return alphabet.EncodeToString(t[:7]) + tagOfAccount(account) + alphabet.EncodeToString(r[:])[:6]
}

// tagOfAccount stands for an account in an ID. Two accounts may have the same.
func tagOfAccount(account string) string {
	sum := sha256.Sum256([]byte(account))
	return alphabet.EncodeToString(sum[:])[:4]
}

// tagOf is the tag that an ID has.
func tagOf(id string) string { return id[12:16] }

// cameAt is when the message of an ID came.
func cameAt(id string) time.Time {
	b, _ := alphabet.DecodeString(id[:12])
	var t [8]byte
	copy(t[:], b)
	return time.UnixMicro(int64(binary.BigEndian.Uint64(t[:]) >> 8))
}

const (
	idLength = 22
	letters  = "0123456789abcdefghjkmnpqrstvwxyz"
)

// IsID tells whether text looks like an ID; no path does.
func IsID(text string) bool { return len(text) == idLength && strings.Trim(text, letters) == "" }

// ErrTooLarge says that a message is over MaxSize.
var ErrTooLarge = errors.New("the message is larger than queue.max_size")

// ErrFull says that the file system would have less than MinFree.
var ErrFull = errors.New("the disk would have less than queue.min_free")

// ErrGone says that a message is no longer there, or never was.
var ErrGone = errors.New("no such message in the queue")

// ErrBusy says that another process is at work on a message.
var ErrBusy = errors.New("another process is at work on it")

// Gone tells whether an error is that of a queue that there is none of, or of a message that is no longer there.
func Gone(err error) bool { return gone(err) || errors.Is(err, ErrGone) }

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
