package message_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// corpus is a package of Debian with messages that others test their mail software with.
type corpus struct {
	name   string // of the package
	source bool   // it is a source package: a tar archive with gzip
	files  string // the files to take, as a pattern
	boxes  bool   // mailbox files: each of the messages in them counts too
}

// corpora are Python's messages and bounces, and those of four Perl modules.
var corpora = []corpus{
	{"libpython3.11-testsuite", false, `/test_email/data/.*\.txt$`, false},
	{"python3-flufl.bounce", false, `/bounce/tests/data/.*\.txt$`, false},
	{"libemail-simple-perl", true, `/t/test-mails/`, false},
	{"libemail-folder-perl", true, `/t/(mboxes|testmh|testmaildir)/`, true},
	{"libmail-mbox-messageparser-perl", true, `/t/mailboxes/.*\.(txt|sep)$`, true},
	{"libmail-thread-perl", true, `/t/testbox`, true},
}

// mails are the messages of a corpus, by the names of their files.
func (c corpus) mails(cache string) (map[string]string, error) {
	if c.source {
		return c.unpackSource(cache)
	}
	return c.unpackPackage(cache)
}

func (c corpus) unpackSource(cache string) (map[string]string, error) {
	archives, _ := filepath.Glob(filepath.Join(cache, c.name+"_*.orig.tar.gz"))
	if len(archives) != 1 {
		return nil, fmt.Errorf("%d source archives of %s", len(archives), c.name)
	}
	f, err := os.Open(archives[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	mails, wanted := map[string]string{}, regexp.MustCompile(c.files)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return mails, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg || !wanted.MatchString(h.Name) {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		mails[h.Name] = string(text)
	}
}

func (c corpus) unpackPackage(cache string) (map[string]string, error) {
	packages, _ := filepath.Glob(filepath.Join(cache, c.name+"_*.deb"))
	if len(packages) != 1 {
		return nil, fmt.Errorf("%d packages of %s", len(packages), c.name)
	}
	root, err := os.MkdirTemp("", "postern-corpus-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(root)
	if err := runApt(context.Background(), root, "dpkg-deb", "-x", packages[0], root); err != nil {
		return nil, err
	}
	mails, wanted := map[string]string{}, regexp.MustCompile(c.files)
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !wanted.MatchString(path) {
			return err
		}
		text, err := os.ReadFile(path)
		mails[strings.TrimPrefix(path, root)] = string(text)
		return err
	})
	return mails, err
}

// fetchCorpora gives the folder with the packages, from the user's cache if an earlier run left it there.
func fetchCorpora(t *testing.T) (string, error) {
	if os.Geteuid() != 0 {
		return "", errors.New("not root")
	}
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	if release, _ := os.ReadFile("/etc/os-release"); !strings.Contains(string(release), "VERSION_CODENAME=bookworm\n") {
		return "", errors.New("not Debian 12, whose packages are named here")
	}
	parent, err := os.UserCacheDir()
	if err == nil {
		parent = filepath.Join(parent, "postern-test")
		err = os.MkdirAll(parent, 0o755)
	}
	if err != nil {
		parent = t.TempDir()
	}
	cache := filepath.Join(parent, "bookworm-corpora")
	if _, err := os.Stat(cache); err == nil {
		return cache, nil
	}
	// The folder gets its name when it is complete: an interrupted download is never taken for one.
	part, err := os.MkdirTemp(parent, "part-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(part)
	if err := downloadCorpora(t, part); err != nil {
		return "", err
	}
	if err := os.Rename(part, cache); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return cache, nil
}

// downloadCorpora has lists of packages of its own, because few machines are set up for source packages; nothing of
// the machine's is changed.
func downloadCorpora(t *testing.T, folder string) error {
	own := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	for _, dir := range []string{"parts", "lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(own, dir), 0o755); err != nil {
			return err
		}
	}
	if err := writeAptSources(filepath.Join(own, "parts")); err != nil {
		return err
	}
	apt := []string{
		"apt-get", "-qq", "-o", "Dir::Etc::SourceList=/dev/null", "-o", "Dir::Etc::SourceParts=" + own + "/parts",
		"-o", "Dir::State::Lists=" + own + "/lists", "-o", "Dir::Cache=" + own + "/cache",
	}
	binary, source := []string{"download"}, []string{"source", "--download-only", "--tar-only"}
	for _, c := range corpora {
		if c.source {
			source = append(source, c.name)
		} else {
			binary = append(binary, c.name)
		}
	}
	for _, command := range [][]string{{"-o", "APT::Update::Error-Mode=any", "update"}, binary, source} {
		if err := runApt(ctx, folder, slices.Concat(apt, command)...); err != nil {
			return err
		}
	}
	return nil
}

// writeAptSources makes apt's configuration out of the machine's: what it has of Debian 12 itself, with sources.
func writeAptSources(folder string) error {
	lists, _ := filepath.Glob("/etc/apt/sources.list.d/*.list")
	var oneLine strings.Builder
	for _, file := range append(lists, "/etc/apt/sources.list") {
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "deb "); ok && isDebian12(line) {
				fmt.Fprintf(&oneLine, "deb %sdeb-src %s", rest, rest)
			}
		}
	}
	var stanzas strings.Builder
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*.sources")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for stanza := range strings.SplitSeq(string(text), "\n\n") {
			if isDebian12(stanza) {
				stanzas.WriteString(regexp.MustCompile(`(?m)^Types:.*`).ReplaceAllString(stanza, "Types: deb deb-src") + "\n\n")
			}
		}
	}
	if oneLine.Len()+stanzas.Len() == 0 {
		return errors.New("apt has no Debian 12 configured")
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "corpora.list"), []byte(oneLine.String()), 0o644),
		os.WriteFile(filepath.Join(folder, "corpora.sources"), []byte(stanzas.String()), 0o644))
}

// isDebian12 tells whether an entry of apt's sources has Debian 12 itself, rather than a vendor's packages for it.
func isDebian12(entry string) bool {
	words := strings.Fields(entry)
	return slices.Contains(words, "bookworm") && slices.Contains(words, "main")
}

// runApt runs one of the packaging tools in a folder.
func runApt(ctx context.Context, folder string, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; "))
	}
	return nil
}

// allMails are the messages of all corpora, by the names of package and file; where they can't be had, the test says
// so and ends. That is a failure where they can.
func allMails(t *testing.T) map[string]string {
	t.Helper()
	cache, err := fetchCorpora(t)
	if err != nil {
		_, none := exec.LookPath("apt-get")
		if os.Getenv("CI") == "true" && os.Geteuid() == 0 && none == nil {
			t.Fatalf("no mail corpora: %v", err)
		}
		t.Skipf("no mail corpora (%v): the messages that Python and Perl modules are tested with are not read", err)
	}
	all := map[string]string{}
	for _, c := range corpora {
		mails, err := c.mails(cache)
		if err != nil {
			t.Fatal(err)
		}
		for file, text := range mails {
			name := c.name + "/" + filepath.Base(file)
			all[name] = text
			if !c.boxes {
				continue
			}
			for i, start := range regexp.MustCompile(`(?m)^From `).FindAllStringIndex(text, -1) {
				mail := text[start[0]:]
				if next := strings.Index(mail, "\nFrom "); next >= 0 {
					mail = mail[:next+1]
				}
				all[fmt.Sprintf("%s#%d", name, i+1)] = mail
			}
		}
		t.Logf("%s: %d files, %d messages so far", c.name, len(mails), len(all))
	}
	if len(all) < 60 {
		t.Fatalf("only %d messages in the corpora", len(all))
	}
	return all
}
