//go:build linux

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realVariant is postern with a service of Postfix that takes two recipients in a transaction, and the commands that
// this has seen at the end of each connection.
type realVariant struct {
	name, options string
	one           string // a message, large or not, for one recipient
	five          string // for five
	fiveAbort     string // for five, all or none
	known         string // for one that is unknown and one that isn't
	abort         string // the same, all or none
	nobody        string // for one that is unknown
	kept          string // many messages, one of them for nobody

	servers  *realServers
	sendmail string
}

// With BDAT and PIPELINING, QUIT has left before it is known that there are too many recipients. With DATA, closing is
// how a message is for nobody after all. A RSET goes before a MAIL that leaves before the reply to the message before it,
// which may have come or not when a large one has been written.
var realVariants = []realVariant{
	{
		name:      "bdat",
		one:       "ehlo=1 mail=1 rcpt=1 bdat=1 quit=1 commands=5",
		five:      "ehlo=1 mail=1 rcpt=5 bdat=1 quit=1 commands=9; ehlo=1 mail=2 rcpt=3 bdat=2 rset=1 quit=1 commands=10",
		fiveAbort: "ehlo=1 mail=1 rcpt=5 quit=1 commands=8",
		known:     "ehlo=1 mail=1 rcpt=1/2 bdat=1 quit=1 commands=5/6",
		abort:     "ehlo=1 mail=1 rcpt=1/2 quit=1 commands=4/5",
		nobody:    "ehlo=1 mail=1 rcpt=0/1 bdat=0/1 quit=1 commands=3/5",
		kept:      "ehlo=1 mail=20 rcpt=19/20 bdat=19/20 (rset=19 quit=1 commands=79/81|rset=18 quit=1 commands=78/80)",
	},
	{
		name: "data", options: "-o smtpd_discard_ehlo_keywords=chunking",
		one:       "ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
		five:      "ehlo=1 mail=3 rcpt=8 data=3 quit=1 commands=16",
		fiveAbort: "ehlo=1 mail=1 rcpt=5 data=0/1 commands=7/8",
		known:     "ehlo=1 mail=1 rcpt=1/2 data=1 quit=1 commands=5/6",
		abort:     "ehlo=1 mail=1 rcpt=1/2 data=0/1 commands=3/5",
		nobody:    "ehlo=1 mail=1 rcpt=0/1 data=0/1 quit=1 commands=3/5",
		kept:      "ehlo=1 mail=20 rcpt=19/20 data=19/20 rset=1 quit=1 commands=61/63",
	},
	{
		name: "bdat-stepwise", options: "-o smtpd_discard_ehlo_keywords=pipelining",
		one:       "ehlo=1 mail=1 rcpt=1 bdat=1 quit=1 commands=5",
		five:      "ehlo=1 mail=3 rcpt=8 bdat=3 quit=1 commands=16",
		fiveAbort: "ehlo=1 mail=1 rcpt=3 quit=1 commands=6",
		known:     "ehlo=1 mail=1 rcpt=1/2 bdat=1 quit=1 commands=5/6",
		abort:     "ehlo=1 mail=1 rcpt=1/2 quit=1 commands=4/5",
		nobody:    "ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
		kept:      "ehlo=1 mail=20 rcpt=19/20 bdat=19 rset=1 quit=1 commands=61/62",
	},
	{
		name: "data-stepwise", options: "-o smtpd_discard_ehlo_keywords=chunking,pipelining",
		one:       "ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
		five:      "ehlo=1 mail=3 rcpt=8 data=3 quit=1 commands=16",
		fiveAbort: "ehlo=1 mail=1 rcpt=3 quit=1 commands=6",
		known:     "ehlo=1 mail=1 rcpt=1/2 data=1 quit=1 commands=5/6",
		abort:     "ehlo=1 mail=1 rcpt=1/2 quit=1 commands=4/5",
		nobody:    "ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
		kept:      "ehlo=1 mail=20 rcpt=19/20 data=19 rset=1 quit=1 commands=61/62",
	},
}

// send sends with these keys and arguments, and checks which commands Postfix has seen.
func (v realVariant) send(t *testing.T, message, keys string, args []string, status int, seen string, words ...string) {
	t.Helper()
	send := func() { runRealSendmail(t, v.sendmail, v.keys()+keys, message, args, status, words...) }
	v.servers.saw(t, v.name, send, strings.Split(seen, "; ")...)
}

// keys are those of an account for the service.
func (v realVariant) keys() string {
	return fmt.Sprintf("backend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\n", v.servers.ports[v.name])
}

