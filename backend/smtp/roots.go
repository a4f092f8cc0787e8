package smtp

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
)

// systemBundles is where distributions keep the system's roots in one file. The first that is there counts, as in
// crypto/x509, whose list and order this is.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, Arch
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/pki/tls/cacert.pem",                           // OpenELEC
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
	"/etc/ssl/cert.pem",                                 // Alpine, BSD
}

// roots are the trusted certificates of an account. Parsing all of a system's takes longer than the rest of a
// delivery, so only those are parsed that could have issued the certificates at hand; all is the full set.
type roots struct {
	files  []string // PEM files; systemCA stands for the system's
	bundle func() ([]byte, error)
}

// loadRoots begins to read the bundles, so that they are there when the handshake asks for them.
func (t *transport) loadRoots() *roots {
	if t.security == never || len(t.TLS.Pin) > 0 && len(t.TLS.CA) == 0 {
		return nil
	}
	r := &roots{files: t.TLS.CA}
	if len(r.files) == 0 {
		r.files = []string{systemCA}
	}
	r.bundle = sync.OnceValues(r.read)
	go r.bundle()
	return r
}

func (r *roots) read() (all []byte, err error) {
	for _, name := range r.files {
		var data []byte
		if name == systemCA {
			data = readSystemBundle()
		} else if data, err = os.ReadFile(name); err != nil {
			return nil, err
		}
		all = append(append(all, "\n#\n"...), data...) // no certificate goes on from one file to the next
	}
	return all, nil
}

func readSystemBundle() []byte {
	if runtime.GOOS != "linux" { // elsewhere the system itself may do the judging
		return nil
	}
	if name := os.Getenv("SSL_CERT_FILE"); name != "" { // as crypto/x509 has it
		data, _ := os.ReadFile(name)
		return data
	}
	for _, name := range systemBundles {
		if data, err := os.ReadFile(name); err == nil {
			return data
		}
	}
	return nil
}

// issuers is a pool of those roots whose name is among the issuers of a chain.
func (r *roots) issuers(chain []*x509.Certificate) (*x509.CertPool, error) {
	bundle, err := r.bundle()
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	der := make([]byte, 0, 4096)
	for {
		if der, bundle = nextCertificate(der[:0], bundle); bundle == nil {
			return pool, nil
		}
		for _, c := range chain {
			if !bytes.Contains(der, c.RawIssuer) {
				continue
			}
			if root, err := x509.ParseCertificate(bytes.Clone(der)); err == nil {
				pool.AddCert(root)
			}
			break
		}
	}
}

// A marker counts at the start of a line; elsewhere it is a comment.
var (
	pemBegin = []byte("\n-----BEGIN CERTIFICATE-----\n")
	pemEnd   = []byte("\n-----END CERTIFICATE-----")
)

// nextCertificate appends the first certificate of a PEM bundle to dst, and gives the rest of the bundle; nil at its
// end. A block that isn't plain base64 gives nothing, and is left to crypto/x509.
func nextCertificate(dst, bundle []byte) (der, rest []byte) {
	_, text, ok := bytes.Cut(bundle, pemBegin)
	if !ok {
		return dst, nil
	}
	text, rest, ok = bytes.Cut(text, pemEnd)
	if !ok {
		return dst, nil
	}
	dst, err := base64.StdEncoding.AppendDecode(dst, text)
	if err != nil || len(rest) > 0 && rest[0] != '\n' {
		return dst[:0], rest
	}
	return dst, rest
}

// all is the full set, read by crypto/x509.
func (r *roots) all() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, name := range r.files {
		if name != systemCA {
			continue
		}
		system, err := x509.SystemCertPool()
		if err != nil {
			return nil, err
		}
		pool = system
	}
	for _, name := range r.files {
		if name == systemCA {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("%s: %w", name, errNoCertificate)
		}
	}
	return pool, nil
}

var errNoCertificate = errors.New("there is no certificate in it")
