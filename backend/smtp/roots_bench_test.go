package smtp

import (
	"crypto/x509"
	"sync"
	"testing"
)

// BenchmarkRoots compares what a handshake costs by the system's roots: reading the bundle and parsing the issuers of
// the chain, or parsing it whole.
func BenchmarkRoots(b *testing.B) {
	one, _ := nextCertificate(nil, append([]byte("\n"), readSystemBundle()...))
	root, err := x509.ParseCertificate(one)
	if err != nil {
		b.Skip("there is no bundle of roots: ", err)
	}
	b.Run("issuers", func(b *testing.B) {
		for b.Loop() {
			r := &roots{files: []string{systemCA}}
			r.bundle = sync.OnceValues(r.read)
			if pool, err := r.issuers([]*x509.Certificate{root}); err != nil || pool.Equal(x509.NewCertPool()) {
				b.Fatal("the root is not found", err)
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM(readSystemBundle()) {
				b.Fatal("no roots")
			}
		}
	})
}
