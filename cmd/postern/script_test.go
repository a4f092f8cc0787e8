package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"postern/auth/authtest"
	"postern/auth/oauth/oauthtest"
	"postern/backend/smtp/smtptest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postern": main, "sendmail": main, "mailq": main, "newaliases": main, "send-mail": main, "mail": main, "xdg-open": openPage,
	})
}

// TestScripts runs the command lines of testdata/script. Besides testscript's own commands there are:
//
//	exits STATUS COMMAND...   the command ends with exactly this status, and tells no secret
//	smtpd [tls]               starts a real server; $PORT, $CA, and account.toml with a profile for it
//	received FILE             writes the envelope and the message that it got; with ! it has got none
//	scripted FILE...          starts a server that plays a script of smtptest, or several; $PORT, $PORT2, ca.pem,
//	                          client.pem and .key
//	played                    the scripts were played to their ends; with ! TEXT one ended before, and why has TEXT
//	keyring                   starts a session bus with a keyring; NAME=VALUE... SECRET puts a secret into it; "locked"
//	                          has it locked by who says no to the question, and "unlocks" by who says yes
//	logd SOCKET               listens as a log of this machine does
//	logged SOCKET FILE        writes what it was told since, each with its fields on lines of their own; with ! nothing
//	idle FOLDER               waits until nobody delivers the queue in the background
//	catches [ARG...]          starts postern catch; $PORT, and catch.toml with its profile
//	caught STATUS FILE [INT]  waits for its end, after a signal or not, and writes what it told
//	oauthd                    starts an OAuth provider; $OAUTH is its address
//	oauth WHAT [ARG...]       has it do something, see oauth_test.go
//
// The condition [ci] is that .ci/run has installed what a script needs.
//
// No file that a script makes may tell a secret, but for *.toml, *secret* and the tokens that are kept.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "smtpd": smtpd, "received": receivedMail, "scripted": scripted, "played": played, "keyring": keyring,
			"idle": idle, "oauthd": oauthd, "oauth": oauthDo, "logd": logd, "logged": logged,
			"catches": catches, "caught": caught,
		},
		Condition: func(name string) (bool, error) {
			if name != "ci" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return os.Getenv("CI") == "true", nil
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", e.WorkDir+"/xdg")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("TMPDIR", e.WorkDir)
			e.Values["peers"] = &peers{logs: map[string]*net.UnixConn{}}
			given := files(e.WorkDir)
			e.Defer(func() {
				for name, text := range files(e.WorkDir) {
					_, old := given[name]
					if secret, _ := authtest.Leak(name); secret != "" && !old {
						t.Errorf("%s: %q is in the name of %s", filepath.Base(e.WorkDir), secret, name)
					}
					if secret, form := authtest.Leak(text); secret != "" && !old && !maySecrets(name) {
						t.Errorf("%s: %q shows as %q in %s", filepath.Base(e.WorkDir), secret, form, name)
					}
				}
			})
			return nil
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		text := ts.ReadFile(stream)
		if secret, form := authtest.Leak(text); secret != "" {
			ts.Fatalf("%s shows %q as %q", stream, secret, form)
		}
		for _, leak := range []string{"goroutine ", "&{", "*backend.", "0xc0"} {
			if strings.Contains(text, leak) {
				ts.Fatalf("%s shows %q", stream, leak)
			}
		}
	}
}

// files are the regular files below dir with what is in them.
func files(dir string) map[string]string {
	found := map[string]string{}
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			data, _ := os.ReadFile(name)
			found[name] = string(data)
		}
		return nil
	})
	return found
}

// maySecrets tells which files of a script may hold secrets.
func maySecrets(name string) bool {
	return strings.HasSuffix(name, ".toml") || strings.HasSuffix(name, ".password") || strings.Contains(filepath.Base(name), "secret") ||
		filepath.Base(filepath.Dir(name)) == "tokens"
}

