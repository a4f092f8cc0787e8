package maildir_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postern/backend"
	"postern/backend/maildir"
	"postern/conf"
	"postern/message"
)

// mailbox opens an account with this path.
func mailbox(t *testing.T, path string, s backend.Surroundings) (backend.Transport, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	text := "[account.local]\nbackend = \"maildir\"\npath = '" + path + "'\n[aliases]\nfile = \"\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	return maildir.Open(config.Accounts[0], s)
}

func letter(t *testing.T, text string) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader(text), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestDeliver: one file for two recipients, with what was sent and where from, and nothing left in tmp.
func TestDeliver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box")
	var dialogue strings.Builder
	box, err := mailbox(t, path, backend.Surroundings{Dialogue: &dialogue})
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("a line of the body\n", 10000)
	statuses, err := box.Send(context.Background(), &message.Envelope{From: "ann@example.org", To: []string{"root", "bob"}}, letter(t, "Subject: x\n\n.dot\n"+body))
	if err != nil || len(statuses) != 2 || statuses[0].Err != nil || statuses[1].Rcpt != "bob" {
		t.Fatalf("%v, %v", statuses, err)
	}
	files, _ := filepath.Glob(filepath.Join(path, "new", "*"))
	drafts, _ := filepath.Glob(filepath.Join(path, "tmp", "*"))
	if len(files) != 1 || len(drafts) != 0 {
		t.Fatalf("%q in new, %q in tmp", files, drafts)
	}
	got, err := os.ReadFile(files[0])
	want := "Return-Path: <ann@example.org>\nDelivered-To: root\nDelivered-To: bob\nSubject: x\n\n.dot\n" + body
	if err != nil || string(got) != want {
		t.Errorf("%v: %.200q", err, got)
	}
	for _, name := range []string{path, filepath.Join(path, "cur"), files[0]} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if !strings.HasPrefix(dialogue.String(), "* maildir: "+files[0]) {
		t.Errorf("the dialogue has %q", dialogue.String())
	}
}

// TestManyAtOnce: deliveries never get in each other's way.
func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box")
	box, err := mailbox(t, path, backend.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	msg := letter(t, "Subject: x\n\n")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := box.Send(context.Background(), &message.Envelope{To: []string{"root"}}, msg); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if files, _ := filepath.Glob(filepath.Join(path, "new", "*")); len(files) != 50 {
		t.Errorf("%d messages", len(files))
	}
}

// TestFailures: what can't be delivered is for now, names the path, and leaves nothing behind.
func TestFailures(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	noNew := filepath.Join(dir, "nonew")
	if err := errors.Join(os.Mkdir(noNew, 0o700), os.WriteFile(filepath.Join(noNew, "new"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		story, path, from string
		kind              backend.Kind
		want              string
	}{
		{"the folder above is missing", filepath.Join(dir, "missing/box"), "", backend.Local, "missing/box: no such file or directory"},
		{"the path is a file", file, "", backend.Local, "file/tmp: not a directory"},
		{"new is a file", noNew, "", backend.Local, "not a directory"},
		{"a control character", filepath.Join(dir, "box"), "a\nBcc: b", backend.Data, "control character"},
	} {
		box, err := mailbox(t, c.path, backend.Surroundings{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = box.Send(context.Background(), &message.Envelope{From: c.from, To: []string{"root"}}, letter(t, "Subject: x\n\n"))
		var failed *backend.Error
		if !errors.As(err, &failed) || failed.Kind != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.story, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(noNew, "tmp", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if _, err := mailbox(t, "", backend.Surroundings{}); err == nil || !strings.Contains(err.Error(), "account.local.path: the account has no path") {
		t.Errorf("no path: %v", err)
	}
}
