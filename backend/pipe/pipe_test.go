package pipe_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/backend"
	"postern/backend/pipe"
	"postern/conf"
	"postern/message"
)

// program opens an account with these further keys.
func program(t *testing.T, keys string, s backend.Surroundings) (backend.Transport, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	text := "[account.local]\nbackend = \"pipe\"\n" + keys + "\n[aliases]\nfile = \"\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	return pipe.Open(config.Accounts[0], s)
}

// shell is a command that runs a script with some words.
func shell(script string, words ...string) string {
	all := append([]string{"/bin/sh", "-c", script, "sh"}, words...)
	for i, w := range all {
		all[i] = fmt.Sprintf("'''%s'''", w)
	}
	return "command = [" + strings.Join(all, ", ") + "]"
}

func send(t *testing.T, box backend.Transport, from string, to ...string) ([]backend.Status, error) {
	t.Helper()
	m, err := message.Read(strings.NewReader("Subject: x\n\n.dot\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	return box.Send(context.Background(), &message.Envelope{From: from, To: to}, m)
}

// TestWords: what the program is called with, and what it reads.
func TestWords(t *testing.T) {
	got := filepath.Join(t.TempDir(), "got")
	var dialogue strings.Builder
	box, err := program(t, shell("printf '%s\\n' \"$@\" >"+got+"; cat >>"+got, "-f", "{sender}", "--from={sender}", "--", "{recipients}"), backend.Surroundings{Dialogue: &dialogue})
	if err != nil {
		t.Fatal(err)
	}
	statuses, err := send(t, box, "ann@y", "bob@y", "-carol@y", "dave; rm@y")
	if err != nil || statuses[0].Err != nil || statuses[2].Err != nil {
		t.Fatalf("%v, %v", statuses, err)
	}
	if refused := statuses[1].Err; refused == nil || backend.Temporary(refused) || !strings.Contains(refused.Error(), "begins with a hyphen") {
		t.Errorf("a recipient like an option: %v", refused)
	}
	text, err := os.ReadFile(got)
	if want := "-f\nann@y\n--from=ann@y\n--\nbob@y\ndave; rm@y\nSubject: x\n\n.dot\n"; err != nil || string(text) != want {
		t.Errorf("%v: got %q, want %q", err, text, want)
	}
	if said := dialogue.String(); !strings.Contains(said, "* pipe: /bin/sh -c ") || !strings.Contains(said, "\nC: [17 octets]\n* exit status 0\n") {
		t.Errorf("the dialogue has %q", said)
	}
}

// TestFates: the exit status is the fate, and the last line of standard error says why.
func TestFates(t *testing.T) {
	for _, c := range []struct {
		story, keys string
		kind        backend.Kind
		want        string
	}{
		{"taken", shell("exit 0"), -1, ""},
		{"taken unread", shell("exec true"), -1, ""},
		{"no such user", shell("echo first >&2; echo 'no user here' >&2; exit 67"), backend.NoRecipient, "sh: exit status 67: no user here"},
		{"data", shell("exit 65"), backend.Data, "sh: exit status 65"},
		{"no host", shell("exit 68"), backend.NoHost, "sh: exit status 68"},
		{"refused", shell("exit 69"), backend.Refused, "sh: exit status 69"},
		{"denied", shell("exit 77"), backend.Denied, "sh: exit status 77"},
		{"usage", shell("exit 64"), backend.Config, "sh: exit status 64"},
		{"configuration", shell("exit 78"), backend.Config, "sh: exit status 78"},
		{"for now", shell("printf 'come \\033[1mback\\377\\n\\n' >&2; exit 75"), backend.Again, "sh: exit status 75: come [1mback"},
		{"an unknown status is for now", shell("exit 3"), backend.Again, "sh: exit status 3"},
		{"a signal is for now", shell("kill -KILL $$"), backend.Again, "sh: signal: killed"},
		{"too long", shell("exec sleep 100") + "\ntimeout = \"100ms\"", backend.Again, "sh: no end within 100ms"},
		{"no program", "command = [\"/nowhere/program\"]", backend.Config, "program: fork/exec /nowhere/program: no such file or directory"},
		{"a folder", "command = [\"/\"]", backend.Config, ""},
	} {
		box, err := program(t, c.keys, backend.Surroundings{})
		if err != nil {
			t.Fatal(err)
		}
		statuses, err := send(t, box, "ann@y", "bob@y", "carol@y")
		if err != nil || len(statuses) != 2 {
			t.Fatalf("%s: %v, %v", c.story, statuses, err)
		}
		for _, s := range statuses {
			var failed *backend.Error
			switch {
			case c.kind < 0 && s.Err != nil, c.kind >= 0 && !errors.As(s.Err, &failed):
				t.Errorf("%s: %v", c.story, s.Err)
			case c.kind >= 0 && (failed.Kind != c.kind || !strings.Contains(failed.Error(), c.want)):
				t.Errorf("%s: kind %d, %v", c.story, failed.Kind, failed)
			}
		}
	}
}

// TestJudge: commands that can't be meant are faults of the configuration.
func TestJudge(t *testing.T) {
	for keys, want := range map[string]string{
		"":                                  "account.local: the account has no command",
		`command = ["x", "a{recipients}"]`:  "account.local.command: \"a{recipients}\": {recipients} stands for several words",
		`command = ["x", "{recipient}"]`:    "account.local.command: \"{recipient}\": {recipient} is none of {sender}, {recipients}",
		`command = ["{sender}"]`:            "no message may choose it",
		`command = "x y"`:                   "account.local.command: ",
		`command = ["x"]` + "\ntimeout = 1": "account.local.timeout: ",
	} {
		if _, err := program(t, keys, backend.Surroundings{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", keys, err)
		}
	}
	if _, err := program(t, `command = ["x", "{A}", "{}", "{"]`, backend.Surroundings{}); err != nil {
		t.Errorf("braces that name nothing: %v", err)
	}
}

// TestInterrupted: a send that is cancelled ends the program.
func TestInterrupted(t *testing.T) {
	box, err := program(t, shell("exec sleep 100"), backend.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := message.Read(strings.NewReader("\n"), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	statuses, err := box.Send(ctx, &message.Envelope{To: []string{"bob"}}, m)
	if err != nil || statuses[0].Err == nil || !strings.Contains(statuses[0].Err.Error(), "interrupted") {
		t.Errorf("%v, %v", statuses, err)
	}
}
