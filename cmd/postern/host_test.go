package main

import (
	"strings"
	"testing"
)

func TestFQDNInHosts(t *testing.T) {
	const hosts = "127.0.0.1 localhost localhost.localdomain\n" +
		"# 127.0.1.1 mine.comment.example mine\n" +
		"127.0.1.1\tmine.example.org mine # mine.other.example\n" +
		"192.0.2.1 other.example.org other\n192.0.2.2 lone\n192.0.2.3\n" +
		"192.0.2.4 late late.example.org\n"
	for name, want := range map[string]string{
		"mine": "mine.example.org", "MINE": "mine.example.org", "other": "other.example.org", "late": "late.example.org",
		"lone": "", "nowhere": "", "localhost": "",
	} {
		if got := fqdnIn(hosts, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestOtherPort: where nothing listens, the advice is the port that providers have instead.
func TestOtherPort(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1:25":       `587 with backend = "starttls"`,
		"192.0.2.1:587":      `465 with backend = "tls"`,
		"[2001:db8::1]:465":  `587 with backend = "starttls"`,
		"192.0.2.1:2525":     "192.0.2.1 and port 2525",
		"/run/nobody.socket": "check host",
	} {
		if got := otherPort(addr); !strings.Contains(got, want) {
			t.Errorf("%s: %s", addr, got)
		}
	}
}
