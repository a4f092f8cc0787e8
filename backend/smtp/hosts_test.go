package smtp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestParseHost has all that a host may look like, and what it only looks like.
func TestParseHost(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		text string
		want server // but for Host
		err  string
	}{
		{"smtp.example.org", server{Port: 587, name: "smtp.example.org", certificate: "smtp.example.org"}, ""},
		{"smtp.example.org:2525", server{Port: 2525, name: "smtp.example.org", certificate: "smtp.example.org"}, ""},
		{"smtp.example.org.", server{Port: 587, name: "smtp.example.org.", certificate: "smtp.example.org"}, ""},
		{"localhost", server{Port: 587, name: "localhost", certificate: "localhost"}, ""},
		{"mail_1.example.org", server{Port: 587, name: "mail_1.example.org", certificate: "mail_1.example.org"}, ""},
		{"1and1.example", server{Port: 587, name: "1and1.example", certificate: "1and1.example"}, ""},
		{"bücher.example:25", server{Port: 25, name: "xn--bcher-kva.example", certificate: "xn--bcher-kva.example"}, ""},
		{"BÜCHER。example", server{Port: 587, name: "xn--bcher-kva.example", certificate: "xn--bcher-kva.example"}, ""},
		{"192.0.2.1", server{Port: 587, name: "192.0.2.1", certificate: "192.0.2.1"}, ""},
		{"192.0.2.1:65535", server{Port: 65535, name: "192.0.2.1", certificate: "192.0.2.1"}, ""},
		{"2001:db8::1", server{Port: 587, name: "2001:db8::1", certificate: "2001:db8::1"}, ""},
		{"[2001:db8::1]", server{Port: 587, name: "2001:db8::1", certificate: "2001:db8::1"}, ""},
		{"[2001:db8::1]:2525", server{Port: 2525, name: "2001:db8::1", certificate: "2001:db8::1"}, ""},
		{"fe80::1%eth0", server{Port: 587, name: "fe80::1%eth0", certificate: "fe80::1"}, ""},
		{"[fe80::1%eth0]:25", server{Port: 25, name: "fe80::1%eth0", certificate: "fe80::1"}, ""},
		{"unix:/run/lmtp", server{Port: 587, name: "/run/lmtp", socket: true, certificate: "unix:/run/lmtp"}, ""},
		{"srv:example.org", server{Port: 587, domain: "example.org"}, ""},
		{"srv:bücher.example", server{Port: 587, domain: "xn--bcher-kva.example"}, ""},

		{"", server{}, "is no host name"},
		{".", server{}, "is no host name"},
		{"a b", server{}, "is no host name"},
		{"a..b", server{}, "is no host name"},
		{"a/b", server{}, "is no host name"},
		{"ann@example.org", server{}, "is no host name"},
		{long + "a.example", server{}, "is no host name"},
		{strings.Repeat(long+".", 4) + "org", server{}, "is no host name: it is too long"},
		{"bü cher.example", server{}, "is no host name: disallowed rune"},
		{"192.0.2", server{}, "is neither a host name nor an IPv4 address"},
		{"192.0.2.256", server{}, "is neither a host name nor an IPv4 address"},
		{"192.0.2.01", server{}, "is neither a host name nor an IPv4 address"},
		{"smtp.example.org:", server{}, "has no port from 1 to 65535 behind its colon"},
		{"smtp.example.org:0", server{}, "has no port from 1 to 65535 behind its colon"},
		{"smtp.example.org:025", server{}, "has no port from 1 to 65535 behind its colon"},
		{"smtp.example.org:+25", server{}, "has no port from 1 to 65535 behind its colon"},
		{"smtp.example.org:65536", server{}, "has no port from 1 to 65535 behind its colon"},
		{"smtp.example.org:smtp", server{}, "has no port from 1 to 65535 behind its colon"},
		{":25", server{}, "is no host name"},
		{"[2001:db8::1]:", server{}, "has no port from 1 to 65535 behind its colon"},
		{"2001:db8::1::25", server{}, "is no IPv6 address; with a port it stands in brackets, [2001:db8::1]:587"},
		{"smtp:example:25", server{}, "is no IPv6 address; with a port it stands in brackets, [2001:db8::1]:587"},
		{"[2001:db8::1", server{}, "is no IPv6 address in brackets such as"},
		{"[2001:db8::1]25", server{}, "is no IPv6 address in brackets such as"},
		{"[192.0.2.1]:25", server{}, "is no IPv6 address in brackets such as"},
		{"[smtp.example.org]:25", server{}, "is no IPv6 address in brackets such as"},
		{"unix:", server{}, "has no path of a socket"},
		{"srv:", server{}, "is no host name"},
		{"srv:example.org:465", server{}, "is no host name"},
	} {
		got, err := parseHost(c.text, 587)
		switch {
		case c.err != "":
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%q: got %v, %v, want %s", c.text, got, err, c.err)
			}
		case err != nil:
			t.Errorf("%q: %v", c.text, err)
		default:
			if c.want.Host = c.text; got != c.want {
				t.Errorf("%q: got %+v, want %+v", c.text, got, c.want)
			}
		}
	}
}

// TestInterlaced: the families take turns, and the first address stays first.
func TestInterlaced(t *testing.T) {
	for in, want := range map[string]string{
		"::1 ::2 ::3 10.0.0.1 10.0.0.2": "::1 10.0.0.1 ::2 10.0.0.2 ::3",
		"10.0.0.1 ::1 ::2":              "10.0.0.1 ::1 ::2",
		"10.0.0.1 10.0.0.2 10.0.0.3":    "10.0.0.1 10.0.0.2 10.0.0.3",
		"::1":                           "::1",
	} {
		var addrs []netip.Addr
		for text := range strings.FieldsSeq(in) {
			addrs = append(addrs, netip.MustParseAddr(text))
		}
		var got []string
		for _, addr := range interlaced(addrs) {
			got = append(got, addr.String())
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: got %v, want %s", in, got, want)
		}
	}
}
