package message_test

import (
	"fmt"
	"net/mail"
	"strings"
	"testing"

	"postern/message"
)

// TestParseAddresses has lists as real mail has them. A result is "name <spec>" for each address, and "!" for each
// entry that can't be read.
func TestParseAddresses(t *testing.T) {
	for _, c := range []struct{ list, want string }{
		{"", ""},
		{"ann@example.org", "<ann@example.org>"},
		{"ann@example.org, bob@example.org", "<ann@example.org> <bob@example.org>"},
		{"Ann <ann@example.org>", "Ann<ann@example.org>"},
		{"\"Ann B.\" <ann@example.org>", "Ann B.<ann@example.org>"},
		{"Ann B. Smith <ann@example.org>", "Ann B. Smith<ann@example.org>"},
		{"Doe, John <j@example.org>", "Doe, John<j@example.org>"},
		{"root, John <j@example.org>", "<root> John<j@example.org>"},
		{"root", "<root>"},
		{"root, ann@example.org", "<root> <ann@example.org>"},
		{"Root User <root>", "Root User<root>"},
		{"root (Cron Daemon)", "<root>"},
		{"(a comment) ann@example.org (another (in))", "<ann@example.org>"},
		{"ann(at)@(domain)example.org", "<ann@example.org>"},
		{"friends: ann@example.org, Bob <bob@example.org>;", "<ann@example.org> Bob<bob@example.org>"},
		{"a: x@y, z@y;, b: w@y;, v@y", "<x@y> <z@y> <w@y> <v@y>"},
		{"a@y, b@y: c@y, d@y", "<a@y> <d@y> !"},
		{"a@y:25, c@y", "<c@y> !"},
		{"Ann <a@y>: b@y; c@y", "<c@y> !"},
		{"a@y:", "!"},
		{"undisclosed-recipients:;", ""},
		{"undisclosed-recipients: ;", ""},
		{"\"a b\"@example.org", "<\"a b\"@example.org>"},
		{"\"ann\"@example.org", "<ann@example.org>"},
		{"\"a\\\"b\"@example.org", "<\"a\\\"b\"@example.org>"},
		{"\"a..b\"@example.org", "<\"a..b\"@example.org>"},
		{"\"\"@example.org", "<\"\"@example.org>"},
		{"a..b@example.org", "<a..b@example.org>"},
		{"a.@example.org", "<a.@example.org>"},
		{"\"a\".\"b\"@example.org", "<a.b@example.org>"},
		{"ann @ example.org", "<ann@example.org>"},
		{"ann@[192.0.2.1]", "<ann@[192.0.2.1]>"},
		{"ann@[IPv6:2001:db8::1]", "<ann@[IPv6:2001:db8::1]>"},
		{"<@relay.example,@two.example:ann@example.org>", "<ann@example.org>"},
		{"<>", ""},
		{"MAILER-DAEMON <>", ""},
		{"jürgen@example.org", "<jürgen@example.org>"},
		{"=?utf-8?q?J=C3=BC?= <j@y>", "=?utf-8?q?J=C3=BC?=<j@y>"},
		{"ann@example.org,", "<ann@example.org>"},
		{",,ann@example.org,,bob@y", "<ann@example.org> <bob@y>"},
		{"ann+tag=x@example.org", "<ann+tag=x@example.org>"},
		{"o'brien@example.org", "<o'brien@example.org>"},
		{"a!b%c@example.org", "<a!b%c@example.org>"},
		{"Ann <ann@example.org> (old)", "Ann<ann@example.org>"},
		{"<a@y> b, c@y", "<a@y> <c@y> !"},
		{"a@y <>, c@y", "<c@y> !"},
		{"<@a, b@y, c@y: d@y>, e@y", "<b@y> <e@y> ! !"},
		{"ann smith@example.org, bob@y", "<bob@y> !"},
		{"good@y, bad@@y, more@y", "<good@y> <more@y> !"},
		{"good@y, @y, more@y", "<good@y> <more@y> !"},
		{"good@y, ann@, more@y", "<good@y> <more@y> !"},
		{"good@y, <ann@z, more@y", "<good@y> <more@y> !"},
		{"good@y, (never closed, more@y", "<good@y> <more@y> !"},
		{"good@y, \"never closed, more@y", "<good@y> <more@y> !"},
		{"good@y, a@[1.2.3.4, more@y", "<good@y> <more@y> !"},
		{"Ann <ann@y> Bob <bob@y>, c@y", "<c@y> !"},
		{"a\x00b@y, c@y", "<c@y> !"},
		{"\"a\nb\" <x@y>", "ab<x@y>"},
		{"<a b@y>, c@y", "<c@y> !"},
		{"<\"a> RCPT TO:<b\"@y>", "<\"a> RCPT TO:<b\"@y>"},
		{"ann@example.org; bob@example.org", "<ann@example.org> <bob@example.org>"},
	} {
		addrs, errs := message.ParseAddresses(c.list)
		var got []string
		for _, a := range addrs {
			got = append(got, fmt.Sprintf("%s<%s>", a.Name, a.Spec))
		}
		for range errs {
			got = append(got, "!")
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%q: got %s, want %s (%v)", c.list, g, c.want, errs)
		}
	}
}

// FuzzParseAddresses has net/mail as its oracle: what that accepts is read here with the same result. And whatever the
// list is, a Spec has no control character, and outside of quotation marks no space and no angle bracket.
func FuzzParseAddresses(f *testing.F) {
	for _, list := range []string{
		"Ann <ann@example.org>, bob@example.org", "a: b@c, \"d e\"@f;", "(c) x@y (d (e))", "<@a:b@c>", "x@[1.2.3.4]", "\"\\\"\"@x", "Doe, J <j@x>", "a..b@x, root",
	} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		addrs, _ := message.ParseAddresses(list)
		for _, a := range addrs {
			quoted := false
			for i, c := range []byte(a.Spec) {
				switch {
				case c < ' ' || c == 0x7f:
					t.Fatalf("%q: a control character in %q", list, a.Spec)
				case c == '\\' && quoted:
					if i+1 < len(a.Spec) && a.Spec[i+1] == '"' {
						quoted = false // the escaped mark turns it on again
					}
				case c == '"':
					quoted = !quoted
				case !quoted && strings.IndexByte(" <>", c) >= 0:
					t.Fatalf("%q: %q in %q", list, c, a.Spec)
				}
			}
		}
		parsed, err := mail.ParseAddressList(list)
		if err != nil || strings.Contains(list, "\t") { // which may not stand in a path (RFC 5321 section 4.1.2): it is a space here
			return
		}
		if len(parsed) != len(addrs) {
			t.Fatalf("%q: net/mail reads %d addresses, here are %d: %v", list, len(parsed), len(addrs), addrs)
		}
		for i, p := range parsed {
			again, err := mail.ParseAddress("<" + addrs[i].Spec + ">")
			if err != nil || again.Address != p.Address {
				t.Fatalf("%q: net/mail reads %q, here it is %q (%v)", list, p.Address, addrs[i].Spec, err)
			}
		}
	})
}

// TestManyBadEntries: a list made to be slow isn't.
func TestManyBadEntries(t *testing.T) {
	for _, bad := range []string{"(,", "[,", "a b@y,", "@,"} {
		addrs, errs := message.ParseAddresses("ann@example.org, " + strings.Repeat(bad, 1<<19/len(bad)))
		if len(addrs) != 1 || len(errs) == 0 || strings.ContainsAny(bad, "([") && len(errs) > 21 {
			t.Errorf("%q: %d addresses, %d errors", bad, len(addrs), len(errs))
		}
	}
}
