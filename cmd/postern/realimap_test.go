//go:build linux

package main_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/auth/authtest"
)

// realIMAPConf adds IMAP to Dovecot. One user's folder for what was sent has a name of its own.
const realIMAPConf = `protocols = submission imap
service imap-login {
  inet_listener imap {
    port = %d
  }
  inet_listener imaps {
    port = %d
  }
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox "Gesendete Öbjekte" {
    special_use = \Sent
    auto = create
  }
}
`

// TestRealIMAP keeps copies in Dovecot's folders: by each mechanism, with TLS at once, by STARTTLS and without.
func TestRealIMAP(t *testing.T) {
	s := unpackRealServers(t)
	s.unpackIMAP(t)
	s.findPorts(t, append([]string{"submission", "imap", "imaps"}, realBackends...))
	s.configure(t, nil)
	s.add(t, "etc/dovecot/dovecot.conf", fmt.Sprintf(realIMAPConf, s.ports["imap"], s.ports["imaps"]))
	s.launch(t, "/usr/sbin/dovecot", "-F")
	s.await(t, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ports["imaps"])))
	sendmail := buildRealSendmail(t)
	ports := map[string]int{"plain": s.ports["imap"], "starttls": s.ports["imap"], "tls": s.ports["imaps"]}
	const folder = "mail/ann/.Gesendete &ANY-bjekte"
	keep := func(t *testing.T, security, auth, password, more, text string, words ...string) {
		t.Helper()
		keys := fmt.Sprintf("backend = \"maildir\"\npath = %q\nuser = %q\npassword = %q\nauth = %q\ntls = { ca = %q }\n",
			filepath.Join(t.TempDir(), "Maildir"), realUser, password, auth, s.root+"/etc/tls/ca.pem")
		keys += fmt.Sprintf("sent = { imap = \"127.0.0.1:%d\", security = %q%s }\n", ports[security], security, more)
		dialogue := runRealSendmail(t, sendmail, keys, text, []string{"-t"}, 0, words...)
		if secret, form := authtest.Leak(dialogue, password); secret != "" {
			t.Errorf("sendmail shows %q as %q:\n%s", secret, form, dialogue)
		}
	}
	number := 0
	for _, security := range realBackends {
		mechanisms := []string{"auto"} // SCRAM
		if security == "tls" {
			mechanisms = append(mechanisms, "plain", "login", "cram-md5", "scram-sha-1", "oauthbearer", "xoauth2")
		}
		for _, auth := range mechanisms {
			t.Run(security+" "+auth, func(t *testing.T) {
				password := realPassword
				if strings.Contains(auth, "oauth") {
					password = realToken(realUser, time.Hour)
				}
				number++
				sent, want := realMessage(fmt.Sprint("copy-", number), "bcc", realBody)
				keep(t, security, auth, password, "", sent, "* copy in Gesendete Öbjekte at 127.0.0.1:")
				s.copied(t, folder, want)
				if strings.Contains(auth, "oauth") {
					password = realToken(realUser, -time.Hour)
				} else {
					password = authtest.Hunter
				}
				keep(t, security, auth, password, "", sent, "sendmail: no copy in Sent at 127.0.0.1:", ": sign-in: NO")
			})
		}
	}
	t.Run("large, in a folder that is made", func(t *testing.T) {
		sent, want := realMessage("large", "bcc", realLargeBody())
		keep(t, "tls", "auto", realPassword, `, folder = "Work/Sent ü"`, sent, "* copy in Work/Sent ü at 127.0.0.1:")
		s.copied(t, "mail/ann/.Work.Sent &APw-", want)
	})
}

// copied finds the copy that is like want, octet by octet, and seen.
func (s *realServers) copied(t *testing.T, folder, want string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.root, folder, "cur/*:2,*S*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil && string(text) == want {
			return
		}
	}
	t.Fatalf("%d messages in %s, and the copy is none of them", len(files), folder)
}

// unpackIMAP gets Dovecot's IMAP, which the other tests do without.
func (s *realServers) unpackIMAP(t *testing.T) {
	t.Helper()
	cache, err := realCache(t, "bookworm-imapd-", func(ctx context.Context, folder string) error {
		_, err := realRun(ctx, folder, "apt-get", "-qq", "download", "dovecot-imapd")
		return err
	})
	if err != nil {
		realServersMissing(t, err)
	}
	debs, _ := filepath.Glob(filepath.Join(cache, "*.deb"))
	for _, deb := range debs {
		if _, err := realRun(t.Context(), s.root, "dpkg", "-x", deb, s.root); err != nil {
			realServersMissing(t, err)
		}
	}
}
