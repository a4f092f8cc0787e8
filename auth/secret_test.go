package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/auth"
	"postern/auth/authtest"
)

// fetched is a secret, or "! " and the error. No secret shows in an error.
func fetched(t *testing.T, ctx context.Context, source auth.Source) string {
	t.Helper()
	secret, err := source.Fetch(ctx)
	if err == nil {
		return string(secret)
	}
	if secret, form := authtest.Leak(err.Error()); secret != "" {
		t.Errorf("%q shows as %q in: %v", secret, form, err)
	}
	if secret != "" {
		t.Errorf("a secret besides the error %v", err)
	}
	return "! " + err.Error()
}

// write makes a file for the test, and gives its name.
func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func sh(script string) auth.Source { return auth.Source{Command: []string{"/bin/sh", "-c", script}} }

// TestFetch has the sources that take no time or run a program, and each way that they can fail.
func TestFetch(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	long := strings.Repeat("x", 70000)
	file("cred", "from systemd\n")
	file("cred-empty", "")
	file("cred-long", long)
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("POSTERN_TEST_SECRET", "from env")
	t.Setenv("POSTERN_TEST_EMPTY", "")
	t.Setenv("POSTERN_TEST_LONG", long)
	for _, c := range []struct {
		source auth.Source
		want   string
	}{
		{auth.Source{Text: " inline "}, " inline "},
		{auth.Source{File: file("a", "secret\n")}, "secret"},
		{auth.Source{File: file("b", "secret")}, "secret"},
		{auth.Source{File: file("c", "secret\r\n")}, "secret"},
		{auth.Source{File: file("d", " with spaces \nuser: ann\n")}, " with spaces "},
		{auth.Source{File: file("e", "")}, "! password file " + dir + "/e: it is empty"},
		{auth.Source{File: file("f", "\n\n")}, "! password file " + dir + "/f: it is empty"},
		{auth.Source{File: dir + "/missing"}, "! password file " + dir + "/missing: no such file or directory"},
		{auth.Source{File: dir}, "! password file " + dir + ": is a directory"},
		{auth.Source{File: file("g", long)}, "! password file " + dir + "/g: more than 65536 octets"},
		{auth.Source{Env: "POSTERN_TEST_SECRET"}, "from env"},
		{auth.Source{Env: "POSTERN_TEST_EMPTY"}, "! environment variable POSTERN_TEST_EMPTY: it is empty"},
		{auth.Source{Env: "POSTERN_TEST_UNSET"}, "! environment variable POSTERN_TEST_UNSET: it is not set"},
		{auth.Source{Env: "POSTERN_TEST_LONG"}, "! environment variable POSTERN_TEST_LONG: more than 65536 octets"},
		{sh("echo secret"), "secret"},
		{sh("printf 'secret\\nuser: ann\\n'"), "secret"},
		{auth.Source{Command: []string{"/bin/echo", "$HOME;", "`id`"}}, "$HOME; `id`"}, // no shell
		{sh("cat; echo stdin is empty"), "stdin is empty"},
		{sh("echo is locked >&2; exit 3"), "! password command /bin/sh: exit status 3: is locked"},
		{sh("echo sesame open; echo is locked >&2; exit 3"), "! password command /bin/sh: exit status 3: is locked"},
		{sh("set -x; echo sesame open; exit 3"), "! password command /bin/sh: exit status 3: + echo [secret] + exit 3"},
		{sh("exit 3"), "! password command /bin/sh: exit status 3"},
		{sh("true"), "! password command /bin/sh: it is empty"},
		{sh("yes"), "! password command /bin/sh: more than 65536 octets"},
		{auth.Source{Command: []string{"/missing/program"}}, "! password command /missing/program: fork/exec /missing/program: no such file or directory"},
		{sh("echo secret; sleep 60 &"), "secret"}, // a child that holds the output open
		{auth.Source{Credential: "cred"}, "from systemd"},
		{auth.Source{Credential: "cred-empty"}, "! credential cred-empty: it is empty"},
		{auth.Source{Credential: "cred-long"}, "! credential cred-long: more than 65536 octets"},
		{auth.Source{Credential: "cred-missing"}, "! credential cred-missing: no such file or directory"},
		{auth.Source{}, "! no password is set, and there is no terminal to ask for it"},
	} {
		if got := fetched(t, context.Background(), c.source); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if c.source.Given() != (!strings.HasPrefix(c.want, "! no password")) {
			t.Errorf("%s: given: %v", c.want, c.source.Given())
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	want := "! credential cred: CREDENTIALS_DIRECTORY is not set: it is for services whose unit has LoadCredential="
	if got := fetched(t, context.Background(), auth.Source{Credential: "cred"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNetrc has the places where an entry can stand, and the files that are none.
func TestNetrc(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"machine smtp.example.org login ann password secret\n", "secret"},
		{"machine smtp.example.org\n\tlogin ann\n\tpassword secret\n", "secret"},
		{"machine SMTP.Example.Org login ann password secret", "secret"},
		{"machine other login ann password no\nmachine smtp.example.org login ann password secret", "secret"},
		{"machine smtp.example.org login bob password no machine smtp.example.org login ann password secret", "secret"},
		{"machine smtp.example.org password secret", "secret"}, // of any user
		{"machine smtp.example.org user ann account a port 587 password secret", "secret"},
		{"machine other password no default login ann password secret", "secret"},
		{"default password secret machine smtp.example.org login ann password no", "secret"},
		{`machine smtp.example.org login "ann" password "with \"quotes\" and \\ "`, `with "quotes" and \ `},
		{"# machine smtp.example.org login ann password no\nmachine smtp.example.org login ann password #secret", "#secret"},
		{"machine smtp.example.org login ann password secret#1", "secret#1"},
		{"macdef init\nmachine smtp.example.org login ann password no\n\nmachine smtp.example.org login ann password secret", "secret"},
		{"machine a login x\r\nmacdef init\r\nput password\r\n\r\nmachine smtp.example.org login ann password secret\r\n", "secret"},
		{"machine smtp.example.org login ann\nmachine smtp.example.org login ann password secret", "secret"},

		{"", "there is no password for ann at smtp.example.org"},
		{"machine smtp.example.org login bob password hunter2", "there is no password for ann at smtp.example.org"},
		{"machine example.org login ann password hunter2", "there is no password for ann at smtp.example.org"},
		{"machine smtp.example.org login ann password \"\"", "it is empty"},
		{"machine smtp.example.org login ann password", "line 1: the last word lacks its value"},
		{"machine smtp.example.org\nlogin ann password sesame open\n", "line 2: a word that is none of machine, default, login, user, password, account, port, macdef"},
		{"\n\npassword hunter2 machine smtp.example.org", "line 3: there is no machine before it"},
		{"macdef x\n\n# c\n\nword x", "line 5: a word that is none of"},
		{"machine smtp.example.org login ann password " + strings.Repeat("x", 70000), "more than 65536 octets"},
		{strings.Repeat("\n", 2<<20), "more than 1048576 octets"},
	} {
		name := write(t, "netrc", c.text, 0o600)
		got := fetched(t, context.Background(), auth.Source{Netrc: name, Host: "smtp.example.org", User: "ann"})
		rest, failed := strings.CutPrefix(got, "! netrc file "+name+": ")
		if !failed && got != c.want || failed && !strings.HasPrefix(rest, c.want) {
			t.Errorf("%.200q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// TestNetrcIsPrivate: a file with passwords that others can read is refused, with the way to mend it.
func TestNetrcIsPrivate(t *testing.T) {
	name := write(t, "netrc", "default password hunter2", 0o640)
	want := "! netrc file " + name + ": it has passwords and mode 0640, which others can read: run chmod 600 " + name
	if got := fetched(t, context.Background(), auth.Source{Netrc: name}); got != want {
		t.Errorf("got %q", got)
	}
	if got := fetched(t, context.Background(), auth.Source{Netrc: name + "x"}); got != "! netrc file "+name+"x: no such file or directory" {
		t.Errorf("got %q", got)
	}
}

func FuzzNetrc(f *testing.F) {
	f.Add("machine a login ann password \"x\\\"\"\n# c\nmacdef m\nput\n\ndefault password p")
	name := filepath.Join(f.TempDir(), "netrc")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		secret, err := auth.Source{Netrc: name, Host: "a", User: "ann"}.Fetch(context.Background())
		if err == nil && (secret == "" || strings.Contains(string(secret), "\n")) {
			t.Errorf("%q gives %q", text, string(secret))
		}
	})
}

// TestGit has git's own credential helpers: the file of its "store".
func TestGit(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_ASKPASS", "/bin/echo") // it would answer anything
	t.Setenv("SSH_ASKPASS", "/bin/echo")
	for _, c := range []struct{ stored, want string }{
		{"smtp://ann:secret@smtp.example.org\n", "secret"},
		{"smtp://ann:secret@smtp.example.org:587\n", "secret"}, // as git send-email stores it
		{"smtp://ann:with%20spaces%25@smtp.example.org\n", "with spaces%"},
		{"smtp://bob:sesame%20open@smtp.example.org\n", "! git credential: nothing for ann at smtp.example.org: exit status 128: fatal: "},
		{"", "! git credential: nothing for ann at smtp.example.org: exit status 128: fatal: "},
	} {
		for name, text := range map[string]string{
			".gitconfig": "[credential]\n\thelper = store\n[core]\n\taskPass = /bin/echo\n", ".git-credentials": c.stored,
		} {
			if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := fetched(t, context.Background(), auth.Source{GitCredential: true, Host: "smtp.example.org", Port: 587, User: "ann"})
		if got != c.want && !(strings.HasPrefix(c.want, "!") && strings.HasPrefix(got, c.want)) {
			t.Errorf("%q: got %q, want %q", c.stored, got, c.want)
		}
	}
	odd := fetched(t, context.Background(), auth.Source{GitCredential: true, Host: "smtp.example.org", User: "ann\nhost=elsewhere"})
	if !strings.HasPrefix(odd, "! git credential: it can't be asked for") {
		t.Errorf("got %q", odd)
	}
	t.Setenv("PATH", home)
	missing := fetched(t, context.Background(), auth.Source{GitCredential: true, Host: "smtp.example.org", User: "ann"})
	if missing != `! git credential: nothing for ann at smtp.example.org: exec: "git": executable file not found in $PATH` {
		t.Errorf("got %q", missing)
	}
	fake := "#!/bin/sh\ncase $1 in -c) ;; esac\n%s\n"
	for script, want := range map[string]string{
		"exec /usr/bin/yes password=":             "! git credential: nothing for ann at h: more than 65536 octets",
		"echo password=":                          "! git credential: it is empty",
		"echo username=ann":                       "! git credential: it is empty",
		"echo username=ann; echo password=sesame": "sesame",
		"echo password=sesame; echo username=bob": `! git credential: it has a password of "bob" at h, and none of ann`,
	} {
		if err := os.WriteFile(filepath.Join(home, "git"), []byte(strings.Replace(fake, "%s", script, 1)), 0o700); err != nil {
			t.Fatal(err)
		}
		if got := fetched(t, context.Background(), auth.Source{GitCredential: true, Host: "h", User: "ann"}); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

// TestFetchEndsWithItsContext: what waits for ever ends with the delivery.
func TestFetchEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\nexec /bin/sleep 600\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	for name, source := range map[string]auth.Source{
		"command": {Command: []string{"/bin/sleep", "600"}},
		"git":     {GitCredential: true, Host: "h", User: "ann"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		_, err := source.Fetch(ctx)
		cancel()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		ctx, cancel = context.WithCancel(context.Background())
		cancel()
		if _, err := source.Fetch(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestKept: a source with a memory is asked once, also ahead of time, and anew only after End.
func TestKept(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	runs := func() string {
		data, _ := os.ReadFile(count)
		return string(data)
	}
	ctx := context.Background()
	source := auth.Source{Command: []string{"/bin/sh", "-c", "printf x >>\"$0\"; echo secret", count}}.Kept()
	source.Begin(ctx)
	source.Begin(ctx)
	for range 2 {
		if got := fetched(t, ctx, source); got != "secret" {
			t.Errorf("got %q", got)
		}
	}
	source.Begin(ctx) // it is known
	if runs() != "x" {
		t.Errorf("it ran %d times", len(runs()))
	}
	source.End()
	if fetched(t, ctx, source); runs() != "xx" {
		t.Errorf("it ran %d times", len(runs()))
	}

	// Begun and not needed: it ends at once.
	slow := auth.Source{Command: []string{"/bin/sleep", "600"}}.Kept()
	slow.Begin(ctx)
	slow.End()
	slow.Begin(ctx)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if got := fetched(t, short, slow); got != "! password command /bin/sleep: context canceled" {
		t.Errorf("got %q", got)
	}

	// A failure is not kept.
	failing := auth.Source{Command: []string{"/bin/sh", "-c", "exit 1"}}.Kept()
	failing.Begin(ctx)
	for range 2 {
		if got := fetched(t, ctx, failing); got != "! password command /bin/sh: exit status 1" {
			t.Errorf("got %q", got)
		}
	}
	// What takes no time is not fetched ahead; there is nothing to end.
	file := auth.Source{File: count + "-later"}.Kept()
	file.Begin(ctx)
	if err := os.WriteFile(count+"-later", []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := fetched(t, ctx, file); got != "secret" {
		t.Errorf("got %q", got)
	}
	auth.Source{Text: "secret"}.End()
}

// TestSecretsMaskThemselvesInEveryFormat is for what doesn't go through fmt.
func TestSecretsMaskThemselvesInEveryFormat(t *testing.T) {
	secret := auth.Secret(authtest.SesameOpen)
	source := auth.Source{Text: authtest.SesameOpen}
	out, err := json.Marshal(map[string]any{"secret": secret, "source": source, authtest.Odd[:2]: []auth.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := secret.MarshalText()
	for _, shown := range []string{string(out), string(text), secret.String(), secret.GoString()} {
		if leak, form := authtest.Leak(shown); leak != "" {
			t.Errorf("%q in %s", form, shown)
		}
	}
}
