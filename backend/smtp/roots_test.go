package smtp

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/backend/smtp/smtptest"
)

func authority(t *testing.T, id *smtptest.Identity) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(id.Authority)
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestRoots: whatever a bundle looks like, the quick way trusts nothing that crypto/x509 wouldn't.
func TestRoots(t *testing.T) {
	id, err := smtptest.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := smtptest.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	root := authority(t, id)
	ours, more := string(id.Authority), string(other.Authority)
	for name, bundle := range map[string]string{
		"alone":                    ours,
		"behind another":           more + ours,
		"before another":           ours + more,
		"with text around":         "# root\n" + ours + "text\n",
		"with CRLF":                strings.ReplaceAll(ours, "\n", "\r\n"),
		"without newline":          strings.TrimSuffix(ours, "\n"),
		"not there":                more,
		"nothing":                  "",
		"begin in a comment":       strings.Replace(ours, "-----BEGIN", "# -----BEGIN", 1),
		"begin behind a letter":    strings.Replace(ours, "-----BEGIN", "x-----BEGIN", 1),
		"end in a comment":         strings.Replace(ours, "-----END", "# -----END", 1) + more,
		"end with more behind":     strings.Replace(ours, "CERTIFICATE-----\n", "CERTIFICATE-----x\n", 2),
		"another kind of block":    strings.ReplaceAll(ours, "CERTIFICATE", "TRUSTED CERTIFICATE"),
		"with headers in it":       strings.Replace(ours, "CERTIFICATE-----\n", "CERTIFICATE-----\nA: b\n\n", 1),
		"broken before ours":       "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n" + ours,
		"never ended, before ours": "-----BEGIN CERTIFICATE-----\nAAAA\n" + ours,
	} {
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, []byte(bundle), 0o600); err != nil {
			t.Fatal(err)
		}
		tr := &transport{security: implicit, keys: keys{TLS: tlsKeys{CA: []string{file}}}}
		r := tr.loadRoots()
		quick, err := r.issuers([]*x509.Certificate{root})
		if err != nil {
			t.Fatal(err)
		}
		whole := x509.NewCertPool()
		whole.AppendCertsFromPEM([]byte(bundle))
		trusts := func(p *x509.CertPool) bool {
			_, err := root.Verify(x509.VerifyOptions{Roots: p, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
			return err == nil
		}
		if trusts(quick) && !trusts(whole) {
			t.Errorf("%s: trusted, and crypto/x509 does not", name)
		}
		all, err := r.all()
		if (err == nil) != trusts(whole) && !strings.Contains(bundle, more) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && trusts(all) != trusts(whole) {
			t.Errorf("%s: the full set differs from crypto/x509's", name)
		}
	}
}

// TestNoRoots: a machine without trusted certificates says so, rather than advise a pin.
func TestNoRoots(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	id, err := smtptest.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	root := authority(t, id)
	tr := &transport{security: implicit, keys: keys{}}
	s := &session{transport: tr, server: server{certificate: "x"}, roots: tr.loadRoots()}
	err = s.verify(tls.ConnectionState{PeerCertificates: []*x509.Certificate{root}})
	if !errors.Is(err, errNoRoots) {
		t.Errorf("got %v", err)
	}
}

// TestCertificateErrorIsClean: a certificate's names are anybody's text.
func TestCertificateErrorIsClean(t *testing.T) {
	evil := x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"a\x1b[2J\x00b"}}, Host: "x"}
	if text := distrust(evil.Certificate, "x", evil).Error(); strings.ContainsAny(text, "\x1b\x00") {
		t.Errorf("%q", text)
	}
}

// FuzzNextCertificate: a certificate that the scan finds is one that pem.Decode finds as well.
func FuzzNextCertificate(f *testing.F) {
	f.Add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	f.Add("x\n-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, bundle string) {
		var known [][]byte
		for rest := []byte(bundle); ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			known = append(known, block.Bytes)
		}
		for rest := []byte("\n" + bundle); rest != nil; {
			var der []byte
			if der, rest = nextCertificate(nil, rest); len(der) == 0 {
				continue
			}
			found := false
			for _, k := range known {
				found = found || bytes.Equal(k, der)
			}
			if !found {
				t.Fatalf("%q: %x is found here alone", bundle, der)
			}
		}
	})
}
