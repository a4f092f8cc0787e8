package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDrainInParallel has several connections deliver at once: for the race detector, and each message comes once.
func TestDrainInParallel(t *testing.T) {
	d, err := startDemoServer(false)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "c.toml")
	text := fmt.Sprintf("[queue]\ndir = %q\nparallel = 4\n%s", dir+"/queue", strings.Replace(d.profile("plain", ""), "[account.demo]\n", "[account.demo]\nqueue = \"always\"\n", 1))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) {
		t.Helper()
		var stderr strings.Builder
		if got := sendmail(append([]string{"sendmail", "-C", config}, args...), streams{strings.NewReader(stdin), io.Discard, &stderr}); got != exOK {
			t.Fatalf("status %d: %s", got, &stderr)
		}
	}
	const messages = 60
	for i := range messages {
		run(fmt.Sprintf("From: ann@example.org\nTo: bob@example.org\nSubject: m%d\n\ntext\n", i), "-odq", "-t")
	}
	counts := make(chan map[string]int)
	go func() {
		got := map[string]int{}
		for range messages {
			m, ok := <-d.received
			if !ok {
				break
			}
			_, subject, _ := strings.Cut(m.data, "Subject: ")
			subject, _, _ = strings.Cut(subject, "\n")
			got[subject]++
		}
		counts <- got
	}()
	run("", "-q")
	if got := <-counts; len(got) != messages {
		t.Errorf("%d of %d messages came: %v", len(got), messages, got)
	}
}
