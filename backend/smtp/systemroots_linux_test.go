package smtp

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The environment of a child process of TestSystemRoots.
const (
	childServer = "POSTERN_TEST_SERVER" // who to shake hands with
	childFiles  = "POSTERN_TEST_FILES"  // tls.ca, as a path list
)

// TestSystemRoots has the roots of a system in one file, in folders, or in both, as distributions and administrators
// lay them out. crypto/x509 reads them once in a process, so each case is a process of its own: this test again.
func TestSystemRoots(t *testing.T) {
	if addr := os.Getenv(childServer); addr != "" {
		fmt.Println("verdict:", verdictOf(shake(t, addr, filepath.SplitList(os.Getenv(childFiles))...)))
		return
	}
	root, twin, inter, server := newHolder(t, "Local CA"), newHolder(t, "Local CA"), newHolder(t, "Intermediate"), newHolder(t, host)
	rootCert := root.authorityOf(t, root)
	ours, other := pemOf(rootCert), pemOf(twin.authorityOf(t, twin))
	chain := []*x509.Certificate{server.serverOf(t, inter), inter.authorityOf(t, root)}
	block, _ := pem.Decode([]byte(ours))

	const unknown = "certificate signed by unknown authority"
	for _, c := range []struct {
		name  string
		files map[string]string // FILE is SSL_CERT_FILE, those in one/ and two/ are in the folders of SSL_CERT_DIR
		ca    string            // tls.ca, a path list with files of the above
		want  string
	}{
		{"in the file", map[string]string{"FILE": ours}, "", ""},
		{"in the file, behind another of its name", map[string]string{"FILE": other + ours}, "", ""},
		{"in the file, with CRLF", map[string]string{"FILE": crlf(other + ours)}, "", ""},
		{"in the folder, by its hash", map[string]string{"FILE": other, "one/1a2b3c4d.0": ours}, "", ""},
		{"in the folder, by any name", map[string]string{"FILE": other, "one/local": ours}, "", ""},
		{"in the folder, with others in its file", map[string]string{"FILE": other, "one/local.pem": other + crlf(ours)}, "", ""},
		{"in the second folder", map[string]string{"FILE": other, "one/a.pem": other, "two/b.pem": ours}, "", ""},
		{"in the folder, and no file", map[string]string{"one/local.pem": ours}, "", ""},
		{"in the folder, and an empty file", map[string]string{"FILE": "", "one/local.pem": ours}, "", ""},
		{"in the folder, and a broken file", map[string]string{"FILE": "-----BEGIN CERTIFICATE-----\n", "one/local.pem": ours}, "", ""},
		{"in the folder, and the file can't be read", map[string]string{"FILE/a folder": other, "one/local.pem": ours}, "", ""},
		{"in the file, and another of its name in the folder", map[string]string{"FILE": ours, "one/local.pem": other}, "", ""},
		{"in the folder, and system beside a file of the account", map[string]string{"FILE": other, "one/local.pem": ours, "mine": other}, "system:mine", ""},
		{"in a file of the account, and system beside it", map[string]string{"FILE": other, "one/local.pem": other, "mine": ours}, "mine:system", ""},

		{"nowhere", map[string]string{"FILE": other}, "", unknown},
		{"another of its name in the folder", map[string]string{"FILE": other, "one/1a2b3c4d.0": other}, "", unknown},
		{"in the folder, as DER", map[string]string{"FILE": other, "one/local.der": string(block.Bytes)}, "", unknown},
		{"in the folder, for OpenSSL", map[string]string{"FILE": other, "one/local.pem": trusted(ours)}, "", unknown},
		{"in a folder of the folder", map[string]string{"FILE": other, "one/sub/local.pem": ours}, "", unknown},
		{"expired, in the folder", map[string]string{"FILE": other, "one/local.pem": pemOf(root.authorityOf(t, root, expired))}, "", "has expired"},
		{"in file and folder, and the account has its own", map[string]string{"FILE": ours, "one/local.pem": ours, "mine": other}, "mine", unknown},
		{"the file can't be read, and nothing else is there", map[string]string{"FILE/a folder": ours}, "", "tls.ca: read"},
		{"no roots at all", nil, "", errNoRoots.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range c.files {
				name = filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ca := strings.ReplaceAll(c.ca, "mine", filepath.Join(dir, "mine"))
			got := inChild(t, dir, childServer+"="+listen(t, server.key, chain...), childFiles+"="+ca)
			if want := c.want; want == "" && got != "accepted" || want != "" && !strings.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestSystemRootsLinked: on Debian the folder has links to a file elsewhere, one of them by its hash.
func TestSystemRootsLinked(t *testing.T) {
	root, server := newHolder(t, "Local CA"), newHolder(t, host)
	dir := t.TempDir()
	for _, folder := range []string{"one", "share"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "share", "local.crt"), []byte(pemOf(root.authorityOf(t, root))), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"local.pem": "../share/local.crt", "1a2b3c4d.0": "local.pem"} {
		if err := os.Symlink(to, filepath.Join(dir, "one", link)); err != nil {
			t.Fatal(err)
		}
	}
	if got := inChild(t, dir, childServer+"="+listen(t, server.key, server.serverOf(t, root))); got != "accepted" {
		t.Errorf("got %q", got)
	}
}

// TestSystemFile: SSL_CERT_FILE replaces the system's bundle, also where it names nothing.
func TestSystemFile(t *testing.T) {
	file := bundleFile(t, "roots of our own\n")
	t.Setenv("SSL_CERT_FILE", file)
	if got := string(readSystemBundle()); got != "roots of our own\n" {
		t.Errorf("got %d octets of another bundle", len(got))
	}
	t.Setenv("SSL_CERT_FILE", file+".none")
	if got := readSystemBundle(); len(got) > 0 {
		t.Errorf("got %d octets of no bundle", len(got))
	}
}

// inChild runs the handshake of TestSystemRoots in a process whose system has its roots below dir.
func inChild(t *testing.T, dir string, env ...string) string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestSystemRoots$")
	child.Env = append(append(os.Environ(), env...), "SSL_CERT_FILE="+filepath.Join(dir, "FILE"),
		"SSL_CERT_DIR="+filepath.Join(dir, "one")+":"+filepath.Join(dir, "two"))
	out, err := child.CombinedOutput()
	_, verdict, ok := strings.Cut(string(out), "verdict: ")
	if err != nil || !ok {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	verdict, _, _ = strings.Cut(verdict, "\n")
	return verdict
}

// verdictOf is a verdict as a line of text.
func verdictOf(err error) string {
	var cert *CertificateError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &cert):
		return "denied: " + cert.Error()
	}
	return "neither accepted nor denied: " + err.Error()
}
