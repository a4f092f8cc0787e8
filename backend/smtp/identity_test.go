package smtp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/backend"
)

// TestClientCertificate: files that are no certificate with its key are named, and what to do with an encrypted key.
func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	holder := newHolder(t, "ann")
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	cert := write("cert.pem", pemOf(holder.authorityOf(t, holder)))
	for name, c := range map[string]struct{ cert, key, want string }{
		"no file":             {cert, filepath.Join(dir, "none.pem"), "tls.cert: open " + dir + "/none.pem: no such file or directory"},
		"no PEM":              {write("no.pem", "hi\n"), cert, "tls.cert: " + dir + "/no.pem with " + cert + ": failed to find any PEM data in certificate input"},
		"encrypted":           {cert, write("8.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), "8.pem: the key is encrypted"},
		"encrypted as it was": {cert, write("1.pem", "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n"), "1.pem: the key is encrypted"},
	} {
		tr := &transport{keys: keys{TLS: tlsKeys{Cert: c.cert, Key: c.key}}}
		_, err := tr.clientCertificate(t.Context())
		if err == nil || err.Kind != backend.Config || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
