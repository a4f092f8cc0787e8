package pipe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/backend"
	"postern/backend/pipe"
	"postern/conf"
	"postern/message"
)

const text = "Subject: hello\r\n\r\nbody\r\n"

// open makes the transport of an account with these keys.
func open(t *testing.T, accountKeys string, dialogue *bytes.Buffer) (backend.Transport, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("[account.a]\nbackend = \"pipe\"\n"+accountKeys+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	s := backend.Surroundings{}
	if dialogue != nil {
		s.Dialogue = dialogue
	}
	transport, err := pipe.Open(config.Accounts[0], s)
	if err == nil {
		err = config.Check()
	}
	return transport, err
}

// shell is a command that runs script with the words behind it as $1, $2 ...
func shell(script string, words ...string) string {
	var quoted []string
	for _, w := range append([]string{"/bin/sh", "-c", script, "sh"}, words...) {
		quoted = append(quoted, "'''"+w+"'''")
	}
	return "command = [" + strings.Join(quoted, ", ") + "]"
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

// send sends the message by an account with these keys.
func send(ctx context.Context, t *testing.T, accountKeys string, env *message.Envelope, m *message.Message) ([]backend.Status, error) {
	t.Helper()
	transport, err := open(t, accountKeys, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer transport.Close()
	return transport.Send(ctx, env, m)
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

var kinds = map[backend.Kind]string{
	backend.Again: "again", backend.NoRecipient: "no recipient", backend.NoHost: "no host", backend.Refused: "refused",
	backend.Denied: "denied", backend.Data: "data", backend.Local: "local", backend.Config: "config",
}

func fate(err error) string {
	var e *backend.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("not a *backend.Error: %#v", err)
	}
	return kinds[e.Kind] + ", " + err.Error()
}

// TestKeys has accounts that can't be meant, and some that can.
func TestKeys(t *testing.T) {
	for _, c := range []struct{ story, keys, want string }{
		{"a command", `command = ["procmail", "-d", "bob"]`, ""},
		{"with all that the envelope fills", `command = ["x", "-f{sender}", "{recipients}"]` + "\n" + `timeout = "5m"`, ""},
		{"braces of another language", `command = ["awk", "{print $1} {}{A}", "{", "}"]`, ""},
		{"no command", ``, ":1: account.a: the account has no command: "},
		{"an empty one", `command = []`, ":3: account.a.command: the account has no command: "},
		{"a program without a name", `command = ["", "x"]`, ":3: account.a.command: the account has no command: "},
		{"a command for a shell", `command = "procmail -d bob"`, ":3: account.a.command: "},
		{"a program of the sender's choice", `command = ["/bin/{sender}"]`, `:3: account.a.command: the program itself is "/bin/{sender}"`},
		{"recipients within a word", `command = ["x", "--to={recipients}"]`, `:3: account.a.command: "--to={recipients}": {recipients} stands for several words`},
		{"another place", `command = ["x", "{{recipient}"]`, `:3: account.a.command: "{{recipient}": {recipient} is none of {sender}, {recipients}`},
		{"a time limit of another kind", `command = ["x"]` + "\n" + `timeout = 5`, ":4: account.a.timeout: "},
		{"a key of another transport", `command = ["x"]` + "\n" + `host = "y"`, ":4: account.a.host: unknown key"},
	} {
		_, err := open(t, c.keys, nil)
		var place *conf.Error
		switch {
		case c.want == "" && err != nil, c.want != "" && (!errors.As(err, &place) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.story, err, c.want)
		}
	}
}

// TestWords has the words that a program gets for an envelope.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		story, from string
		to          []string
		words       []string
		want        string // what the program got as words, or the fates
	}{
		{
			"each recipient is a word", "ann@example.org",
			[]string{"bob@example.org", "eve"},
			[]string{"-f", "{sender}", "--", "{recipients}", "end"},
			"[-f][ann@example.org][--][bob@example.org][eve][end]",
		},
		{
			"the sender stands anywhere in a word, as often as it likes", "ann@example.org",
			[]string{"bob"},
			[]string{"-f{sender}", "<{sender}|{sender}>"},
			"[-fann@example.org][<ann@example.org|ann@example.org>]",
		},
		{"the null sender is empty", "", []string{"bob"}, []string{"-f", "{sender}", "<{sender}>"}, "[-f][][<>]"},
		{
			"no shell reads an address, and no address is read for places", "$(id)`id`*{recipients}",
			[]string{"\"a b\"@example.org", "{sender}"},
			[]string{"-f{sender}", "{recipients}"},
			`[-f$(id)` + "`id`" + `*{recipients}]["a b"@example.org][{sender}]`,
		},
		{
			"a recipient that would be an option", "ann@example.org",
			[]string{"-x@example.org", "bob"},
			[]string{"{recipients}"},
			"[bob]\n" + `-x@example.org: data, recipient: "-x@example.org" begins with a hyphen, and sh would take it for an option` + "\nbob: taken, exit status 0",
		},
		{
			"none but such a recipient: nothing is run", "ann@example.org",
			[]string{"-x"},
			[]string{"{recipients}"},
			`-x: data, recipient: "-x" begins with a hyphen, and sh would take it for an option`,
		},
		{"a recipient that is no word of the command", "ann@example.org", []string{"-x"}, []string{"a"}, "[a]"},
		{
			"a sender that would be an option", "-x",
			[]string{"bob"},
			[]string{"{sender}x"},
			`data, envelope sender: "-x" begins with a hyphen, and sh would take it for an option`,
		},
		{"the null sender behind a letter", "", []string{"bob"}, []string{"-tf{sender}", "-f", "{sender}", "--from={sender}", "{recipients}"}, "[-tf<>][-f][][--from=][bob]"},
		{"a sender that can't be one", "-x", []string{"bob"}, []string{"-f{sender}"}, "[-f-x]"},
		{
			"control characters", "ann@example.org",
			[]string{"bob\n", "eve"},
			[]string{"{recipients}"},
			"[eve]\n" + `bob` + "\n" + `: data, recipient: "bob\n" has a control character` + "\neve: taken, exit status 0",
		},
		{
			"control characters in the sender", "a\x00",
			[]string{"bob"},
			[]string{"a"},
			`data, envelope sender: "a\x00" has a control character`,
		},
	} {
		out := filepath.Join(t.TempDir(), "words")
		keys := shell(`for w; do printf '[%s]' "$w"; done >"`+out+`"`, c.words...)
		statuses, err := send(t.Context(), t, keys, &message.Envelope{From: c.from, To: c.to}, read(t, text))
		got := describe(statuses, err)
		if words, err := os.ReadFile(out); err == nil { // it has run
			got = strings.TrimSuffix(string(words)+"\n"+got, "\n")
			if !strings.Contains(c.want, "\n") {
				got, _, _ = strings.Cut(got, "\n")
			}
		}
		if got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.story, got, c.want)
		}
	}
}

