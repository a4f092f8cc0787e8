package auth_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"postern/auth"
	"postern/auth/authtest"
)

// TestKeyring has one keyring through its life: the library keeps the connection to the bus.
func TestKeyring(t *testing.T) {
	keyring, err := authtest.ServeKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer keyring.Close()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", keyring.Address)
	ctx := context.Background()
	ann := auth.Source{Keyring: true, Host: "smtp.example.org", User: "ann"}
	item := auth.Item{Host: "smtp.example.org", User: "ann"}
	want := func(source auth.Source, want string) {
		t.Helper()
		if got := fetched(t, ctx, source); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}

	want(ann, "! keyring: there is no password for ann, service smtp://smtp.example.org")

	// What msmtp's users have stored with secret-tool.
	keyring.Add(authtest.Item{Attributes: map[string]string{"host": "smtp.example.org", "service": "smtp", "user": "ann"}, Secret: "of msmtp"})
	keyring.Add(authtest.Item{Attributes: map[string]string{"host": "smtp.example.org", "service": "smtp", "user": "bob"}, Secret: "of bob"})
	want(ann, "of msmtp")

	// Our own goes before it; the second takes the place of the first.
	for _, secret := range []auth.Secret{"first", authtest.Odd} {
		if err := item.Set(ctx, secret); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(keyring.Items()); n != 3 {
		t.Errorf("%d items", n)
	}
	want(ann, authtest.Odd)
	want(auth.Source{Keyring: true, Host: "imap.example.org", User: "ann"}, "! keyring: there is no password for ann, service smtp://imap.example.org")

	// By a name, as Python's keyring stores it.
	keyring.Add(authtest.Item{Attributes: map[string]string{"service": "work", "username": "ann", "application": "Python keyring library"}, Secret: "of python"})
	want(auth.Source{Keyring: true, Service: "work", Host: "smtp.example.org", User: "ann"}, "of python")
	want(auth.Source{Keyring: true, Service: "home", Host: "smtp.example.org", User: "ann"}, "! keyring: there is no password for ann, service home")

	// Delete takes ours alone.
	if err := item.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	want(ann, "of msmtp")
	if err := item.Delete(ctx); err == nil || err.Error() != "there is no password for ann, service smtp://smtp.example.org" {
		t.Errorf("got %v", err)
	}

	// Empty, and too long.
	keyring.Add(authtest.Item{Attributes: map[string]string{"service": "empty", "username": "ann"}})
	keyring.Add(authtest.Item{Attributes: map[string]string{"service": "long", "username": "ann"}, Secret: strings.Repeat("x", 70000)})
	want(auth.Source{Keyring: true, Service: "empty", User: "ann"}, "! keyring: it is empty")
	want(auth.Source{Keyring: true, Service: "long", User: "ann"}, "! keyring: more than 65536 octets")

	// A lock that a person opens, or doesn't.
	keyring.Lock(authtest.Dismissed)
	want(ann, "! keyring: it was not unlocked")
	if _, err := ann.Fetch(ctx); !errors.Is(err, auth.ErrLater) {
		t.Errorf("it may be unlocked later: %v", err)
	}
	<-keyring.Prompted
	<-keyring.Prompted
	keyring.Lock(authtest.Unanswered)
	waiting, cancel := context.WithCancel(ctx)
	go func() {
		<-keyring.Prompted
		cancel()
	}()
	if got := fetched(t, waiting, ann); got != "! keyring: context canceled" {
		t.Errorf("got %q", got)
	}
	keyring.Lock(authtest.Unlocks)
	want(ann, "of msmtp")
	<-keyring.Prompted

	// The bus goes away in the middle: no panic of the library's ends the program. The last time is for the tests that
	// follow, which get no connection of this one's.
	for range 2 {
		keyring.Lock(authtest.NotLocked)
		want(ann, "of msmtp")
		keyring.Lock(authtest.Vanishes)
		want(ann, "! keyring: the keyring has gone away")
	}
}

// TestNoSessionBus: under cron there is none, and none is started.
func TestNoSessionBus(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir) // where dbus-launch would be
	t.Setenv("XDG_RUNTIME_DIR", dir)
	ann := auth.Source{Keyring: true, Host: "smtp.example.org", User: "ann"}
	none := "! keyring: there is no session bus, and so no keyring: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR leads to one"
	for _, address := range []string{"", "autolaunch:"} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		if got := fetched(t, context.Background(), ann); got != none {
			t.Errorf("%q: got %q", address, got)
		}
	}
	if err := (auth.Item{}).Set(context.Background(), "x"); err == nil {
		t.Error("a secret is stored nowhere")
	}
	// A bus that nobody serves any more.
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+dir+"/missing")
	if got := fetched(t, context.Background(), ann); !strings.HasPrefix(got, "! keyring: session bus: dial unix "+dir+"/missing: ") {
		t.Errorf("got %q", got)
	}
	// One that takes connections and says nothing.
	listener, err := net.Listen("unix", filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		if c, err := listener.Accept(); err == nil { // found by XDG_RUNTIME_DIR
			defer c.Close()
			cancel()
			<-t.Context().Done()
		}
	}()
	if got := fetched(t, ctx, ann); got != "! keyring: context canceled" {
		t.Errorf("got %q", got)
	}
}
