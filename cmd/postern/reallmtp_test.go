//go:build linux

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realLMTPConf has Dovecot take mail by LMTP, for the users of a file.
const realLMTPConf = `protocols = lmtp
mail_location = maildir:/mail/%%n
mail_uid = 64105
mail_gid = 64105
auth_username_format = %%Ln
userdb {
  driver = passwd-file
  args = /etc/dovecot/boxes
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = %d
  }
  unix_listener lmtp {
    mode = 0600
  }
}
`

// configureLMTP adds LMTP to Dovecot. Nobody can write the mailbox "broken" of each way.
func (s *realServers) configureLMTP(t *testing.T, boxes []string) {
	t.Helper()
	s.add(t, "etc/dovecot/dovecot.conf", fmt.Sprintf(realLMTPConf, s.ports["lmtp"]))
	s.add(t, "etc/dovecot/boxes", strings.Join(boxes, ":::::::\n")+":::::::\n")
	for _, way := range []string{"tcp", "unix"} {
		s.folder(t, "mail/"+way+"-broken", 0o700, 0, 0)
	}
}

// testRealLMTP delivers to Dovecot, which has a reply to the message for each recipient.
func testRealLMTP(t *testing.T, s *realServers, sendmail string) {
	for way, keys := range map[string]string{
		"tcp":  fmt.Sprintf("backend = \"lmtp\"\nport = %d\n", s.ports["lmtp"]),
		"unix": fmt.Sprintf("backend = \"lmtp\"\nhost = \"unix:%s\"\n", filepath.Join(s.root, "run/dovecot/lmtp")),
	} {
		t.Run(way, func(t *testing.T) {
			before := s.lmtpEnds(t)
			box := func(name string) string { return way + "-" + name }
			text := fmt.Sprintf(realHead, "one", "") + realBody
			runRealSendmail(t, sendmail, keys, text, realTo(box("one")), 0)
			s.arrived(t, box("one"), text)

			large := fmt.Sprintf(realHead, "large", "") + realLargeBody()
			runRealSendmail(t, sendmail, keys, large, realTo(box("large")), 0)
			s.arrived(t, box("large"), large)

			// One is refused before the message, one after it.
			runRealSendmail(t, sendmail, keys, text, realTo(box("known"), "nobody", box("broken"), box("other")), 67,
				"nobody@example.org", "550", "451")
			s.arrived(t, box("known"), text)
			s.arrived(t, box("other"), text)
			runRealSendmail(t, sendmail, keys, text, realTo(box("broken")), 75, "451")

			runRealSendmail(t, sendmail, keys+"on_refused = \"abort\"\n", text, realTo(box("abort"), "nobody"), 67, "550")
			boxes := realNumbered(box("five-"), 5)
			runRealSendmail(t, sendmail, keys, text, realTo(append(boxes, box("abort"))...), 0)
			for _, box := range append(boxes, box("abort")) {
				s.arrived(t, box, text)
			}
			s.wait(t, "QUIT at the end of six connections", func() bool { return s.lmtpEnds(t) == before+6 })
		})
	}
}

// lmtpEnds counts the connections that have ended with QUIT.
func (s *realServers) lmtpEnds(t *testing.T) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(s.root, "var/log/dovecot.log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(log), ": Logged out (")
}