// TestFates has what a program does, and the fate that comes of it.
func TestFates(t *testing.T) {
	for _, c := range []struct{ story, script, want string }{
		{"taken", "cat >/dev/null", "bob: taken, exit status 0"},
		{"taken without reading it", "exit 0", "bob: taken, exit status 0"},
		{"a warning is no failure", "echo careful >&2", "bob: taken, exit status 0"},
		{"EX_USAGE", "exit 64", "bob: config, sh: exit status 64"},
		{"EX_DATAERR", "exit 65", "bob: data, sh: exit status 65"},
		{"EX_NOINPUT has no meaning here", "exit 66", "bob: again, sh: exit status 66"},
		{"EX_NOUSER, with a reason", "echo no bob here >&2; exit 67", "bob: no recipient, sh: exit status 67: no bob here"},
		{"EX_NOHOST", "exit 68", "bob: no host, sh: exit status 68"},
		{"EX_UNAVAILABLE", "exit 69", "bob: refused, sh: exit status 69"},
		{"EX_SOFTWARE", "exit 70", "bob: again, sh: exit status 70"},
		{"EX_OSERR", "exit 71", "bob: again, sh: exit status 71"},
		{"EX_OSFILE", "exit 72", "bob: again, sh: exit status 72"},
		{"EX_CANTCREAT", "exit 73", "bob: again, sh: exit status 73"},
		{"EX_IOERR", "exit 74", "bob: again, sh: exit status 74"},
		{"EX_TEMPFAIL", "exit 75", "bob: again, sh: exit status 75"},
		{"EX_PROTOCOL", "exit 76", "bob: again, sh: exit status 76"},
		{"EX_NOPERM", "exit 77", "bob: denied, sh: exit status 77"},
		{"EX_CONFIG", "exit 78", "bob: config, sh: exit status 78"},
		{"a status of nobody's", "exit 1", "bob: again, sh: exit status 1"},
		{"a signal", "kill -TERM $$", "bob: again, sh: signal: terminated"},
		{"the last line counts", `printf 'one\ntwo\n\n  \n' >&2; exit 75`, "bob: again, sh: exit status 75: two"},
		{"a last line without its end", `printf 'one\ntwo' >&2; exit 75`, "bob: again, sh: exit status 75: two"},
		{"it is cleaned", `printf 'a\033[1mb\tc\377\302\205d\r\n' >&2; exit 75`, "bob: again, sh: exit status 75: a [1mb c d"},
		{"much is said", `i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done >&2; exit 75`, "bob: again, sh: exit status 75: line 1999"},
		{"standard output goes nowhere", "echo out; exit 75", "bob: again, sh: exit status 75"},
		{"a child that stays, and holds standard error", "sleep 5 & echo gone >&2; kill -9 $$", "bob: again, sh: signal: killed: gone"},
	} {
		t.Run(c.story, func(t *testing.T) {
			statuses, err := send(t.Context(), t, shell(c.script), &message.Envelope{From: "ann", To: []string{"bob"}}, read(t, text))
			if got := describe(statuses, err); got != c.want {
				t.Errorf("%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// TestComplaintBounded: a line without an end is kept from its end, and no more of it than the bound.
func TestComplaintBounded(t *testing.T) {
	script := `head -c 100000 /dev/zero | tr '\0' x >&2; printf END >&2; exit 75`
	statuses, err := send(t.Context(), t, shell(script), &message.Envelope{To: []string{"bob"}}, read(t, text))
	got := describe(statuses, err)
	if !strings.HasSuffix(got, "xEND") || len(got) < 4096 || len(got) > 4200 {
		t.Errorf("%d octets: %.60s", len(got), got)
	}
}

// TestNotStarted has programs that can't be run.
func TestNotStarted(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"text": 0o600, "nonsense": 0o700} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\x00\x01"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "orphan"), []byte("#!/nowhere/interpreter\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	many := make([]string, 40<<10)
	for i := range many {
		many[i] = fmt.Sprintf("%0100d@example.org", i)
	}
	bob := []string{"bob"}
	for _, c := range []struct {
		story, program string
		to             []string
		want           string
	}{
		{"not in PATH", "no-such-program", bob, `config, no-such-program: exec: "no-such-program": executable file not found in $PATH`},
		{"not there", "/nowhere/program", bob, "config, program: fork/exec /nowhere/program: no such file or directory"},
		{"not executable", filepath.Join(dir, "text"), bob, "config, text: fork/exec " + dir + "/text: permission denied"},
		{"a folder", dir, bob, "config, " + filepath.Base(dir) + ": fork/exec " + dir + ": permission denied"},
		{"below a file", filepath.Join(dir, "text", "x"), bob, "config, x: fork/exec " + dir + "/text/x: not a directory"},
		{"no program", filepath.Join(dir, "nonsense"), bob, "config, nonsense: fork/exec " + dir + "/nonsense: exec format error"},
		{"its interpreter is missing", filepath.Join(dir, "orphan"), bob, "config, orphan: fork/exec " + dir + "/orphan: no such file or directory"},
		{"more recipients than the system takes", "/bin/true", many, "data, true: fork/exec /bin/true: argument list too long"},
	} {
		statuses, err := send(t.Context(), t, `command = ["`+c.program+`", "{recipients}"]`, &message.Envelope{To: c.to}, read(t, text))
		if err != nil || len(statuses) != len(c.to) {
			t.Fatalf("%s: %v, %d fates", c.story, err, len(statuses))
		}
		if got := fate(statuses[0].Err); got != c.want {
			t.Errorf("%s: %s\nwant: %s", c.story, got, c.want)
		}
	}
}

// TestProgramBesideTheFile: a program with a slash is looked for beside the configuration file.
func TestProgramBesideTheFile(t *testing.T) {
	statuses, err := send(t.Context(), t, `command = ["./program"]`, &message.Envelope{To: []string{"bob"}}, read(t, text))
	if got := describe(statuses, err); !strings.HasPrefix(got, "bob: config, program: fork/exec /") {
		t.Error(got)
	}
}

// TestInput: the program reads the message whole, with LF line ends, small and large.
func TestInput(t *testing.T) {
	for _, body := range []string{"", "one\r\n.\r\n\r\ntwo\r\n", strings.Repeat(strings.Repeat("x", 70)+"\r\n", 3000)} {
		out := filepath.Join(t.TempDir(), "out")
		wire := "Subject: hello\r\n\r\n" + body
		statuses, err := send(t.Context(), t, shell(`cat >"$1"`, out), &message.Envelope{To: []string{"bob"}}, read(t, wire))
		got, readErr := os.ReadFile(out)
		if describe(statuses, err) != "bob: taken, exit status 0" || readErr != nil || string(got) != strings.ReplaceAll(wire, "\r\n", "\n") {
			t.Errorf("%s, %v: %d octets of %d", describe(statuses, err), readErr, len(got), len(wire))
		}
	}
}

// TestUnread: exit status 0 is success also when most of a large message is unread.
func TestUnread(t *testing.T) {
	large := read(t, text+strings.Repeat("more\r\n", 100<<10))
	statuses, err := send(t.Context(), t, shell("head -c 10 >/dev/null"), &message.Envelope{To: []string{"bob"}}, large)
	if got := describe(statuses, err); got != "bob: taken, exit status 0" {
		t.Error(got)
	}
}

// TestUnreadable: a message that can't be read back reaches no program, and is never taken.
func TestUnreadable(t *testing.T) {
	m := read(t, text+strings.Repeat("more\r\n", 100<<10))
	m.Close()
	out := filepath.Join(t.TempDir(), "out")
	statuses, err := send(t.Context(), t, shell(`cat >"$1"`, out), &message.Envelope{To: []string{"bob"}}, m)
	if got := describe(statuses, err); !strings.HasPrefix(got, "bob: local, sh: making its input: read ") {
		t.Error(got)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the program has run")
	}
}

// TestNoPlace: a message that finds no place in the folder for temporary files.
func TestNoPlace(t *testing.T) {
	m := read(t, text)
	transport, err := open(t, shell("exit 0"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", "/nowhere")
	statuses, err := transport.Send(t.Context(), &message.Envelope{To: []string{"bob"}}, m)
	if got := describe(statuses, err); !strings.HasPrefix(got, "bob: local, sh: making its input: open /nowhere/") {
		t.Error(got)
	}
}

// TestEnds has programs that don't end by themselves. Their children hold a FIFO open for writing, so that its end
// tells that the whole group is gone.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		story, timeout string
		context        func(context.Context, func()) context.Context // it runs its function when the program has started
		want           string
	}{
		{"a time limit", `timeout = "1s"`, nil, "bob: again, sh: no end within 1s: started"},
		{"an interruption", "", func(ctx context.Context, started func()) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			go func() { started(); cancel() }()
			return ctx
		}, "bob: again, sh: interrupted: started"},
	} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		begun := make(chan struct{})
		go func() {
			f, err := os.Open(fifo) // until the program opens it
			if err != nil {
				ended <- err
				return
			}
			defer f.Close()
			line := make([]byte, 3)
			_, err = f.Read(line)
			close(begun)
			for err == nil {
				_, err = f.Read(line)
			}
			ended <- err
		}()
		ctx := t.Context()
		if c.context != nil {
			ctx = c.context(ctx, func() { <-begun })
		}
		script := `exec 3>"$1"; sleep 60 & echo started >&2; echo up >&3; sleep 60`
		statuses, err := send(ctx, t, shell(script, fifo)+"\n"+c.timeout, &message.Envelope{To: []string{"bob"}}, read(t, text))
		if got := describe(statuses, err); got != c.want {
			t.Errorf("%s: %s, want %s", c.story, got, c.want)
		}
		select {
		case err := <-ended:
			if err.Error() != "EOF" {
				t.Errorf("%s: %v", c.story, err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: a child is still there", c.story)
		}
	}
}

// TestInterruptedBefore: nothing is run for a caller that has gone.
func TestInterruptedBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	statuses, err := send(ctx, t, shell("exit 0"), &message.Envelope{To: []string{"bob"}}, read(t, text))
	if got := describe(statuses, err); got != "bob: again, sh: interrupted" {
		t.Error(got)
	}
}

// TestDialogue has what -v shows.
func TestDialogue(t *testing.T) {
	for _, c := range []struct{ story, command, want string }{
		{"taken", `["true", "-d", "{recipients}"]`, "* pipe: true -d bob\nC: [21 octets]\n* exit status 0\n"},
		{"words that don't stand alone", `["/bin/sh", "-c", "exit 75", "{sender}"]`, "* pipe: /bin/sh -c \"exit 75\" \"\"\nC: [21 octets]\n* exit status 75\n"},
		{"not started", `["no-such-program"]`, "* pipe: no-such-program\n"},
	} {
		var dialogue bytes.Buffer
		transport, err := open(t, "command = "+c.command, &dialogue)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := transport.Send(t.Context(), &message.Envelope{To: []string{"bob"}}, read(t, text)); err != nil {
			t.Fatal(err)
		}
		if dialogue.String() != c.want {
			t.Errorf("%s:\n%swant:\n%s", c.story, dialogue.String(), c.want)
		}
	}
}
