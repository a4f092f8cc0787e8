package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postern/backend"
)

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// trusted is how OpenSSL writes a certificate with what it is trusted for, which crypto/x509 doesn't read.
func trusted(text string) string {
	return strings.ReplaceAll(text, " CERTIFICATE", " TRUSTED CERTIFICATE")
}

// commented has text around the blocks, as the bundles of distributions do.
func commented(text string) string {
	return "# Root of example.org\nIssuer: CN=Root\n==========\n" + text + "# end, with no newline"
}

// TestBundles has handshakes with accounts whose tls.ca is odd. What it costs is time, never the verdict.
func TestBundles(t *testing.T) {
	root, twin, inter, server := newHolder(t, "Root"), newHolder(t, "Root"), newHolder(t, "Intermediate"), newHolder(t, host)
	ours, other := pemOf(root.authorityOf(t, root)), pemOf(twin.authorityOf(t, twin))
	chain := []*x509.Certificate{server.serverOf(t, inter), inter.authorityOf(t, root)}
	block, _ := pem.Decode([]byte(ours))
	sealed := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes, Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}})
	garbage := "\x00\xff\x80garbage\n-----BEGIN CERTIFICATE-----\nMIIB////\n-----END CERTIFICATE-----\n-----BEGIN X\n-----END\n"

	const (
		unknown = "certificate signed by unknown authority"
		none    = "there is no certificate in it"
	)
	for _, c := range []struct {
		name    string
		bundles []string // the contents of the files of tls.ca
		kind    backend.Kind
		want    string
	}{
		{"plain", []string{ours}, 0, ""},
		{"CRLF", []string{crlf(ours)}, 0, ""},
		{"CRLF, the other one first", []string{crlf(other + ours)}, 0, ""},
		{"comments", []string{commented(ours)}, 0, ""},
		{"comments and CRLF", []string{crlf(commented(other) + "\n" + commented(ours))}, 0, ""},
		{"no newline at the end", []string{strings.TrimSuffix(ours, "\n")}, 0, ""},
		{"no newline at the end, and another file", []string{strings.TrimSuffix(other, "\n"), ours}, 0, ""},
		{"spaces behind the lines", []string{strings.ReplaceAll(ours, "\n", " \n")}, 0, ""},
		{"one line", []string{"-----BEGIN CERTIFICATE-----\n" + strings.ReplaceAll(strings.TrimPrefix(strings.Split(ours, "\n-----END")[0], "-----BEGIN CERTIFICATE-----\n"), "\n", "") + "\n-----END CERTIFICATE-----\n"}, 0, ""},
		{"garbage before", []string{garbage + ours}, 0, ""},
		{"garbage behind", []string{ours + garbage}, 0, ""},
		{"a block for OpenSSL before", []string{trusted(other) + ours}, 0, ""},
		{"a block that is a key before", []string{strings.ReplaceAll(other, "CERTIFICATE", "PRIVATE KEY") + ours}, 0, ""},
		{"a byte order mark, and the other one first", []string{"\ufeff" + other + ours}, 0, ""},
		{"twice", []string{ours + ours}, 0, ""},

		{"the other one", []string{other}, backend.Denied, unknown},
		{"the other one, ours as a block for OpenSSL", []string{other + trusted(ours)}, backend.Denied, unknown},
		{"the other one, ours in a comment", []string{other + "# " + strings.ReplaceAll(ours, "\n", "\n# ")}, backend.Denied, unknown},
		{"the other one, ours as a key", []string{other + strings.ReplaceAll(ours, "CERTIFICATE", "PRIVATE KEY")}, backend.Denied, unknown},
		{"the other one, ours with headers", []string{other + string(sealed)}, backend.Denied, unknown},
		{"the other one, ours cut off", []string{other + ours[:len(ours)-40]}, backend.Denied, unknown},
		{"ours for OpenSSL alone", []string{trusted(ours)}, backend.Config, none},
		{"garbage alone", []string{garbage}, backend.Config, none},
		{"empty", []string{""}, backend.Config, none},
		{"empty beside the other one", []string{other, ""}, backend.Config, none},
		{"cut in two files", []string{ours[:200], ours[200:]}, backend.Config, none},
		{"DER", []string{string(block.Bytes)}, backend.Config, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			var files []string
			for _, text := range c.bundles {
				files = append(files, bundleFile(t, text))
			}
			expect(t, shake(t, listen(t, server.key, chain...), files...), c.kind, c.want)
		})
	}
	for name, files := range map[string][]string{
		"not there":              {filepath.Join(t.TempDir(), "none")},
		"not there, beside ours": {bundleFile(t, ours), filepath.Join(t.TempDir(), "none")},
		"a folder":               {t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, shake(t, listen(t, server.key, chain...), files...), backend.Config, files[len(files)-1])
		})
	}
}

