//go:build linux

package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/auth/authtest"
)

var realBackends = []string{"plain", "starttls", "tls"}

// realHead begins every message here; it is complete, so that postern has nothing to add.
const realHead = `From: Ann <sender@example.org>
To: Bob <%[1]s@example.org>
%[2]sSubject: =?utf-8?q?=C3=9Cbung?=
Date: Mon, 02 Jun 2025 10:00:00 +0200
Message-ID: <%[1]s@client.example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

`

// realBody holds what mail systems like to damage; the long lines have the 998 octets of RFC 5322, section 2.1.1.
var realBody = "Grüße aus Köln, 日本語, 🜁\n.one dot\n..two dots\n.\n...\n" +
	"From the start of a line\n trailing space \t \n" +
	strings.Repeat("x", 998) + "\n." + strings.Repeat("y", 997) + "\n" +
	".\n\n\n\n"

// realMessage returns a message with a folded Bcc, and the same message without it, which is what may arrive.
func realMessage(to, bcc, body string) (sent, want string) {
	blind := fmt.Sprintf("Bcc: Carol\n\t<%s@example.org>\n", bcc)
	return fmt.Sprintf(realHead, to, blind) + body, fmt.Sprintf(realHead, to, "") + body
}

// TestRealPostfix sends mail through Postfix and Dovecot, and compares what lands in the mailboxes octet by octet.
func TestRealPostfix(t *testing.T) {
	var boxes []string
	for _, backend := range realBackends {
		for _, box := range []string{"large", "known", "unsigned", "auto", "queued"} {
			boxes = append(boxes, backend+"-"+box, backend+"-"+box+"-bcc")
		}
		for _, m := range realMechanisms {
			boxes = append(boxes, backend+"-"+m, backend+"-"+m+"-bcc", backend+"-wrong-"+m, backend+"-wrong-"+m+"-bcc")
		}
	}
	boxes = append(boxes, "certificate")
	servers := startRealServers(t, boxes)
	sendmail := buildRealSendmail(t)
	t.Run("certificate", func(t *testing.T) { testCertificate(t, servers, sendmail) })
	for _, backend := range realBackends {
		t.Run(backend, func(t *testing.T) {
			c := realClient{servers, sendmail, backend, "plain", realPassword, realUser}
			c.testSignIn(t)
			t.Run("check", func(t *testing.T) {
				auto := c
				auto.auth = "auto"
				auto.testCheck(t)
			})
			t.Run("auto", c.testAuto)
			t.Run("large body", c.testLargeBody)
			t.Run("unknown recipient", c.testUnknownRecipient)
			t.Run("by the queue", c.testQueue)
			t.Run("without sign-in", c.testNoSignIn)
		})
	}
}

// realClient is postern with one account.
type realClient struct {
	servers                 *realServers
	sendmail                string
	backend, auth, password string
	name                    string // what the server takes us for
}

// testLargeBody sends more than is kept in memory, or fits in any buffer. The single dots at its end take three
// octets each on the wire, so that some are the first of a block, whatever power of two is the size of blocks.
func (c realClient) testLargeBody(t *testing.T) {
	var body strings.Builder
	for n := range 6000 {
		fmt.Fprintf(&body, "%s%d größer %s\n", strings.Repeat(".", n%4), n, strings.Repeat("-", n*7%83))
	}
	c.delivers(t, "large", body.String()+strings.Repeat(".\n", 100_000))
}

// testUnknownRecipient has one recipient refused at RCPT: EX_NOUSER, and the other one has mail.
func (c realClient) testUnknownRecipient(t *testing.T) {
	sent, want := realMessage(c.backend+"-known", "nobody", realBody)
	c.send(t, sent, 67, "550", "nobody@example.org")
	c.servers.arrived(t, c.backend+"-known", want)
}

// testNoSignIn sends without AUTH to servers that want it: Postfix says so at RCPT.
func (c realClient) testNoSignIn(t *testing.T) {
	sent, _ := realMessage(c.backend+"-unsigned", c.backend+"-unsigned-bcc", "must not arrive\n")
	unsigned := c
	unsigned.auth = "none"
	unsigned.send(t, sent, 67, "554")
	c.delivers(t, "unsigned", "the only message\n")
}

