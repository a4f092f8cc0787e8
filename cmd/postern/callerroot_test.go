//go:build linux

package main_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// callerPackages are Debian's packages of the programs that call sendmail; apt-get adds what they need.
var callerPackages = strings.Fields(`anacron at base-files bash bsd-mailx coreutils cron dash debianutils dovecot-sieve fail2ban
	findutils git git-email grep hostname libc-bin libpam-modules logwatch sudo util-linux libemail-sender-perl libemail-stuffer-perl libmailtools-perl libmime-lite-perl libphp-phpmailer maildrop mailutils mawk
	mime-construct mpack mutt neomutt nmh node-nodemailer nodejs perl php-mail php-pear php-symfony-mailer php8.2-cli procmail python3 ruby-mail
	s-nail sed swaks vacation busybox`)

// callerStatus tells apt-get that a sendmail is there, and nothing else, so that it fetches all but a mail server.
const callerStatus = `Package: postern
Status: install ok installed
Version: 1
Architecture: all
Maintainer: Ann <ann@example.org>
Provides: mail-transport-agent, default-mta
Description: sendmail
`

// callerFiles are the files of the callers' world besides what the packages bring.
var callerFiles = map[string]string{
	"etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/sh\nalice:x:1000:1000:Alice Example,,,:/home/alice:/bin/sh\n" +
		"www-data:x:33:33:www-data:/var/www:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
	"etc/group":                               "root:x:0:\ndaemon:x:1:\nalice:x:1000:\nwww-data:x:33:\nmail:x:8:\nnogroup:x:65534:\n",
	"etc/hosts":                               "127.0.0.1 localhost\n",
	"etc/nsswitch.conf":                       "passwd: files\ngroup: files\nhosts: files\n",
	"etc/pam.d/common-auth":                   "auth required pam_permit.so\n",
	"etc/pam.d/common-account":                "account required pam_permit.so\n",
	"etc/pam.d/common-password":               "password required pam_permit.so\n",
	"etc/pam.d/common-session":                "session required pam_permit.so\n",
	"etc/pam.d/common-session-noninteractive": "session required pam_permit.so\n",
	"etc/postern/config.toml": "[account.relay]\nbackend = \"plain\"\nhost = \"127.0.0.1\"\nport = %d\ndomain = \"example.org\"\n" +
		"[aliases]\nfile = \"\"\nroot = \"admin@example.org\"\n",
}

// callerWorld is a folder that the callers take for their whole machine (chroot): the machine's own sendmail is never
// touched. Only the loopback is shared, where the sink listens.
type callerWorld struct {
	root string
	sink *callerSink
}

