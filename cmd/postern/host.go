package main

import (
	"os"
	"strings"
)

// fqdn is this host's fully qualified name, or empty when it has none: the host name itself if it has a dot, else the
// full name that /etc/hosts gives it. The DNS is not asked: that can take long, and HELO works without.
func fqdn() string {
	name, err := os.Hostname()
	if err != nil || strings.HasPrefix(name, "localhost") { // servers refuse EHLO localhost
		return ""
	}
	if strings.Contains(name, ".") {
		return name
	}
	hosts, _ := os.ReadFile("/etc/hosts")
	return fqdnIn(string(hosts), name)
}

// fqdnIn finds the name with a dot on the line of a hosts file that has name.
func fqdnIn(hosts, name string) string {
	for line := range strings.Lines(hosts) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		full, has := "", false
		for _, w := range words[1:] {
			if full == "" && strings.Contains(w, ".") && !strings.HasPrefix(w, "localhost") {
				full = w
			}
			has = has || strings.EqualFold(w, name)
		}
		if has && full != "" {
			return full
		}
	}
	return ""
}
