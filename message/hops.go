package message

import "strings"

// Hops are the servers that the message has been through, the newest first: one for each Received field (RFC 5321 section
// 4.4), empty where it doesn't name the server as a host is named.
func (m *Message) Hops() (hosts []string) {
	for fields := m.header.FieldsByKey("Received"); fields.Next(); {
		hosts = append(hosts, byHost(fields.Value()))
	}
	return hosts
}

// byHost is the host behind "by".
func byHost(received string) string {
	words := strings.Fields(received)
	for i, word := range words[:max(0, len(words)-1)] {
		if strings.EqualFold(word, "by") {
			host := strings.TrimRight(words[i+1], ";")
			isHost := len(host) < 256 && strings.ContainsAny(host, ".:") && !strings.ContainsFunc(host, func(r rune) bool {
				return r > '~' || !strings.ContainsRune("-._:[]", r) && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
			})
			if isHost {
				return host
			}
		}
	}
	return ""
}
