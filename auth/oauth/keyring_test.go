package oauth_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/auth/authtest"
	"postern/auth/oauth"
	"postern/auth/oauth/oauthtest"
)

// TestKeyring has the tokens in the keyring, from the sign-in on, through all that may become of the keyring. It is one
// test, since the keyring's library keeps the connection to the bus.
func TestKeyring(t *testing.T) {
	keyring, err := authtest.ServeKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer keyring.Close()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", keyring.Address)
	s, c := provider(t)
	signedIn(t, s, c) // in the file, before there was keep
	c.Keep = oauth.KeepKeyring
	item := map[string]string{"service": "postern-oauth://work", "username": "ann@example.org"}
	ask := func(want string) {
		t.Helper()
		if token, err := c.Token(t.Context()); err != nil || string(token) != want {
			t.Errorf("got %s, %v; want %s", string(token), err, want)
		}
	}
	fails := func(ctx context.Context, kind oauth.Kind, words string) {
		t.Helper()
		_, err := c.Token(ctx)
		told(t, err, kind, words)
	}
	// put changes what is kept, as time would.
	put := func(old, new string) {
		t.Helper()
		keyring.Add(authtest.Item{Attributes: item, Secret: strings.Replace(keyring.Take(item), old, new, 1)})
	}

	// The file counts for nothing any more, and the sign-in takes it away.
	fails(t.Context(), oauth.Login, "account work is not signed in: run postern login work")
	if health, err := c.Health(t.Context()); err != nil || health.SignedIn {
		t.Errorf("health %+v, %v", health, err)
	}
	var saw seen
	got := make(chan struct{})
	if err := c.Login(t.Context(), browse(t, &saw, got)); err != nil {
		t.Fatal(err)
	}
	<-got
	ask("access-token-3")
	if files, err := filepath.Glob(filepath.Join(c.Dir, "*")); err != nil || strings.Join(files, " ") != filepath.Join(c.Dir, "work.json.lock") {
		t.Errorf("files %v, %v", files, err)
	}
	if health, err := c.Health(t.Context()); err != nil || !health.SignedIn || time.Until(health.Valid) < 50*time.Minute {
		t.Errorf("health %+v, %v", health, err)
	}

	// Several processes at once renew once, and the new record takes the place of the old one.
	end := func() {
		t.Helper()
		health, err := c.Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		put(health.Valid.Format(time.RFC3339Nano), "2026-01-02T03:04:05Z")
	}
	end()
	var outs [3]bytes.Buffer
	var cmds [len(outs)]*exec.Cmd
	for i := range cmds {
		cmds[i] = another(s, c, &outs[i])
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range cmds {
		if err := cmds[i].Wait(); err != nil || outs[i].String() != "access-token-4" {
			t.Errorf("%v: %s", err, outs[i].String())
		}
	}
	if items := keyring.Items(); len(items) != 1 || strings.Join(s.Asked, " ") != "authorization_code refresh_token" {
		t.Errorf("%d items, asked for %v", len(items), s.Asked)
	}

	// What the provider says against a renewal is kept as well.
	end()
	s.Say(oauthtest.Answer{Status: 400, Body: `{"error":"invalid_grant"}`})
	fails(t.Context(), oauth.Login, ": invalid_grant: run postern login work")
	if health, err := c.Health(t.Context()); err != nil || !strings.Contains(health.Failure, ": invalid_grant: ") {
		t.Errorf("health %+v, %v", health, err)
	}
	ask("access-token-5")

	// Locked: its owner is asked for a token, and never for the list of accounts.
	keyring.Lock(authtest.Dismissed)
	_, err = c.Health(t.Context())
	told(t, err, oauth.Again, "tokens in the keyring: it was not unlocked")
	if len(keyring.Prompted) != 0 {
		t.Error("somebody was asked")
	}
	fails(t.Context(), oauth.Again, "tokens in the keyring: it was not unlocked")
	<-keyring.Prompted
	told(t, c.Login(t.Context(), oauth.Person{}), oauth.Again, "tokens in the keyring: it was not unlocked")
	<-keyring.Prompted
	told(t, c.LoginDevice(t.Context(), nil, nil), oauth.Again, "tokens in the keyring: it was not unlocked")
	<-keyring.Prompted
	keyring.Lock(authtest.Unanswered)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-keyring.Prompted
		cancel()
	}()
	fails(ctx, oauth.Again, "interrupted")
	keyring.Lock(authtest.Unlocks)
	ask("access-token-5")
	<-keyring.Prompted

	// Another program has written something else there.
	good := keyring.Take(item)
	keyring.Add(authtest.Item{Attributes: item, Secret: "refresh-token-1"})
	fails(t.Context(), oauth.Login, "what the keyring has for the tokens is damaged: run postern login work")
	keyring.Take(item)
	keyring.Add(authtest.Item{Attributes: item, Secret: good})
	ask("access-token-5")

	// The bus goes away, and then there is none: none is started.
	keyring.Lock(authtest.Vanishes)
	fails(t.Context(), oauth.Again, "tokens in the keyring: the keyring has gone away")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("PATH", os.Getenv("XDG_RUNTIME_DIR")) // where dbus-launch would be
	fails(t.Context(), oauth.Again, "tokens in the keyring: there is no session bus, and so no keyring: neither DBUS_SESSION_BUS_ADDRESS nor ")
}
