//go:build linux

package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCrowd: two runs of the queue, ten who hand messages in, and one who takes messages back, all at once: each message comes
// once, or was taken back.
func TestCrowd(t *testing.T) {
	sendmail := buildRealSendmail(t)
	dir := inMemory(t)
	config := filepath.Join(dir, "config.toml")
	text := fmt.Sprintf("[queue]\ndir = %q\n[aliases]\nfile = \"\"\n[account.box]\nbackend = \"maildir\"\nqueue = \"always\"\nfrom = \"ann@example.org\"\npath = %q\n",
		dir+"/queue", dir+"/box")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), sendmail, append([]string{"-C", config}, args...)...)
		cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin", "POSTERN_CONFIG=" + config}
		if args[0] == "queue" {
			cmd.Path, cmd.Args = filepath.Join(filepath.Dir(sendmail), "postern"), append([]string{"postern"}, args...)
		}
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	keep := func(name string) {
		if out, err := run(letter(name, "bob@example.org", 0), "-odq", "-i", "-t"); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	const enqueuers, each, early = 10, 6, 60
	for i := range early {
		keep(fmt.Sprintf("early%d", i))
	}
	entries, err := os.ReadDir(dir + "/queue/q")
	if err != nil || len(entries) != early {
		t.Fatalf("%d messages, %v", len(entries), err)
	}
	subjects := map[string]string{} // by ID
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, "queue/q", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		subjects[e.Name()] = subject(string(data))
	}
	removed := map[string]bool{}
	var handing, all sync.WaitGroup
	for n := range enqueuers {
		handing.Go(func() {
			for i := range each {
				keep(fmt.Sprintf("late%d.%d", n, i))
			}
		})
	}
	over, begun := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	all.Go(func() {
		for i := len(entries) - 1; i >= 0; i-- { // the runs begin at the other end
			id := entries[i].Name()
			out, err := run("", "queue", "remove", id)
			switch {
			case err == nil:
				removed[subjects[id]] = true
			case !strings.Contains(out, "there is no message") && !strings.Contains(out, "being sent right now"):
				t.Errorf("remove: %v: %s", err, out)
			}
			begin()
		}
	})
	for range 2 {
		all.Go(func() {
			for <-begun; ; {
				if out, err := run("", "-q"); err != nil {
					t.Errorf("sendmail -q: %v: %s", err, out)
				}
				select {
				case <-over:
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
	handing.Wait()
	close(over)
	all.Wait()
	if out, err := run("", "-q"); err != nil {
		t.Errorf("sendmail -q: %v: %s", err, out)
	}
	counts := map[string]int{}
	for _, name := range names(t, dir+"/box/new") {
		data, err := os.ReadFile(filepath.Join(dir, "box/new", name))
		if err != nil {
			t.Fatal(err)
		}
		counts[subject(string(data))]++
	}
	for s, n := range counts {
		if n != 1 || removed[s] {
			t.Errorf("%s has come %d times; taken back: %v", s, n, removed[s])
		}
	}
	if got := len(counts) + len(removed); got != early+enqueuers*each {
		t.Errorf("%d have come and %d were taken back, of %d", len(counts), len(removed), early+enqueuers*each)
	}
	for _, folder := range []string{"q", "tmp", "failed", "corrupt"} {
		if left := names(t, dir+"/queue/"+folder); len(left) > 0 {
			t.Errorf("%s/ has %v", folder, left)
		}
	}
	t.Logf("%d came, %d were taken back", len(counts), len(removed))
}

func subject(text string) string {
	_, text, _ = strings.Cut(text, "Subject: ")
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(text)
}

// names are the files in a folder.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
