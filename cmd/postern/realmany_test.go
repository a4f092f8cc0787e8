//go:build linux

package main_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// realLess are ways for Postfix to offer less than it can, or to take less, besides those of realVariants.
var realLess = map[string]string{
	"small":      "-o message_size_limit=20000",
	"small-bdat": "-o message_size_limit=20000 -o smtpd_discard_ehlo_keywords=size",
	"small-data": "-o message_size_limit=20000 -o smtpd_discard_ehlo_keywords=size,chunking",
	"old":        "-o smtpd_discard_ehlo_keywords=smtputf8,dsn",
}

// realTraceService makes the reports of success.
const realTraceService = "trace unix - - n - 0 bounce\n"

// realVariantService is a service of master.cf that needs no sign-in, is strict, and tells in the log which one it is.
const realVariantService = `127.0.0.1:%d inet n - n - - smtpd
    -o syslog_name=postfix/%s -o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=no
    -o smtpd_recipient_restrictions=permit_mynetworks,reject -o mynetworks=127.0.0.0/8
    -o smtpd_data_restrictions=reject_unauth_pipelining -o smtpd_forbid_unauth_pipelining=yes
    -o smtpd_forbid_bare_newline=yes -o smtpd_hard_error_limit=3 -o smtpd_error_sleep_time=0 %s
`

// TestRealExtensions sends through Postfix, Dovecot's LMTP and Exim with the extensions that each has, and without. It
// counts the commands that they have seen, and has them complain of nothing.
func TestRealExtensions(t *testing.T) {
	s := unpackRealServers(t)
	options := maps.Clone(realLess)
	for _, v := range realVariants {
		options[v.name] = "-o smtpd_recipient_limit=2 " + v.options
	}
	s.findPorts(t, slices.Concat(realBackends, []string{"lmtp"}, realEximWays, slices.Collect(maps.Keys(options))))
	boxes := realManyBoxes()
	s.configure(t, boxes)
	s.add(t, "etc/postfix/master.cf", realTraceService)
	for name, text := range options {
		s.add(t, "etc/postfix/master.cf", fmt.Sprintf(realVariantService, s.ports[name], name, text))
	}
	s.configureLMTP(t, boxes)
	s.launchExim(t, boxes)
	s.launchMail(t)
	for name := range options { // what the wait for the port has left in the log is none of the test's
		s.logged(t, "postfix/"+name+`/smtpd\[\d+\]: disconnect from`)
	}
	sendmail := buildRealSendmail(t)
	for _, v := range realVariants {
		v.servers, v.sendmail = s, sendmail
		t.Run("Postfix, "+v.name, v.test)
	}
	t.Run("Postfix, size", func(t *testing.T) { testRealSize(t, s, sendmail) })
	t.Run("Postfix, SMTPUTF8", func(t *testing.T) { testRealUTF8(t, s, sendmail) })
	t.Run("Postfix, DSN", func(t *testing.T) { testRealDSN(t, s, sendmail) })
	t.Run("LMTP", func(t *testing.T) { testRealLMTP(t, s, sendmail) })
	t.Run("Exim", func(t *testing.T) { testRealExim(t, s, sendmail) })
}

// realManyBoxes are the mailboxes of TestRealExtensions.
func realManyBoxes() []string {
	boxes := []string{"jürgen", "sender"}
	for name := range realLess {
		boxes = append(boxes, name+"-one")
	}
	for _, v := range realVariants {
		for _, box := range []string{"one", "large", "known", "abort", "borne"} {
			boxes = append(boxes, v.name+"-"+box)
		}
		boxes = slices.Concat(boxes, realNumbered(v.name+"-five-", 5), realNumbered(v.name+"-abort-", 5), realNumbered(v.name+"-kept-", realKept))
	}
	for _, way := range append([]string{"tcp", "unix"}, realEximWays...) {
		for _, box := range []string{"one", "large", "known", "other", "broken", "abort"} {
			boxes = append(boxes, way+"-"+box)
		}
		boxes = slices.Concat(boxes, realNumbered(way+"-five-", 5), realNumbered(way+"-kept-", realKept))
	}
	return boxes
}

// realNumbered are n names with numbers from 1 on.
func realNumbered(name string, n int) (names []string) {
	for i := range n {
		names = append(names, name+strconv.Itoa(i+1))
	}
	return names
}

// realLargeBody is larger than what leaves in one write, with dots where they are easily lost.
func realLargeBody() string {
	var body strings.Builder
	for n := range 30_000 {
		fmt.Fprintf(&body, "%s%d größer %s\n", strings.Repeat(".", n%4), n, strings.Repeat("-", n*7%83))
	}
	return body.String() + strings.Repeat(".\n", 50_000)
}

// realTo are addresses of boxes.
func realTo(boxes ...string) (addrs []string) {
	for _, box := range boxes {
		addrs = append(addrs, box+"@example.org")
	}
	return addrs
}

// add adds text to a file of the servers.
func (s *realServers) add(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(s.root, name), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err == nil {
		_, err = f.WriteString(text)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// realSeen reads what Postfix says at the end of a session, which is how often it has taken each command of how many.
var realSeen = regexp.MustCompile(`: disconnect from \S+ (ehlo=.*)`)

// realComplaint is what Postfix says of a client that it doesn't like.
var realComplaint = regexp.MustCompile(`(?i)improper command pipelining|non-SMTP command|timeout|too many errors|warning|fatal|panic`)

// log is what a service of Postfix has logged.
func (s *realServers) log(service string) string {
	text, _ := os.ReadFile(filepath.Join(s.root, "var/log/mail.log"))
	var lines strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, " postfix/"+service+"/smtpd[") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// saw runs send and waits until Postfix has logged the end of the sessions of it, one for each regular expression of want.
func (s *realServers) saw(t *testing.T, service string, send func(), want ...string) {
	t.Helper()
	before := s.log(service)
	send()
	var text string
	s.wait(t, "end of a session with "+service, func() bool {
		text = strings.TrimPrefix(s.log(service), before)
		return len(realSeen.FindAllString(text, -1)) >= len(want)
	})
	var got []string
	for _, found := range realSeen.FindAllStringSubmatch(text, -1) {
		got = append(got, found[1])
	}
	same := func(got, want string) bool { return regexp.MustCompile("^(?:" + want + ")$").MatchString(got) }
	if !slices.EqualFunc(got, want, same) || strings.Count(text, ": connect from ") != len(want) {
		t.Errorf("Postfix has seen\n%q\nwant\n%q\n%s", got, want, text)
	}
	if strings.Count(text, "lost connection") != len(got)-strings.Count(strings.Join(got, " "), "quit=1") {
		t.Errorf("not every connection without QUIT was lost, or others were:\n%s", text)
	}
	if said := realComplaint.FindString(text); said != "" {
		t.Errorf("Postfix says %q:\n%s", said, text)
	}
}