// test is what has to work the same way whatever the service offers.
func (v realVariant) test(t *testing.T) {
	box := func(name string) string { return v.name + "-" + name }
	t.Run("one", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "one", "") + realBody
		v.send(t, text, "", realTo(box("one")), 0, v.one)
		v.servers.arrived(t, box("one"), text)
	})
	t.Run("large", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "large", "") + realLargeBody()
		v.send(t, text, "", realTo(box("large")), 0, v.one)
		v.servers.arrived(t, box("large"), text)
	})
	t.Run("five, and two at a time", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "five", "") + realBody
		boxes := realNumbered(box("five-"), 5)
		v.send(t, text, "", realTo(boxes...), 0, v.five)
		for _, box := range boxes {
			v.servers.arrived(t, box, text)
		}
	})
	t.Run("five, and all or none", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "five", "") + "must not arrive\n"
		boxes := realNumbered(box("abort-"), 5)
		v.send(t, text, "on_refused = \"abort\"\n", realTo(boxes...), 75, v.fiveAbort)
	})
	t.Run("one refused", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "known", "") + realBody
		v.send(t, text, "", realTo("nobody", box("known")), 67, v.known, "550", "nobody@example.org")
		v.servers.arrived(t, box("known"), text)
	})
	t.Run("one refused, and all or none", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "abort", "") + "must not arrive\n"
		v.send(t, text, "on_refused = \"abort\"\n", realTo(box("abort"), "nobody"), 67, v.abort, "550", "nobody@example.org")
	})
	t.Run("the only one refused", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "nobody", "") + "must not arrive\n"
		v.send(t, text, "", realTo("nobody"), 67, v.nobody, "550", "nobody@example.org")
	})
	t.Run("more refused than the server bears", func(t *testing.T) {
		// Postfix says 421 to the fourth, and closes: the message is kept for all that it had not refused.
		text := fmt.Sprintf(realHead, "borne", "") + "must not arrive\n"
		to := append(realTo(box("borne")), realTo(realNumbered("nobody-", 4)...)...)
		ends := func() int { return strings.Count(v.servers.log(v.name), ": disconnect from") }
		connections := ends() + 1
		runRealSendmail(t, v.sendmail, v.keys(), text, to, 67, "nobody-1@example.org", "421")
		v.servers.wait(t, "end of the connection", func() bool { return ends() == connections })
	})
	t.Run("many, one after the other", func(t *testing.T) {
		v.servers.saw(t, v.name, func() { v.sendMany(t) }, v.kept)
	})
	t.Run("nothing else has arrived", func(t *testing.T) {
		text := fmt.Sprintf(realHead, "abort", "") + realBody
		v.send(t, text, "", realTo(box("abort")), 0, v.one)
		v.servers.arrived(t, box("abort"), text)
	})
}

// testRealSize sends more than the server takes, whether it says so before or not.
func testRealSize(t *testing.T, s *realServers, sendmail string) {
	large, text := fmt.Sprintf(realHead, "large", "")+realLargeBody(), fmt.Sprintf(realHead, "one", "")+realBody
	for name, words := range map[string]string{"small": "the server takes 20000 at most", "small-bdat": "552 5.3.4", "small-data": "552 5.3.4"} {
		t.Run(name, func(t *testing.T) {
			v := realVariant{name: name, servers: s, sendmail: sendmail}
			runRealSendmail(t, sendmail, v.keys(), large, realTo(name+"-one"), 69, words)
			runRealSendmail(t, sendmail, v.keys(), text, realTo(name+"-one"), 0)
			s.arrived(t, name+"-one", text)
		})
	}
}

// testRealUTF8 sends to a name that only SMTPUTF8 can carry.
func testRealUTF8(t *testing.T, s *realServers, sendmail string) {
	text := fmt.Sprintf(realHead, "one", "") + realBody
	realVariant{name: "bdat", servers: s, sendmail: sendmail}.send(t, text, "", realTo("jürgen"), 0, "ehlo=1 mail=1 rcpt=1 bdat=1 quit=1 commands=5")
	if trace := s.arrived(t, "jürgen", text); !strings.Contains(trace, "with UTF8SMTP id") {
		t.Errorf("not received with SMTPUTF8:\n%s", trace)
	}
	realVariant{name: "old", servers: s, sendmail: sendmail}.send(t, text, "", realTo("jürgen"), 69, "ehlo=1 quit=1 commands=2", "SMTPUTF8")
}

// testRealDSN asks for a report of success, with the header of the message; a server without DSN is not asked.
func testRealDSN(t *testing.T, s *realServers, sendmail string) {
	text := fmt.Sprintf(realHead, "one", "") + "text\n"
	for _, name := range []string{"bdat", "old"} {
		args := append([]string{"-N", "success", "-R", "hdrs", "-V", "a+b=c"}, realTo(name+"-one")...)
		realVariant{name: name, servers: s, sendmail: sendmail}.send(t, text, "", args, 0, "ehlo=1 mail=1 rcpt=1 bdat=1 quit=1 commands=5")
	}
	var reports []string
	s.wait(t, "report", func() bool {
		reports, _ = filepath.Glob(filepath.Join(s.root, "mail/sender/new/*"))
		return len(reports) > 0
	})
	report, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Original-Envelope-Id: a+b=c\n", "Original-Recipient: rfc822;bdat-one@example.org\n", "Action: delivered\n", "Content-Type: text/rfc822-headers"} {
		if !strings.Contains(string(report), word) {
			t.Errorf("no %q in the report:\n%s", word, report)
		}
	}
}
