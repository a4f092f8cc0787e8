//go:build linux

package main_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/auth/authtest"
)

const (
	realUser     = "ann"
	realPassword = authtest.RealServer
)

// The servers' accounts exist in their own folder only. No package of Debian uses these numbers, so that no
// process and no file of the machine is ever theirs.
const (
	realPostfixID  = 64101
	realPostdropID = 64104
	realMailID     = 64105

	realAccounts = "root:x:0:0::/:\nnobody:x:65534:65534::/:\npostfix:x:64101:64101::/:\n" +
		"dovecot:x:64102:64102::/:\ndovenull:x:64103:64103::/:\n"
	realGroups = "root:x:0:\npostfix:x:64101:\ndovecot:x:64102:\ndovenull:x:64103:\npostdrop:x:64104:\n"
)

// What arrives must be what was sent, so Postfix completes no header, and a Bcc that slipped through stays visible.
// Signing in is the only way in, on every port: a delivery proves the sign-in as well.
// The random source is some regular file, as there are no devices here; OpenSSL takes its seed from the kernel.
const realMainCf = `compatibility_level = 3.6
maillog_file = /var/log/mail.log
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
mynetworks =
mydestination =
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = /mail
virtual_mailbox_maps = texthash:/etc/postfix/boxes
virtual_uid_maps = static:64105
virtual_gid_maps = static:64105
local_header_rewrite_clients =
message_drop_headers =
smtpd_recipient_restrictions = permit_sasl_authenticated, check_sasl_access inline:{anonymous=permit}, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_authenticated_header = yes
smtpd_sasl_security_options =
smtpd_tls_chain_files = /etc/tls/key.pem, /etc/tls/cert.pem
tls_random_source = /etc/tls/key.pem
`

// The plain port hides CHUNKING, so that DATA and its dots are tried there even if BDAT is used elsewhere.
const realMasterCf = `127.0.0.1:%d inet n - n - - smtpd
    -o smtpd_tls_security_level=none -o smtpd_tls_auth_only=no -o smtpd_discard_ehlo_keywords=chunking
127.0.0.1:%d inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:%d inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// realServers is a Postfix with Dovecot's sign-in service behind it. Both live in a folder that is their whole
// world (chroot), with their own programs, libraries, accounts and configuration: a mail server that the machine
// may have is never touched. Only the loopback ports are shared.
type realServers struct {
	root  string          // the folder; it is removed at the end
	ports map[string]int  // by name of the service
	guard io.WriteCloser  // closing it ends the servers
	over  <-chan struct{} // closed when the program started last has ended
}

// startRealServers gets, configures and starts the servers, with these mailboxes, and ends them after the test.
func startRealServers(t *testing.T, boxes []string) *realServers {
	t.Helper()
	s := unpackRealServers(t)
	s.findPorts(t, append([]string{"submission"}, realBackends...))
	s.configure(t, boxes)
	s.launchMail(t)
	return s
}

// launchMail starts Dovecot and Postfix, and waits for all ports.
func (s *realServers) launchMail(t *testing.T) {
	t.Helper()
	// Dovecot first: an smtpd that has nobody to ask gives up, and gets no successor for a minute.
	s.launch(t, "/usr/sbin/dovecot", "-F")
	s.await(t, "unix", filepath.Join(s.root, "var/spool/postfix/private/auth"))
	s.launch(t, "/usr/lib/postfix/sbin/master", "-s")
	for _, port := range s.ports {
		s.await(t, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
}

// realFolder makes the servers' folder where every account may walk through, since the servers give up root.
func realFolder(t *testing.T) string {
	t.Helper()
	for _, parent := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		parent, err := filepath.EvalSymlinks(parent)
		if err != nil || !realPassable(parent) {
			continue
		}
		root, err := os.MkdirTemp(parent, "postern-real-")
		if err == nil && os.Chmod(root, 0o755) == nil {
			return root
		}
	}
	t.Fatal("no folder for temporary files that every account may enter")
	return ""
}

// realPassable tells whether every folder down to path may be entered by everybody.
func realPassable(path string) bool {
	for ; path != "/"; path = filepath.Dir(path) {
		if info, err := os.Stat(path); err != nil || info.Mode()&1 == 0 {
			return false
		}
	}
	return true
}

// findPorts finds a free port for each service; all are held until the last is found, so that they differ.
func (s *realServers) findPorts(t *testing.T, services []string) {
	t.Helper()
	for _, service := range services {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s.ports[service] = l.Addr().(*net.TCPAddr).Port
	}
}

// configure does the work of the packages' installation scripts, and writes the test's own settings.
func (s *realServers) configure(t *testing.T, boxes []string) {
	t.Helper()
	for _, name := range []string{"dev", "tmp", "run/dovecot", filepath.Dir(realTokenKeyFile), "etc/tls", "var/log", "var/spool/postfix/pid"} {
		s.folder(t, name, 0o755, 0, 0)
	}
	for _, name := range strings.Fields("active bounce corrupt defer deferred flush hold incoming private saved trace") {
		s.folder(t, "var/spool/postfix/"+name, 0o700, realPostfixID, 0)
	}
	s.folder(t, "var/spool/postfix/public", 0o710, realPostfixID, realPostdropID)
	s.folder(t, "var/spool/postfix/maildrop", 0o730, realPostfixID, realPostdropID)
	s.folder(t, "var/lib/postfix", 0o700, realPostfixID, 0)
	s.folder(t, "mail", 0o700, realMailID, realMailID)

	var table strings.Builder
	for _, box := range boxes {
		fmt.Fprintf(&table, "%[1]s@example.org %[1]s/\n", box)
	}
	key, cert, ca := realCertificates(t)
	for name, text := range map[string]string{
		"dev/null":                 "", // a container need not allow devices, and nobody reads what was written to it
		"etc/passwd":               realAccounts,
		"etc/group":                realGroups,
		"etc/hosts":                "127.0.0.1 localhost\n",
		"etc/postfix/main.cf":      realMainCf,
		"etc/postfix/master.cf":    fmt.Sprintf(realMasterCf, s.ports["plain"], s.ports["starttls"], s.ports["tls"]),
		"etc/postfix/boxes":        table.String(),
		"etc/dovecot/dovecot.conf": fmt.Sprintf(realDovecotConf, s.ports["submission"], s.ports["plain"]),
		"etc/dovecot/users":        realUser + ":{PLAIN}" + realPassword + "\n",
		"etc/dovecot/oauth2.conf":  realOAuthConf,
		realTokenKeyFile:           base64.StdEncoding.EncodeToString([]byte(realTokenKey)),
		"etc/tls/key.pem":          key,
		"etc/tls/cert.pem":         cert,
		"etc/tls/ca.pem":           ca,
	} {
		path := filepath.Join(s.root, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(s.root, "dev/null"), 0o666); err != nil {
		t.Fatal(err)
	}
}

// folder makes a folder of the servers' world with its owner, and these permissions whatever the umask is.
func (s *realServers) folder(t *testing.T, name string, mode os.FileMode, uid, gid int) {
	t.Helper()
	path := filepath.Join(s.root, name)
	if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, mode), os.Chown(path, uid, gid)); err != nil {
		t.Fatal(err)
	}
}

// startGuard starts the shell that ends the servers and removes their folder. It is told their process groups and
// acts at the end of its input: when the test is over, and just as well when somebody kills the test. Then a tool
// may still be unpacking, so the folder can take more than one attempt.
func (s *realServers) startGuard(t *testing.T) {
	t.Helper()
	const script = `while read -r group; do groups="$groups -$group"; done