// TestRandomChains: whatever bundle and chain come together, the verdict is that of crypto/x509 with the whole bundle.
func TestRandomChains(t *testing.T) {
	const seed, rounds = 20, 600
	random := rand.New(rand.NewPCG(seed, seed))
	authorities, leaves := menagerie(t)
	accepted := 0
	for round := range rounds {
		var bundle string
		for range random.IntN(9) {
			text := pemOf(authorities[random.IntN(len(authorities))])
			form := random.IntN(8) // half of them are as they should be
			if form < 4 {
				text = []func(string) string{crlf, trusted, commented, strings.TrimSpace}[form](text)
			}
			bundle += text
		}
		chain := []*x509.Certificate{leaves[random.IntN(len(leaves))]}
		for range random.IntN(16) {
			chain = append(chain, authorities[random.IntN(len(authorities))])
		}
		file := bundleFile(t, bundle)
		tr := &transport{security: implicit, keys: keys{TLS: tlsKeys{CA: []string{file}}}}
		s := &session{transport: tr, server: server{certificate: host}, roots: tr.loadRoots()}
		got := s.verify(tls.ConnectionState{PeerCertificates: chain})
		whole := x509.NewCertPool()
		whole.AppendCertsFromPEM([]byte(bundle))
		want := judge(whole, chain)
		if (got == nil) != (want == nil) {
			t.Errorf("round %d: %v, crypto/x509 says %v\n%s%s", round, got, want, describeChain(chain), bundle)
		}
		if got == nil {
			accepted++
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if accepted < rounds/20 || accepted > rounds*19/20 {
		t.Errorf("%d of %d chains are accepted: that tells little", accepted, rounds)
	}
}

// menagerie is certificates of all kinds, by a few holders who know each other.
func menagerie(t *testing.T) (authorities, leaves []*x509.Certificate) {
	t.Helper()
	roots := []holder{newHolder(t, "Root"), newHolder(t, "Root"), newHolder(t, "Old Root")}
	inters := []holder{newHolder(t, "Intermediate"), newHolder(t, "Intermediate")}
	server := newHolder(t, host)
	usual := func(*x509.Certificate) {}
	for _, by := range roots {
		for _, h := range slices.Concat(roots, inters) {
			authorities = append(authorities, h.authorityOf(t, by))
		}
		authorities = append(authorities, by.authorityOf(t, by, expired), by.authorityOf(t, by, onlyElse), server.authorityOf(t, by, noCA))
		for _, h := range inters {
			for _, odd := range []change{expired, noCA, onlyHere, onlyElse, noPathLeft, forMail} {
				if by == roots[0] {
					authorities = append(authorities, h.authorityOf(t, by, odd))
				}
			}
		}
	}
	for _, by := range slices.Concat(inters, roots, []holder{server}) {
		for _, kind := range []change{usual, usual, usual, usual, expired, otherName, wildcard, forClients} {
			leaves = append(leaves, server.serverOf(t, by, kind))
		}
	}
	authorities = append(authorities, leaves[:4]...) // no authorities, and sent or trusted all the same
	return authorities, append(leaves, forged(t, leaves[0]))
}

func describeChain(chain []*x509.Certificate) string {
	var b strings.Builder
	for _, c := range chain {
		fmt.Fprintf(&b, "%s by %s, CA %t, until %s\n", c.Subject, c.Issuer, c.IsCA, c.NotAfter)
	}
	return b.String()
}
