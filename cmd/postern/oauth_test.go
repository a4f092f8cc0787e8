package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"postern/auth/oauth/oauthtest"
	"postern/backend"
	"postern/conf"
)

// oauthd starts a provider.
func oauthd(ts *testscript.TestScript, _ bool, _ []string) {
	s := oauthtest.Start()
	ts.Defer(s.Stop)
	ts.Setenv("OAUTH", s.URL)
	ts.Value("peers").(*peers).oauth = s
}

// oauthDo changes how the provider behaves, or what it was asked:
//
//	answer STATUS BODY   the token endpoint's next answer
//	ends SECONDS         how long tokens last from now on
//	deny                 the person will say no
//	norefresh            there are no refresh tokens from now on
//	pending WORD...      what the device flow says before the tokens
//	asked GRANT...       it was asked for exactly these since the last time
//	stop                 nobody listens any more
func oauthDo(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value("peers").(*peers).oauth
	s.Lock()
	defer s.Unlock()
	var err error
	switch args[0] {
	case "answer":
		var a oauthtest.Answer
		_, err = fmt.Sscan(args[1], &a.Status)
		a.Body = args[2]
		s.Next = append(s.Next, a)
	case "ends":
		var seconds int
		_, err = fmt.Sscan(args[1], &seconds)
		s.ExpiresIn = seconds
	case "deny":
		s.Deny = true
	case "norefresh":
		s.NoRefresh = true
	case "pending":
		s.Pending = args[1:]
	case "asked":
		if got := strings.Join(s.Asked, " "); got != strings.Join(args[1:], " ") {
			ts.Fatalf("the provider was asked for %s", got)
		}
		s.Asked = nil
	case "stop":
		s.Unlock()
		s.Stop()
		s.Lock()
	default:
		ts.Fatalf("what is %s?", args[0])
	}
	ts.Check(err)
}

// TestTokenRefused: where a server refuses a token, no password is at fault.
func TestTokenRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "c.toml")
	const table = "host = \"x\"\nuser = \"ann\"\n"
	const oauth = "oauth = { provider = \"google\", client_id = \"x\" }\n"
	const password = "password = { env = \"X\" }\n"
	accounts := "[account.a]\n" + table + oauth + "[account.b]\n" + table + password + "[account.c]\n" + table + oauth + password +
		"[account.d]\nauth = \"plain\"\n" + table + oauth + password + "[account.e]\nauth = \"xoauth2\"\n" + table + password
	if err := os.WriteFile(name, []byte(accounts), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{name}, true)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"postern login a signs in anew", "check user and password of account.b", "postern login c signs in anew",
		"check user and password of account.d", "the token that password of account.e gives",
	} {
		got := hint(withAccount{&backend.Error{Stage: "AUTH", Code: 535}, config.Accounts[i]})
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	off := &backend.Error{Stage: "AUTH", Code: 535, Text: "Authentication unsuccessful, basic authentication is disabled."}
	if got := hint(withAccount{off, config.Accounts[1]}); !strings.Contains(got, "set oauth = {") {
		t.Errorf("got %q", got)
	}
}

// openPage is the browser of a machine with a display. What everybody can see of it, its command line, it leaves in a
// file, where the scripts look for secrets.
func openPage() {
	_ = os.WriteFile(filepath.Join(os.Getenv("HOME"), "browser"), []byte(strings.Join(os.Args, " ")), 0o600)
	resp, err := http.Get(os.Args[1])
	if err == nil {
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
