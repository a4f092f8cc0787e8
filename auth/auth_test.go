package auth_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/auth"
)

// TestChoose is the table of offers, wishes and connections.
func TestChoose(t *testing.T) {
	for _, c := range []struct {
		offered string
		want    string
		secure  bool
		result  string
	}{
		{"PLAIN LOGIN", "auto", true, "PLAIN"},
		{"LOGIN PLAIN", "auto", true, "PLAIN"},
		{"login", "auto", true, "LOGIN"},
		{"GSSAPI LOGIN", "auto", true, "LOGIN"},
		{"PLAIN LOGIN", "login", true, "LOGIN"},
		{"PLAIN LOGIN", "PLAIN", true, "PLAIN"},
		{"PLAIN LOGIN", "auto", false, "the password would leave in clear on this connection"},
		{"PLAIN LOGIN", "plain", false, "the password would leave in clear on this connection"},
		{"PLAIN", "login", true, "LOGIN is not offered by the server, which has PLAIN"},
		{"PLAIN", "login", false, "LOGIN is not offered by the server, which has PLAIN"},
		{"GSSAPI NTLM", "auto", true, "a mechanism known here is not offered by the server, which has GSSAPI, NTLM"},
		{"", "auto", true, "a mechanism known here is not offered by the server, which has none"},
		{"HELO only", "auto", true, "a mechanism known here is not offered by the server, which has none"},
		{"HELO only", "login", true, "LOGIN"},
		{"HELO only", "login", false, "the password would leave in clear on this connection"},
		{"PLAIN", "gssapi", true, "gssapi is no mechanism that is known here"},
	} {
		offered := strings.Fields(c.offered)
		if c.offered == "HELO only" {
			offered = nil
		}
		m, err := auth.Choose(offered, c.want, c.secure)
		got := m.Name
		if err != nil {
			got = err.Error()
		}
		if got != c.result {
			t.Errorf("%q, %s, %v: got %s, want %s", c.offered, c.want, c.secure, got, c.result)
		}
	}
}

// TestMechanisms has what each mechanism says: the initial response, and the answers to any challenges in order.
func TestMechanisms(t *testing.T) {
	have := &auth.Credentials{User: "ann", Password: auth.Source{Text: "pw"}}
	for _, c := range []struct {
		name       string
		challenges []string
		want       string
	}{
		{"plain", nil, `"\x00ann\x00pw"`},
		{"plain", []string{""}, `"\x00ann\x00pw" error`},
		{"login", nil, `none`},
		{"login", []string{"Username:", "Password:"}, `none "ann" "pw"`},
		{"login", []string{"User Name\x00", ""}, `none "ann" "pw"`},
		{"login", []string{"", ""}, `none "ann" "pw"`},
		{"login", []string{"Password:", "Username:"}, `none "ann" "pw"`},
		{"login", []string{"a", "b", "c"}, `none "ann" "pw" error`},
	} {
		m, ok := auth.Find(c.name)
		if !ok {
			t.Fatal(c.name)
		}
		client, secret, err := m.New(context.Background(), have)
		if err != nil || secret != "pw" {
			t.Fatal(err)
		}
		name, initial, err := client.Start()
		if err != nil || !strings.EqualFold(name, c.name) {
			t.Fatal(name, err)
		}
		said := []string{"none"}
		if initial != nil {
			said[0] = fmt.Sprintf("%q", initial)
		}
		for _, challenge := range c.challenges {
			response, err := client.Next([]byte(challenge))
			if err != nil {
				said = append(said, "error")
				continue
			}
			said = append(said, fmt.Sprintf("%q", response))
		}
		if got := strings.Join(said, " "); got != c.want {
			t.Errorf("%s %q: got %s, want %s", c.name, c.challenges, got, c.want)
		}
	}
}

func TestPlainRefusesNUL(t *testing.T) {
	m, _ := auth.Find("plain")
	if _, _, err := m.New(context.Background(), &auth.Credentials{User: "a\x00b", Password: auth.Source{Text: "pw"}}); err == nil {
		t.Error("a NUL passes")
	}
}

// TestFetch has each source, and each way that it can fail.
func TestFetch(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	sh := func(script string) auth.Source { return auth.Source{Command: []string{"/bin/sh", "-c", script}} }
	t.Setenv("POSTERN_TEST_SECRET", "from env")
	t.Setenv("POSTERN_TEST_EMPTY", "")
	for _, c := range []struct {
		source auth.Source
		want   string
	}{
		{auth.Source{Text: " inline "}, " inline "},
		{auth.Source{File: file("a", "secret\n")}, "secret"},
		{auth.Source{File: file("b", "secret")}, "secret"},
		{auth.Source{File: file("c", "secret\r\n")}, "secret"},
		{auth.Source{File: file("d", " with spaces \nuser: ann\n")}, " with spaces "},
		{auth.Source{File: file("e", "")}, "! the password file " + dir + "/e is empty"},
		{auth.Source{File: file("f", "\n\n")}, "! the password file " + dir + "/f is empty"},
		{auth.Source{File: dir + "/missing"}, "! password file: open " + dir + "/missing: no such file or directory"},
		{auth.Source{File: file("g", strings.Repeat("x", 70000))}, "! password file " + dir + "/g is over 65536 octets"},
		{auth.Source{Env: "POSTERN_TEST_SECRET"}, "from env"},
		{auth.Source{Env: "POSTERN_TEST_EMPTY"}, "! the environment variable POSTERN_TEST_EMPTY is empty"},
		{auth.Source{Env: "POSTERN_TEST_UNSET"}, "! the environment variable POSTERN_TEST_UNSET is not set"},
		{sh("echo secret"), "secret"},
		{sh("printf 'secret\\nuser: ann\\n'"), "secret"},
		{auth.Source{Command: []string{"/bin/echo", "$HOME;", "`id`"}}, "$HOME; `id`"}, // no shell
		{sh("cat; echo stdin is empty"), "stdin is empty"},
		{sh("echo is locked >&2; exit 3"), "! password command /bin/sh: exit status 3: is locked"},
		{sh("exit 3"), "! password command /bin/sh: exit status 3"},
		{sh("true"), "! the output of the password command /bin/sh is empty"},
		{sh("yes"), "! password command /bin/sh: more than 65536 octets of output"},
		{auth.Source{Command: []string{"/missing/program"}}, "! password command /missing/program: fork/exec /missing/program: no such file or directory"},
		{sh("echo secret; sleep 60 &"), "secret"}, // a child that holds the output open
		{auth.Source{}, "! no password is set"},
	} {
		secret, err := c.source.Fetch(context.Background())
		got := string(secret)
		if err != nil {
			got = "! " + err.Error()
		}
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestFetchEndsWithItsContext: a command that waits for ever ends with the delivery.
func TestFetchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := auth.Source{Command: []string{"/bin/sleep", "600"}}.Fetch(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSecretsMaskThemselves(t *testing.T) {
	source, secret := auth.Source{Text: "hunter2"}, auth.Secret("hunter2")
	have := auth.Credentials{User: "ann", Password: source}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text := fmt.Sprintf(strings.Repeat(format+" ", 5), source, secret, have, &have, []auth.Secret{secret})
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("%s: %s", format, text)
		}
	}
}