// startCallerWorld fetches the packages, unpacks them, and puts postern in as sendmail.
func startCallerWorld(t *testing.T) *callerWorld {
	t.Helper()
	// Another list of packages is another folder.
	kind := fmt.Sprintf("callers-%08x-", crc32.ChecksumIEEE([]byte(strings.Join(callerPackages, " "))))
	cache, err := realCache(t, kind, downloadCallers)
	if err != nil {
		realServersMissing(t, err)
	}
	w := &callerWorld{realFolder(t), startCallerSink(t)}
	t.Cleanup(func() { os.RemoveAll(w.root) })
	unpack := exec.CommandContext(t.Context(), "sh", "-c", `ls "$0"/*.deb | xargs -P 2 -I {} dpkg -x {} "$1"`, cache, w.root)
	if out, err := unpack.CombinedOutput(); err != nil {
		realServersMissing(t, fmt.Errorf("unpacking: %w: %s", err, out))
	}
	for _, name := range []string{"dev", "tmp", "root", "home/alice", "var/www", "var/mail", "proc", "etc/postern"} {
		if err := os.MkdirAll(filepath.Join(w.root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, minor := range map[string]int{"dev/null": 3, "dev/urandom": 9} {
		path := filepath.Join(w.root, name)
		err := syscall.Mknod(path, syscall.S_IFCHR|0o666, 1<<8|minor)
		if err != nil { // a container need not allow devices
			err = os.WriteFile(path, []byte(strings.Repeat(rand.Text(), minor)[3:]), 0o666)
		}
		if err = errors.Join(err, os.Chmod(path, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range callerFiles {
		if strings.Contains(text, "%d") {
			text = fmt.Sprintf(text, w.sink.port)
		}
		if err := os.WriteFile(filepath.Join(w.root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sendmail, err := os.ReadFile(buildRealSendmail(t))
	err = errors.Join(err,
		os.WriteFile(filepath.Join(w.root, "usr/sbin/sendmail"), sendmail, 0o755),
		os.Symlink("../sbin/sendmail", filepath.Join(w.root, "usr/lib/sendmail")),
		os.Chmod(filepath.Join(w.root, "tmp"), 0o1777),
		os.Chown(filepath.Join(w.root, "home/alice"), 1000, 1000))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// downloadCallers gets the packages and all that they need, down to the C library; it installs nothing.
func downloadCallers(ctx context.Context, folder string) error {
	err := errors.Join(os.MkdirAll(filepath.Join(folder, "partial"), 0o755),
		os.WriteFile(filepath.Join(folder, "status"), []byte(callerStatus), 0o644))
	if err != nil {
		return err
	}
	download := "apt-get -qq -y --no-install-recommends --download-only -o APT::Sandbox::User=root -o Debug::NoLocking=true " +
		"-o Dir::State::status=" + folder + "/status -o Dir::Cache::archives=" + folder + " install"
	_, err = realRun(ctx, folder, append(strings.Fields(download), callerPackages...)...)
	return err
}

// callerSink is the relay: it takes mail from anybody, but none for nobody@example.org.
type callerSink struct {
	port     int
	received chan *caughtMail
}

// caughtMail is a message as the relay got it; line ends are LF.
type caughtMail struct {
	from, to, params, data string
	sink                   *callerSink
}

func startCallerSink(t *testing.T) *callerSink {
	t.Helper()
	sink := &callerSink{received: make(chan *caughtMail, 100)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &caughtMail{sink: sink}, nil }))
	server.EnableDSN = true
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sink.port = listener.Addr().(*net.TCPAddr).Port
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return sink
}

func (m *caughtMail) Mail(from string, o *smtp.MailOptions) error {
	m.from = from
	m.params = strings.TrimSpace(fmt.Sprintf("%s %s %s", o.Body, o.Return, o.EnvelopeID))
	return nil
}

func (m *caughtMail) Rcpt(to string, o *smtp.RcptOptions) error {
	if to == "nobody@example.org" {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	m.to = strings.TrimSpace(m.to + " " + to)
	for _, n := range o.Notify {
		m.params += " " + string(n)
	}
	return nil
}

func (m *caughtMail) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	m.data = strings.ReplaceAll(string(data), "\r\n", "\n")
	whole := *m
	m.sink.received <- &whole
	return err
}

func (m *caughtMail) Reset() { *m = caughtMail{sink: m.sink} }

func (m *caughtMail) Logout() error { return nil }

// run has the shell run a script in the callers' world, and gives what it said.
func (w *callerWorld) run(t *testing.T, c caller) (said string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", c.script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: w.root, Setsid: true}
	cmd.Dir, cmd.Stdin = "/home/alice", strings.NewReader(c.stdin)
	cmd.Env = c.env
	if cmd.Env == nil {
		cmd.Env = []string{
			"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/alice", "USER=alice", "LOGNAME=alice", "LC_ALL=C.UTF-8", "TERM=dumb",
			// what the installation scripts would have set up
			"PHP_INI_SCAN_DIR=/usr/share/php8.2-common/common:/usr/share/php8.2-mbstring/mbstring", "NODE_PATH=/usr/share/nodejs",
		}
	}
	switch {
	case c.uid != 0:
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.uid, Gid: c.uid}
	case !c.asRoot:
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 1000, Gid: 1000}
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