// delivers sends a message to a box and, as Bcc, to its neighbour. Both must have it and nothing else, with a
// trace that proves TLS and the mechanism.
func (c realClient) delivers(t *testing.T, box, body string) {
	t.Helper()
	box = c.backend + "-" + box
	sent, want := realMessage(box, box+"-bcc", body)
	c.send(t, sent, 0)
	protocol := map[string]string{"plain": "ESMTPA", "starttls": "ESMTPSA", "tls": "ESMTPSA"}[c.backend]
	for _, box := range []string{box, box + "-bcc"} {
		trace := c.servers.arrived(t, box, want)
		id := regexp.MustCompile(`\(Authenticated sender: ` + c.name + `\)\s+by mail\.example\.org \(Postfix\) with ` +
			protocol + ` id (\w+)`).FindStringSubmatch(trace)
		if id == nil {
			t.Fatalf("not received with %s from %s:\n%s", protocol, c.name, trace)
		}
		method := strings.ToUpper(c.auth)
		if c.auth == "auto" {
			method = "SCRAM-SHA-256"
		}
		c.servers.logged(t, id[1]+": client=.*, sasl_method="+method+",")
	}
}

// testQueue keeps a message first, and delivers it by a run of the queue: it arrives as if it had gone at once.
func (c realClient) testQueue(t *testing.T) {
	box := c.backend + "-queued"
	sent, want := realMessage(box, box+"-bcc", realBody)
	keys := c.keys() + fmt.Sprintf("[queue]\ndir = %q\n", filepath.Join(t.TempDir(), "queue"))
	runRealSendmail(t, c.sendmail, keys, sent, []string{"-odq", "-t"}, 0, "kept in the queue as")
	runRealSendmail(t, c.sendmail, keys, "", []string{"-q"}, 0)
	c.servers.arrived(t, box, want)
	c.servers.arrived(t, box+"-bcc", want)
}

// keys are the account's, but for those of every account.
func (c realClient) keys() string {
	keys := fmt.Sprintf("backend = %q\nhost = \"127.0.0.1\"\nport = %d\nauth = %q\n", c.backend, c.servers.ports[c.backend], c.auth)
	if c.auth != "none" && c.auth != "anonymous" {
		keys += fmt.Sprintf("user = %q\npassword = %q\n", realUser, c.password)
	}
	if c.backend != "plain" {
		keys += fmt.Sprintf("tls = { ca = %q, server_name = \"localhost\" }\n", c.servers.root+"/etc/tls/ca.pem")
	}
	return keys
}

// send runs sendmail, which must end with this status, and with these words on standard error.
func (c realClient) send(t *testing.T, message string, status int, words ...string) {
	t.Helper()
	dialogue := runRealSendmail(t, c.sendmail, c.keys(), message, []string{"-t"}, status, words...)
	if secret, form := authtest.Leak(dialogue, c.password); secret != "" {
		t.Errorf("sendmail shows %q as %q:\n%s", secret, form, dialogue)
	}
}

var realTrace = regexp.MustCompile(`^(?:(?:Return-Path|X-Original-To|Delivered-To|Received):.*\n(?:[ \t].*\n)*)+`)

// arrived waits for mail in a box: this message and no other. It returns the trace that the servers put on top.
func (s *realServers) arrived(t *testing.T, box, want string) (trace string) {
	t.Helper()
	var files []string
	s.wait(t, "mail in "+box, func() bool {
		files, _ = filepath.Glob(filepath.Join(s.root, "mail", box, "new/*"))
		return len(files) > 0
	})
	text, err := os.ReadFile(files[0])
	if err != nil || len(files) != 1 {
		t.Fatalf("%d messages in %s, want one (%v)", len(files), box, err)
	}
	trace = realTrace.FindString(string(text))
	if got := string(text[len(trace):]); got != want {
		same := 0
		for same < min(len(got), len(want)) && got[same] == want[same] {
			same++
		}
		t.Fatalf("%s differs at octet %d of %d:\n got %.80q\nwant %.80q", box, same, len(want), got[same:], want[same:])
	}
	return trace
}

// logged waits for this in Postfix's log.
func (s *realServers) logged(t *testing.T, pattern string) {
	t.Helper()
	s.wait(t, pattern+" in the log", func() bool {
		text, _ := os.ReadFile(filepath.Join(s.root, "var/log/mail.log"))
		return regexp.MustCompile(pattern).Match(text)
	})
}

// realCertificates makes an authority, and a certificate of it for localhost.
func realCertificates(t *testing.T) (key, cert, ca string) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	caKey, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	serverKey, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	caDER, err1 := x509.CreateCertificate(rand.Reader, authority, authority, &caKey.PublicKey, caKey)
	serverDER, err2 := x509.CreateCertificate(rand.Reader, server, authority, &serverKey.PublicKey, caKey)
	keyDER, err3 := x509.MarshalPKCS8PrivateKey(serverKey)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("PRIVATE KEY", keyDER), text("CERTIFICATE", serverDER), text("CERTIFICATE", caDER)
}