[ -z "$groups" ] || kill -s KILL -- $groups
for try in 1 2 3 4 5; do rm -rf -- "$1" && break; sleep 1; done`
	guard := exec.Command("/bin/sh", "-c", script, "guard", s.root)
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt from the keyboard is not for it
	in, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(s.root)))
	}
	s.guard = in
	s.watch(guard)
}

// launch starts a server in the folder, as the head of a process group.
func (s *realServers) launch(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := os.OpenFile(filepath.Join(s.root, "var/log/console.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	server := exec.Command(program, args...)
	server.Dir, server.Env = "/", []string{"PATH=/usr/sbin:/usr/bin", "LC_ALL=C"}
	server.Stdout, server.Stderr = out, out
	server.SysProcAttr = &syscall.SysProcAttr{Chroot: s.root, Setsid: true}
	if err := server.Start(); err != nil {
		realServersMissing(t, fmt.Errorf("start %s in a folder of its own: %w", program, err))
	}
	fmt.Fprintln(s.guard, server.Process.Pid)
	s.watch(server)
}

// watch waits for a process, so that it leaves no zombie and its end is known.
func (s *realServers) watch(cmd *exec.Cmd) {
	over := make(chan struct{})
	s.over = over
	go func() {
		_ = cmd.Wait() // servers are killed in the end: how it was says nothing
		close(over)
	}()
}

// await waits until somebody listens.
func (s *realServers) await(t *testing.T, network, address string) {
	t.Helper()
	s.wait(t, "server at "+address, func() bool {
		conn, err := net.Dial(network, address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// wait looks again and again until it is so; it fails when the server launched last is over, or the time is.
func (s *realServers) wait(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	tick, patience := time.NewTicker(10*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for !isSo() {
		select {
		case <-tick.C:
		case <-s.over:
			t.Fatalf("no %s: the server has ended", what)
		case <-patience:
			t.Fatalf("no %s in time", what)
		}
	}
}

// stop ends the servers, after a look at their logs if something went wrong, and makes sure that nothing is left.
func (s *realServers) stop(t *testing.T) {
	for _, name := range []string{"console.log", "dovecot.log", "mail.log", "exim4/mainlog", "exim4/paniclog"} {
		text, _ := os.ReadFile(filepath.Join(s.root, "var/log", name))
		if lines := strings.SplitAfter(string(text), "\n"); t.Failed() && len(text) > 0 {
			t.Logf("the end of %s:\n%s", name, strings.Join(lines[max(0, len(lines)-40):], ""))
		}
	}
	s.guard.Close()
	tick, patience := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for len(s.remains()) > 0 {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("left behind by the servers: %q", s.remains())
		}
	}
}

// remains lists the processes whose world is the servers' folder, and the folder itself while it exists.
func (s *realServers) remains() []string {
	left, _ := filepath.Glob(s.root)
	worlds, _ := filepath.Glob("/proc/[0-9]*/root")
	for _, link := range worlds {
		if world, err := os.Readlink(link); err == nil && strings.HasPrefix(world, s.root) {
			left = append(left, link)
		}
	}
	return left
}
