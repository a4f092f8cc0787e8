package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"postern/backend/smtp/smtptest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postern": main, "sendmail": main, "mailq": main, "newaliases": main, "send-mail": main,
	})
}

// TestScripts runs the command lines of testdata/script. Besides testscript's own commands there are:
//
//	exits STATUS COMMAND...   the command ends with exactly this status
//	smtpd [tls]               starts a real server; $PORT, $CA, and account.toml with a profile for it
//	received FILE             writes the envelope and the message that it got; with ! it has got none
//	scripted FILE             starts a server that plays a script of smtptest; $PORT and $CA
//	played                    the script was played to its end; with ! TEXT it ended before, and why has TEXT
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "smtpd": smtpd, "received": receivedMail, "scripted": scripted, "played": played,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", e.WorkDir+"/xdg")
			e.Setenv("TMPDIR", e.WorkDir)
			e.Values["peers"] = &peers{}
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
		for _, leak := range []string{demoPassword, "Y29ycmVjdCBob3JzZQ==", "goroutine ", "&{", "*backend.", "0xc0"} {
			if text := ts.ReadFile(stream); strings.Contains(text, leak) {
				ts.Fatalf("%s shows %q", stream, leak)
			}
		}
	}
}

func smtpd(ts *testscript.TestScript, _ bool, args []string) {
	implicit := len(args) > 0 && args[0] == "tls"
	d, err := startDemoServer(implicit)
	ts.Check(err)
	ts.Defer(d.close)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), d.authority, 0o600))
	name := "plain"
	if implicit {
		name = "tls"
	}
	ts.Check(os.WriteFile(ts.MkAbs("account.toml"), []byte(d.profile(name, "ca.pem")), 0o600))
	ts.Setenv("PORT", fmt.Sprint(d.port))
	ts.Value("peers").(*peers).smtpd = d
}

// peers are the servers of one script.
type peers struct {
	smtpd    *demoServer
	scripted *smtptest.Server
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
	server, err := smtptest.Serve(ts.ReadFile(args[0]), identity)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), identity.Authority, 0o600))
	ts.Setenv("PORT", fmt.Sprint(server.Port()))
	_, key := identity.Fingerprint("stranger")
	ts.Setenv("PIN", key)
	ts.Value("peers").(*peers).scripted = server
}

func played(ts *testscript.TestScript, neg bool, args []string) {
	_, err := ts.Value("peers").(*peers).scripted.Wait()
	switch {
	case !neg && err != nil:
		ts.Fatalf("%v", err)
	case neg && (err == nil || !strings.Contains(err.Error(), args[0])):
		ts.Fatalf("the script ended with %v", err)
	}
}
