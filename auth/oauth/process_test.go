package oauth_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"postern/auth/oauth"
	"postern/auth/oauth/oauthtest"
)

// another is a process of its own that asks for the account's token.
func another(s *oauthtest.Server, c oauth.Config, out *bytes.Buffer) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POSTERN_TEST_PROVIDER="+s.URL, "POSTERN_TEST_TOKENS="+c.Dir, "POSTERN_TEST_KEEP="+c.Keep)
	cmd.Stdout = out
	return cmd
}

// TestTwoProcesses: of several that find the token ended at once, one renews it and the others wait for that. The
// provider would end the sign-in if the refresh token came twice.
func TestTwoProcesses(t *testing.T) {
	s, c := provider(t)
	signedIn(t, s, c)
	var outs [4]bytes.Buffer
	var cmds [len(outs)]*exec.Cmd
	for i := range cmds {
		cmds[i] = another(s, c, &outs[i])
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range cmds {
		if err := cmds[i].Wait(); err != nil || outs[i].String() != "access-token-2" {
			t.Errorf("%v: %s", err, outs[i].String())
		}
	}
	s.Lock()
	defer s.Unlock()
	if got := strings.Join(s.Asked, " "); got != "refresh_token" {
		t.Errorf("asked for %s", got)
	}
}

// TestKilled: a process that ends in the middle of a renewal leaves the old file as it was, and no lock.
func TestKilled(t *testing.T) {
	s, c := provider(t)
	signedIn(t, s, c)
	name := filepath.Join(c.Dir, "work.json")
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s.Say(oauthtest.Answer{}) // it never answers
	var out bytes.Buffer
	cmd := another(s, c, &out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-s.Silent
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	after, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("%v: the file is now %q", err, after)
	}
	if token, err := c.Token(t.Context()); err != nil || token != "access-token-2" {
		t.Errorf("then %s, %v", string(token), err)
	}
}

// TestPermissions: the folder, the file and the lock are the owner's alone, and a file that isn't is refused.
func TestPermissions(t *testing.T) {
	s, c := provider(t)
	signedIn(t, s, c)
	if _, err := c.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "work.json": 0o600, "work.json.lock": 0o600} {
		info, err := os.Stat(filepath.Join(c.Dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	left, err := os.ReadDir(c.Dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v: %v", err, left)
	}
	if err := os.Chmod(filepath.Join(c.Dir, "work.json"), 0o640); err != nil {
		t.Fatal(err)
	}
	_, err = c.Token(t.Context())
	told(t, err, oauth.Denied, "has mode 0640, which lets others read it: run chmod 600")
}

// TestNoRoom: where the new token can't be kept, the provider isn't asked and the refresh token not used up.
func TestNoRoom(t *testing.T) {
	s, c := provider(t)
	signedIn(t, s, c)
	if err := os.Mkdir(filepath.Join(c.Dir, "work.json.lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := c.Token(t.Context())
	told(t, err, oauth.Local, "lock of the tokens: ")
	if err := os.WriteFile(filepath.Join(c.Dir, "work.json"), []byte(`{"refresh_token":"refresh-token-1`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Token(t.Context())
	told(t, err, oauth.Login, "work.json is damaged: run postern login work")
	c.Dir = ""
	_, err = c.Token(t.Context())
	told(t, err, oauth.Local, "neither XDG_STATE_HOME nor HOME is set")
	if len(s.Asked) != 0 {
		t.Errorf("asked for %v", s.Asked)
	}
}

// TestOddNames: an account's name can't lead out of the folder.
func TestOddNames(t *testing.T) {
	_, c := provider(t)
	c.Account = "../../a b"
	c.Grant = oauth.GrantClient
	if token, err := c.Token(t.Context()); err != nil || token != "access-token-1" {
		t.Fatal(string(token), err)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "..%2F..%2Fa%20b.json")); err != nil {
		t.Error(err)
	}
}
