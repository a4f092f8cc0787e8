package main

import (
	"os"
	"os/user"
	"strconv"
	"testing"
)

// TestWhoami: the user id decides, whatever the environment says.
func TestWhoami(t *testing.T) {
	me, err := user.LookupId(strconv.Itoa(os.Getuid()))
	if err != nil {
		t.Skipf("this user has no entry in the password file: %v", err)
	}
	other := "nobody"
	if me.Username == other {
		other = "root"
	}
	for _, c := range []struct{ story, user, name, wantName string }{
		{"nothing is said", "", "", fullNameOrNone(me)},
		{"somebody else's name", other, "", fullNameOrNone(me)},
		{"a name that nobody has", "no such person", "", fullNameOrNone(me)},
		{"a full name", "", "Ann Smith", "Ann Smith"},
	} {
		t.Setenv("USER", c.user)
		t.Setenv("LOGNAME", c.user)
		t.Setenv("NAME", c.name)
		if got := whoami(); got.login != me.Username || got.name != c.wantName {
			t.Errorf("%s: got %+v", c.story, got)
		}
	}
}

func fullNameOrNone(u *user.User) string {
	if name := fullName(u.Name, u.Username); name != u.Username {
		return name
	}
	return ""
}

func TestFullName(t *testing.T) {
	for comment, want := range map[string]string{
		"Ann Smith": "Ann Smith", "Ann Smith,Room 1,,": "Ann Smith", "& Smith": "Ann Smith", ",,,": "", "": "",
	} {
		if got := fullName(comment, "ann"); got != want {
			t.Errorf("%q: got %q, want %q", comment, got, want)
		}
	}
}

func TestIsLogin(t *testing.T) {
	for name, want := range map[string]bool{"ann": true, "a.b-c_1": true, "a b": false, "a@b": false, ".a": false, "a..b": false, "ü": false} {
		if isLogin(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// TestIdentifierDomain: a Message-ID has a domain that others can know, where any is at hand.
func TestIdentifierDomain(t *testing.T) {
	for _, c := range []struct {
		specs []string
		want  string
	}{
		{[]string{"root", "ann@localhost", "bob@example.org"}, "example.org"},
		{[]string{"a@[192.0.2.1]", "a@localhost.localdomain", "@x.example"}, "x.example"},
		{[]string{`"a@b.example"@example.org`}, "example.org"},
		{[]string{"ann@bücher.example", "ann@example.org"}, "example.org"},
	} {
		if got := identifierDomain(c.specs...); got != c.want {
			t.Errorf("%q: got %q", c.specs, got)
		}
	}
	if got := identifierDomain("", "root"); got == "" {
		t.Error("no name at all")
	}
}
