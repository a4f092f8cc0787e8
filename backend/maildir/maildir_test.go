package maildir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"postern/backend"
	"postern/backend/maildir"
	"postern/conf"
	"postern/message"
)

const text = "Subject: hello\r\n\r\nbody\r\n"

// open makes the transport of an account whose file is in folder.
func open(t *testing.T, folder, accountKeys string, s backend.Surroundings) (backend.Transport, error) {
	t.Helper()
	file := filepath.Join(folder, "config.toml")
	if err := os.WriteFile(file, []byte("[account.a]\nbackend = \"maildir\"\n"+accountKeys+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := maildir.Open(config.Accounts[0], s)
	if err == nil {
		err = config.Check()
	}
	return transport, err
}

// mailbox is the transport of path.
func mailbox(t *testing.T, path string, s backend.Surroundings) backend.Transport {
	t.Helper()
	transport, err := open(t, t.TempDir(), "path = \""+path+"\"", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { transport.Close() })
	return transport
}

func read(t *testing.T, wire string) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader(wire), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// describe tells the fates: a line for all, or one for each recipient.
func describe(statuses []backend.Status, err error) string {
	if err != nil {
		return fate(err)
	}
	var lines []string
	for _, s := range statuses {
		line := s.Rcpt + ": taken, " + s.Reply
		if s.Err != nil {
			line = s.Rcpt + ": " + fate(s.Err)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

var kinds = map[backend.Kind]string{backend.Again: "again", backend.Data: "data", backend.Local: "local"}

func fate(err error) string {
	var e *backend.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("not a *backend.Error: %#v", err)
	}
	how := "for good"
	if backend.Temporary(err) {
		how = "for now"
	}
	return kinds[e.Kind] + ", " + how + ": " + err.Error()
}

// files are the files below path and what they hold.
func files(t *testing.T, path string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		found[strings.TrimPrefix(name, path+"/")] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// unique is the part of a name that differs from delivery to delivery.
var unique = regexp.MustCompile(`\d+\.M\d{6}P\d+R[A-Z2-7]{16}\.`)

// TestKeys has accounts that can't be meant, and some that can.
func TestKeys(t *testing.T) {
	for _, c := range []struct{ story, keys, want string }{
		{"a folder", `path = "/var/mail/bob"`, ""},
		{"no folder", ``, ":1: account.a: the account has no path: "},
		{"an empty one", `path = ""`, ":3: account.a.path: the account has no path: "},
		{"a list", `path = ["x"]`, ":3: account.a.path: "},
		{"a key of another transport", "path = \"x\"\ncommand = [\"y\"]", ":4: account.a.command: unknown key"},
	} {
		_, err := open(t, t.TempDir(), c.keys, backend.Surroundings{})
		var place *conf.Error
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &place) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.story, err, c.want)
		}
	}
}

// TestContents has what a mailbox holds after a delivery: one file, with the envelope and the message.
func TestContents(t *testing.T) {
	large := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000)
	for _, c := range []struct {
		story, from string
		to          []string
		wire, want  string
	}{
		{"one recipient", "ann@example.org", []string{"bob@example.org"}, text, "Return-Path: <ann@example.org>\nDelivered-To: bob@example.org\nSubject: hello\n\nbody\n"},
		{"several share a copy", "ann@example.org", []string{"bob", "eve@example.org"}, text, "Return-Path: <ann@example.org>\nDelivered-To: bob\nDelivered-To: eve@example.org\nSubject: hello\n\nbody\n"},
		{"the null sender", "", []string{"bob"}, text, "Return-Path: <>\nDelivered-To: bob\nSubject: hello\n\nbody\n"},
		{"no header", "ann", []string{"bob"}, "\r\nFrom here on\r\n.\r\n", "Return-Path: <ann>\nDelivered-To: bob\n\nFrom here on\n.\n"},
		{"a large body", "ann", []string{"bob"}, text + large, "Return-Path: <ann>\nDelivered-To: bob\nSubject: hello\n\nbody\n" + strings.ReplaceAll(large, "\r\n", "\n")},
	} {
		path := filepath.Join(t.TempDir(), "Maildir")
		statuses, err := mailbox(t, path, backend.Surroundings{Hostname: "host.example.org"}).
			Send(t.Context(), &message.Envelope{From: c.from, To: c.to}, read(t, c.wire))
		if err != nil || len(statuses) != len(c.to) {
			t.Errorf("%s: %v, %d fates", c.story, err, len(statuses))
			continue
		}
		got := files(t, path)
		for i, s := range statuses {
			name := strings.TrimPrefix(s.Reply, "filed as "+path+"/")
			if s.Rcpt != c.to[i] || s.Err != nil || got[name] != c.want || len(got) != 1 {
				t.Errorf("%s: %+v: %.200q", c.story, s, got)
			}
			if unique.ReplaceAllString(name, "UNIQUE.") != "new/UNIQUE.host.example.org" {
				t.Errorf("%s: the name is %s", c.story, name)
			}
		}
	}
}

// TestFolders has the folders that a delivery makes, and their modes.
func TestFolders(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "Maildir")
	if _, err := mailbox(t, path, backend.Surroundings{}).Send(t.Context(), &message.Envelope{To: []string{"bob"}}, read(t, text)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"Maildir": 0o700 | fs.ModeDir, "Maildir/tmp": 0o700 | fs.ModeDir, "Maildir/new": 0o700 | fs.ModeDir, "Maildir/cur": 0o700 | fs.ModeDir,
	} {
		if info, err := os.Stat(filepath.Join(parent, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	for name := range files(t, path) {
		if info, err := os.Stat(filepath.Join(path, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestRelative: a relative path is beside the configuration file.
func TestRelative(t *testing.T) {
	folder := t.TempDir()
	transport, err := open(t, folder, `path = "mail"`, backend.Surroundings{Hostname: "h"})
	if err != nil {
		t.Fatal(err)
	}
	statuses, err := transport.Send(t.Context(), &message.Envelope{To: []string{"bob"}}, read(t, text))
	got := unique.ReplaceAllString(describe(statuses, err), "UNIQUE.")
	if want := "bob: taken, filed as " + folder + "/mail/new/UNIQUE.h"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFailures has mailboxes that can't be written: the fate is temporary, the text has the place and the cause, and
// nothing is left in tmp.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		story   string
		prepare func(t *testing.T, path string)
		want    string
	}{
		{"what it lies in is missing", func(t *testing.T, path string) {
			remove(t, filepath.Dir(path))
		}, "mkdir PATH: no such file or directory"},
		{"a file", func(t *testing.T, path string) { write(t, path) }, "open PATH: not a directory"},
		{"below a file", func(t *testing.T, path string) {
			remove(t, filepath.Dir(path))
			write(t, filepath.Dir(path))
		}, "stat PATH: not a directory"},
		{"a file in place of tmp", func(t *testing.T, path string) {
			mkdir(t, path, 0o700)
			write(t, filepath.Join(path, "tmp"))
		}, "open PATH/tmp: not a directory"},
		{"a file in place of cur", func(t *testing.T, path string) {
			mkdir(t, path, 0o700)
			write(t, filepath.Join(path, "cur"))
		}, "open PATH/cur: not a directory"},
		{"a link in place of new that leads nowhere", func(t *testing.T, path string) {
			mkdir(t, path, 0o700)
			if err := os.Symlink("nowhere", filepath.Join(path, "new")); err != nil {
				t.Fatal(err)
			}
		}, "link PATH/new/UNIQUE.h: no such file or directory"},
	} {
		t.Run(c.story, func(t *testing.T) { fails(t, c.prepare, c.want) })
	}
}

// fails delivers to a mailbox as it was prepared. Both recipients must have the fate that want says, and nothing may be
// left.
func fails(t *testing.T, prepare func(t *testing.T, path string), want string) {
	t.Helper()
	parent := filepath.Join(t.TempDir(), "parent")
	mkdir(t, parent, 0o700)
	path := filepath.Join(parent, "Maildir")
	box, msg := mailbox(t, path, backend.Surroundings{Hostname: "h"}), read(t, text)
	prepare(t, path)
	statuses, err := box.Send(t.Context(), &message.Envelope{To: []string{"bob", "eve"}}, msg)
	got := unique.ReplaceAllString(strings.ReplaceAll(describe(statuses, err), path, "PATH"), "UNIQUE.")
	line := "local, for now: maildir: " + want
	if got != "bob: "+line+"\neve: "+line {
		t.Errorf("%s\nwant: %s", got, line)
	}
	if left, _ := os.ReadDir(filepath.Join(path, "tmp")); len(left) > 0 {
		t.Errorf("%d files are left in tmp", len(left))
	}
}

func mkdir(t *testing.T, name string, mode fs.FileMode) {
	if err := os.Mkdir(name, mode); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name string) {
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// TestUnreadable: a message that can't be read back is not delivered, and leaves nothing.
func TestUnreadable(t *testing.T) {
	m := read(t, text+strings.Repeat("more\r\n", 100<<10))
	m.Close()
	path := filepath.Join(t.TempDir(), "Maildir")
	statuses, err := mailbox(t, path, backend.Surroundings{}).Send(t.Context(), &message.Envelope{To: []string{"bob"}}, m)
	if got := describe(statuses, err); !strings.HasPrefix(got, "bob: local, for now: maildir: read ") {
		t.Error(got)
	}
	if got := files(t, path); len(got) > 0 {
		t.Errorf("there is %d files", len(got))
	}
}

// TestInterrupted: nothing is delivered for a caller that has gone.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "Maildir")
	statuses, err := mailbox(t, path, backend.Surroundings{}).Send(ctx, &message.Envelope{To: []string{"bob"}}, read(t, text))
	if got := describe(statuses, err); got != "bob: again, for now: maildir: interrupted" {
		t.Error(got)
	}
	if got := files(t, path); len(got) > 0 {
		t.Errorf("there is %v", got)
	}
}

// TestAddresses has envelopes that would break out of their header fields.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		story, from string
		to          []string
		want        string
		filed       int
	}{
		{"a recipient alone", "ann", []string{"bob\nX: y"}, `bob` + "\n" + `X: y: data, for good: recipient: "bob\nX: y" has a control character`, 0},
		{"a recipient besides a good one", "ann", []string{"b\x7f", "eve"}, "b\x7f" + `: data, for good: recipient: "b\x7f" has a control character` + "\neve: taken, filed as PATH/new/UNIQUE.h", 1},
		{"the sender", "ann>\r\nX: y", []string{"bob"}, `data, for good: envelope sender: "ann>\r\nX: y" has a control character`, 0},
	} {
		path := filepath.Join(t.TempDir(), "Maildir")
		mkdir(t, path, 0o700)
		statuses, err := mailbox(t, path, backend.Surroundings{Hostname: "h"}).Send(t.Context(), &message.Envelope{From: c.from, To: c.to}, read(t, text))
		got := unique.ReplaceAllString(strings.ReplaceAll(describe(statuses, err), path, "PATH"), "UNIQUE.")
		if filed := len(files(t, path)); got != c.want || filed != c.filed {
			t.Errorf("%s: %d files: %s\nwant: %s", c.story, filed, got, c.want)
		}
	}
}

// TestHostnames has names of hosts that a file name can't have, or no name at all.
func TestHostnames(t *testing.T) {
	for hostname, want := range map[string]string{
		"host.example.org": "host.example.org",
		"../a:2,S":         `..\057a\0722,S`,
		"":                 "",
	} {
		path := filepath.Join(t.TempDir(), "Maildir")
		_, err := mailbox(t, path, backend.Surroundings{Hostname: hostname}).Send(t.Context(), &message.Envelope{To: []string{"bob"}}, read(t, text))
		if err != nil {
			t.Fatal(err)
		}
		for name := range files(t, path) {
			host := unique.ReplaceAllString(name, "")
			if rest, ok := strings.CutPrefix(host, "new/"); !ok || rest == "" || want != "" && rest != want {
				t.Errorf("%q: the name is %s", hostname, name)
			}
		}
	}
}

// TestConcurrent: deliveries at the same time, to a mailbox that is not there yet, are all there afterwards.
func TestConcurrent(t *testing.T) {
	const deliveries = 50
	path := filepath.Join(t.TempDir(), "Maildir")
	transport := mailbox(t, path, backend.Surroundings{Hostname: "h"})
	var group sync.WaitGroup
	for i := range deliveries {
		m := read(t, fmt.Sprintf("Subject: %d\r\n\r\nbody\r\n", i))
		group.Go(func() {
			statuses, err := transport.Send(t.Context(), &message.Envelope{From: "ann", To: []string{"bob"}}, m)
			if err != nil || statuses[0].Err != nil {
				t.Errorf("%d: %s", i, describe(statuses, err))
			}
		})
	}
	group.Wait()
	contents := map[string]bool{}
	for name, content := range files(t, path) {
		if !strings.HasPrefix(name, "new/") {
			t.Errorf("there is %s", name)
		}
		contents[content] = true
	}
	for i := range deliveries {
		if want := fmt.Sprintf("Return-Path: <ann>\nDelivered-To: bob\nSubject: %d\n\nbody\n", i); !contents[want] {
			t.Errorf("message %d is missing", i)
		}
	}
	if len(contents) != deliveries {
		t.Errorf("%d messages", len(contents))
	}
}

// TestDialogue has what -v shows.
func TestDialogue(t *testing.T) {
	parent := t.TempDir()
	for _, c := range []struct{ story, path, want string }{
		{"filed", filepath.Join(parent, "a"), "* maildir: PATH\nC: [58 octets]\n* filed as new/UNIQUE.h\n"},
		{"not filed", filepath.Join(parent, "b", "c"), "* maildir: PATH\n* mkdir PATH: no such file or directory\n"},
	} {
		var dialogue bytes.Buffer
		_, err := mailbox(t, c.path, backend.Surroundings{Hostname: "h", Dialogue: &dialogue}).Send(t.Context(), &message.Envelope{From: "ann", To: []string{"bob"}}, read(t, text))
		if err != nil {
			t.Fatal(err)
		}
		got := unique.ReplaceAllString(strings.ReplaceAll(dialogue.String(), c.path, "PATH"), "UNIQUE.")
		if got != c.want {
			t.Errorf("%s:\n%swant:\n%s", c.story, got, c.want)
		}
	}
}
