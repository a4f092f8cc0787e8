//go:build linux

package main_test

import (
	"context"
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
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
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
		for _, box := range []string{"large", "known", "unsigned", "auto"} {
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
			t.Run("auto", c.testAuto)
			t.Run("large body", c.testLargeBody)
			t.Run("unknown recipient", c.testUnknownRecipient)
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

// send runs sendmail, which must end with this status, and with these words on standard error.
func (c realClient) send(t *testing.T, message string, status int, words ...string) {
	t.Helper()
	keys := fmt.Sprintf("backend = %q\nport = %d\nauth = %q\n", c.backend, c.servers.ports[c.backend], c.auth)
	if c.auth != "none" && c.auth != "anonymous" {
		keys += fmt.Sprintf("user = %q\npassword = %q\n", realUser, c.password)
	}
	if c.backend != "plain" {
		keys += fmt.Sprintf("tls = { ca = %q, server_name = \"localhost\" }\n", c.servers.root+"/etc/tls/ca.pem")
	}
	dialogue := runRealSendmail(t, c.sendmail, keys, message, []string{"-t"}, status, words...)
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

// realServersMissing ends the test, which says nothing without servers. It is a failure where they can be had.
func realServersMissing(t *testing.T, err error) {
	t.Helper()
	_, none := exec.LookPath("apt-get")
	if os.Getenv("CI") == "true" && os.Geteuid() == 0 && none == nil {
		t.Fatalf("no real mail servers: %v", err)
	}
	t.Skipf("no real mail servers (%v): sign-in and delivery with Postfix and Dovecot are not tested", err)
}

// unpackRealServers gets the servers into a folder, which is removed after the test.
func unpackRealServers(t *testing.T) *realServers {
	t.Helper()
	debs, err := realPackages(t)
	if err != nil {
		realServersMissing(t, err)
	}
	s := &realServers{root: realFolder(t), ports: map[string]int{}}
	s.startGuard(t)
	t.Cleanup(func() { s.stop(t) })
	for _, deb := range debs {
		if _, err := realRun(t.Context(), s.root, "dpkg", "-x", deb, s.root); err != nil {
			realServersMissing(t, err)
		}
	}
	return s
}

// realPackages returns the files of the servers' packages.
func realPackages(t *testing.T) ([]string, error) {
	cache, err := realCache(t, "bookworm-servers-", downloadReal)
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(cache, "*.deb"))
}

// realCache returns a folder of Debian's packages that download fills, from the user's cache if an earlier run left
// it there.
func realCache(t *testing.T, name string, download func(context.Context, string) error) (string, error) {
	if os.Geteuid() != 0 {
		return "", errors.New("not root")
	}
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	if release, _ := os.ReadFile("/etc/os-release"); !strings.Contains(string(release), "VERSION_CODENAME=bookworm\n") {
		return "", errors.New("not Debian 12, whose programs the test is made for")
	}
	parent, err := os.UserCacheDir()
	if err == nil {
		parent = filepath.Join(parent, "postern-test")
		err = os.MkdirAll(parent, 0o755)
	}
	if err != nil {
		parent = t.TempDir()
	}
	cache := filepath.Join(parent, name+runtime.GOARCH)
	if _, err := os.Stat(cache); err == nil {
		return cache, nil
	}
	return cache, fillRealCache(t, cache, download)
}

// fillRealCache downloads the packages. The folder gets its name when it is complete: an interrupted download is
// never taken for one, and two at a time do no harm.
func fillRealCache(t *testing.T, cache string, download func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	part, err := os.MkdirTemp(filepath.Dir(cache), "part-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	if err = download(ctx, part); err != nil {
		// The lists of packages are missing, as in a fresh container, or older than the archive.
		if _, err = realRun(ctx, part, "apt-get", "-qq", "update"); err == nil {
			err = download(ctx, part)
		}
	}
	if err != nil {
		return err
	}
	if err = os.Rename(part, cache); errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

// downloadReal gets the servers and every library they need, down to the C library; it installs nothing.
func downloadReal(ctx context.Context, folder string) error {
	packages := []string{"postfix", "dovecot-core", "dovecot-lmtpd", "dovecot-submissiond", "exim4-daemon-light"}
	for known := 0; known < len(packages); {
		query := "apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances"
		out, err := realRun(ctx, folder, append(strings.Fields(query), packages[known:]...)...)
		if err != nil {
			return err
		}
		known = len(packages)
		for line := range strings.Lines(out) {
			kind, name, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if strings.HasSuffix(kind, "Depends") && strings.HasPrefix(name, "lib") && !slices.Contains(packages, name) {
				packages = append(packages, name)
			}
		}
	}
	_, err := realRun(ctx, folder, append([]string{"apt-get", "-qq", "download"}, packages...)...)
	return err
}

// realRun runs one of the packaging tools in a folder and returns its output.
func realRun(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		words := strings.ReplaceAll(strings.TrimSpace(string(exit.Stderr)), "\n", "; ")
		err = fmt.Errorf("%s: %w: %s", args[0], err, words)
	}
	return string(out), err
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
