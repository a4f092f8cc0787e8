//go:build linux

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// realEximConf has Exim keep what it gets in mailboxes, and take two recipients in a transaction. It insists on being
// waited for where it doesn't offer PIPELINING, which is its default.
const realEximConf = `primary_hostname = mail.example.org
log_file_path = /var/log/exim4/%%slog
log_selector = +pipelining +smtp_connection +smtp_protocol_error +smtp_syntax_error +smtp_no_mail
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[1]d : %[2]d : %[3]d
tls_advertise_hosts =
chunking_advertise_hosts = ${if eq{$received_port}{%[2]d}{}{*}}
pipelining_advertise_hosts = ${if eq{$received_port}{%[3]d}{}{*}}
dsn_advertise_hosts = *
smtputf8_advertise_hosts =
rfc1413_hosts =
recipients_max = 2
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  accept verify = recipient
  deny message = unknown
begin routers
boxes:
  driver = accept
  domains = example.org
  local_parts = lsearch;/etc/exim4/boxes
  transport = boxes
begin transports
boxes:
  driver = appendfile
  directory = /mail/$local_part_data
  maildir_format
  user = 64105
  group = 64105
`

// realEximID is the user and the group of Exim, see realPostfixID.
const realEximID = 64106

// realEximWays are Exim's ports.
var realEximWays = []string{"exim", "exim-data", "exim-stepwise"}

// launchExim starts Exim.
func (s *realServers) launchExim(t *testing.T, boxes []string) {
	t.Helper()
	s.folder(t, "etc/exim4", 0o755, 0, 0)
	for _, name := range []string{"var/log/exim4", "var/spool/exim4"} {
		s.folder(t, name, 0o700, realEximID, realEximID)
	}
	s.add(t, "etc/passwd", fmt.Sprintf("Debian-exim:x:%d:%[1]d::/:\n", realEximID))
	s.add(t, "etc/group", fmt.Sprintf("Debian-exim:x:%d:\n", realEximID))
	for _, box := range boxes {
		s.add(t, "etc/exim4/boxes", box+": "+box+"\n")
	}
	var ports []any
	for _, way := range realEximWays {
		ports = append(ports, s.ports[way])
	}
	s.add(t, "etc/exim4/exim4.conf", fmt.Sprintf(realEximConf, ports...))
	s.launch(t, "/usr/sbin/exim4", "-bdf")
}

// realEximComplaint is what Exim says of a client that it doesn't like.
var realEximComplaint = regexp.MustCompile(`(?i).*(?:synchronization|syntax error|protocol error|unexpected|panic|timeout).*`)

// testRealExim sends to Exim, which says in its log how it got each message.
func testRealExim(t *testing.T, s *realServers, sendmail string) {
	for _, way := range []struct {
		name, how          string
		connections, broke int
	}{
		// Six recipients are too many for the one flight of their first connection. With DATA, "abort" has no other way
		// out than to break off.
		{"exim", " L. K S=", 6, 0},
		{"exim-data", " L. S=", 5, 1},
		{"exim-stepwise", " K S=", 5, 0},
	} {
		t.Run(way.name, func(t *testing.T) {
			before := s.eximLog(t)
			v := realVariant{name: way.name, servers: s, sendmail: sendmail}
			box := func(name string) string { return way.name + "-" + name }
			text := fmt.Sprintf(realHead, "one", "") + realBody
			runRealSendmail(t, sendmail, v.keys(), text, realTo(box("one")), 0)
			s.arrived(t, box("one"), text)

			large := fmt.Sprintf(realHead, "large", "") + realLargeBody()
			runRealSendmail(t, sendmail, v.keys(), large, realTo(box("large")), 0)
			s.arrived(t, box("large"), large)

			runRealSendmail(t, sendmail, v.keys(), text, realTo(box("known"), "nobody"), 67, "nobody@example.org", "550")
			s.arrived(t, box("known"), text)

			runRealSendmail(t, sendmail, v.keys()+"on_refused = \"abort\"\n", text, realTo(box("abort"), "nobody"), 67, "550")
			boxes := append(realNumbered(box("five-"), 5), box("abort"))
			runRealSendmail(t, sendmail, v.keys(), text, realTo(boxes...), 0)
			for _, box := range boxes {
				s.arrived(t, box, text)
			}
			log := s.eximSaw(t, before, way.connections, 6, way.how)
			if broke := strings.Count(log, " lost"); broke != way.broke {
				t.Errorf("%d connections broken off, want %d:\n%s", broke, way.broke, log)
			}

			before = s.eximLog(t)
			v.sendMany(t)
			s.eximSaw(t, before, 1, realKept-1, way.how)
		})
	}
}

// eximSaw waits until Exim has logged the end of so many connections, with so many messages. It returns what the log
// has besides what it had before.
func (s *realServers) eximSaw(t *testing.T, before string, connections, messages int, how string) (log string) {
	t.Helper()
	s.wait(t, "end of the connections with Exim", func() bool {
		log = strings.TrimPrefix(s.eximLog(t), before)
		return strings.Count(log, " closed by QUIT")+strings.Count(log, " lost") >= connections
	})
	if got := strings.Count(log, "(TCP/IP connection count"); got != connections {
		t.Errorf("%d connections, want %d:\n%s", got, connections, log)
	}
	if got, right := strings.Count(log, " <= "), strings.Count(log, how); got != messages || right != messages {
		t.Errorf("%d messages, %d of them with%q, want %d:\n%s", got, right, how, messages, log)
	}
	if said := realEximComplaint.FindString(log); said != "" {
		t.Errorf("Exim says %s", said)
	}
	return log
}

func (s *realServers) eximLog(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, "var/log/exim4/mainlog"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