// TestScriptsShowTheirSecrets: what the look-out for secrets relies on. The program runs under exits alone, which
// searches its output, and a password in a script's configuration is one that is searched for.
func TestScriptsShowTheirSecrets(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	runs := regexp.MustCompile(`(?m)^[!?]? *exec (postern|sendmail|mailq|newaliases|send-mail|mail)\b.*`)
	inline := regexp.MustCompile(`(?m)^ *(?:password|client_secret) *= *"([^"]*)"`)
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range runs.FindAllString(string(text), -1) {
			// These two are there to show a secret: that of the demonstration's profile, and a token.
			if !strings.Contains(line, "postern demo") && !strings.Contains(line, "postern token") {
				t.Errorf("%s: %s", script, line)
			}
		}
		for _, m := range inline.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(authtest.Secrets, m[1]) {
				t.Errorf("%s: %q is not in authtest.Secrets", script, m[1])
			}
		}
	}
	if !slices.Contains(authtest.Secrets, demoPassword) {
		t.Error("the demonstration's password is not in authtest.Secrets")
	}
}

func keyring(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value("peers").(*peers)
	if p.keyring == nil {
		k, err := authtest.ServeKeyring(ts.MkAbs("."))
		ts.Check(err)
		ts.Defer(k.Close)
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", k.Address)
		p.keyring = k
	}
	switch {
	case len(args) == 0:
		return
	case args[0] == "locked":
		p.keyring.Lock(authtest.Dismissed)
		return
	case args[0] == "unlocks":
		p.keyring.Lock(authtest.Unlocks)
		return
	}
	item := authtest.Item{Attributes: map[string]string{}, Secret: args[len(args)-1]}
	for _, arg := range args[:len(args)-1] {
		name, value, _ := strings.Cut(arg, "=")
		item.Attributes[name] = value
	}
	p.keyring.Add(item)
}

func idle(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Open(filepath.Join(ts.MkAbs(args[0]), "runner"))
	ts.Check(err)
	defer f.Close()
	ts.Check(syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
}

func smtpd(ts *testscript.TestScript, _ bool, args []string) {
	implicit := len(args) > 0 && args[0] == "tls"
	d, err := startDemoServer(implicit)
	ts.Check(err)
	ts.Defer(d.Close)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), d.Authority(), 0o600))
	name := "plain"
	if implicit {
		name = "tls"
	}
	ts.Check(os.WriteFile(ts.MkAbs("account.toml"), []byte(d.profile(name, "ca.pem")), 0o600))
	ts.Setenv("PORT", fmt.Sprint(d.Port()))
	ts.Value("peers").(*peers).smtpd = d
}

// peers are the servers of one script.
type peers struct {
	smtpd    *demoServer
	scripted []*smtptest.Server
	catcher  *catcher
	keyring  *authtest.Keyring
	oauth    *oauthtest.Server
	logs     map[string]*net.UnixConn
}

func receivedMail(ts *testscript.TestScript, neg bool, args []string) {
	select {
	case got := <-ts.Value("peers").(*peers).smtpd.received:
		if neg {
			ts.Fatalf("the server has got a message to %v", got.to)
		}
		text := fmt.Sprintf("from <%s>\nto <%s>\n\n%s", got.from, strings.Join(got.to, "> <"), got.data)
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
	default:
		if !neg {
			ts.Fatalf("the server has got no message")
		}
	}
}

func scripted(ts *testscript.TestScript, _ bool, args []string) {
	identity, err := smtptest.NewIdentity()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), identity.Authority, 0o600))
	cert, secret, err := identity.Client()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("client.pem"), cert, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("client.key"), secret, 0o600))
	_, key := identity.Fingerprint("stranger")
	ts.Setenv("PIN", key)
	p := ts.Value("peers").(*peers)
	p.scripted = nil
	name := "PORT"
	for i, script := range args {
		if i > 0 {
			name = fmt.Sprint("PORT", i+1)
		}
		server, err := smtptest.Serve(ts.ReadFile(script), identity)
		ts.Check(err)
		ts.Setenv(name, fmt.Sprint(server.Port()))
		p.scripted = append(p.scripted, server)
	}
}

func played(ts *testscript.TestScript, neg bool, args []string) {
	var err error
	for _, server := range ts.Value("peers").(*peers).scripted {
		_, failed := server.Wait()
		err = errors.Join(err, failed)
	}
	switch {
	case !neg && err != nil:
		ts.Fatalf("%v", err)
	case neg && (err == nil || !strings.Contains(err.Error(), args[0])):
		ts.Fatalf("the script ended with %v", err)
	}
}
