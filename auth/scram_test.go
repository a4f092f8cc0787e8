package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xdg-go/scram"

	"postern/auth/authtest"
)

// The examples of RFC 5802 section 5 and RFC 7677 section 3: user "user", password "pencil".
const (
	nonce1  = "fyko+d2lbbFgONRv9qkxdawL"
	server1 = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
	client1 = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
	proof1  = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="

	nonce256  = "rOprNGfwEbeRWgbNEkqO"
	server256 = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	client256 = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	proof256  = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

// scripted is a client whose nonce is known.
func scripted(t *testing.T, name, nonce string, over Connection) *scramClient {
	t.Helper()
	hash := scram.SHA256
	if strings.Contains(name, "SHA-1") {
		hash = scram.SHA1
	}
	account, err := hash.NewClient("user", "pencil", "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := newSCRAMClient(name, hash, account.WithNonceGenerator(func() string { return nonce }), over)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSCRAM has the challenges of a server, what we answer, and whether a 235 would be believed then.
func TestSCRAM(t *testing.T) {
	const (
		unexpected = "! sasl: unexpected server challenge"
		none       = "! the challenge is none of SCRAM's"
		old        = "! the server has not added to our nonce, so it may repeat an old exchange"
		unproven   = "! the server has not proved that it knows the password"
	)
	more := func(rounds string) string { return strings.Replace(server256, "i=4096", "i="+rounds, 1) }
	for _, c := range []struct {
		name       string
		challenges []string
		want       []string
		proven     bool
	}{
		{"SCRAM-SHA-1", []string{server1, proof1}, []string{client1, ""}, true},
		{"SCRAM-SHA-256", []string{server256, proof256}, []string{client256, ""}, true},
		{"SCRAM-SHA-256", nil, nil, false},
		{"SCRAM-SHA-256", []string{server256}, []string{client256}, false},
		{"SCRAM-SHA-256", []string{server256, proof256, proof256}, []string{client256, "", unexpected}, true},
		{"SCRAM-SHA-256", []string{server256, proof1}, []string{client256, unproven}, false},
		{"SCRAM-SHA-256", []string{server256, "v="}, []string{client256, unproven}, false},
		{"SCRAM-SHA-256", []string{server256, "v=rmF9pqV8"}, []string{client256, unproven}, false},
		{"SCRAM-SHA-256", []string{server256, ""}, []string{client256, unproven}, false},
		{"SCRAM-SHA-256", []string{server256, server256}, []string{client256, unproven}, false},
		{"SCRAM-SHA-256", []string{server256, "e=invalid-proof"}, []string{client256, ""}, false},
		{"SCRAM-SHA-256", []string{server256, "e=invalid-proof", proof256}, []string{client256, "", unexpected}, false},
		{"SCRAM-SHA-256", []string{"e=unknown-user"}, []string{""}, false},
		{"SCRAM-SHA-256", []string{proof256}, []string{none}, false},
		{"SCRAM-SHA-256", []string{""}, []string{none}, false},
		{"SCRAM-SHA-256", []string{"m=ext," + server256}, []string{none}, false}, // RFC 5802 section 5.1: m is to fail
		{"SCRAM-SHA-256", []string{"r=" + nonce256 + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"}, []string{old}, false},
		{"SCRAM-SHA-256", []string{server1}, []string{old}, false},
		{"SCRAM-SHA-256", []string{strings.Replace(server256, "r=r", "r=R", 1)}, []string{old}, false},
		{"SCRAM-SHA-256", []string{strings.Replace(server256, "s=W22ZaJ0SNY7soEsUEjb6gQ==", "s=", 1)}, []string{"! the challenge has no salt"}, false},
		{"SCRAM-SHA-256", []string{strings.Replace(server256, "s=W", "s=!", 1)}, []string{"! the challenge has no salt"}, false},
		{"SCRAM-SHA-256", []string{more("600001")}, []string{"! the server wants 600001 rounds of hashing, and at most 600000 are done"}, false},
		{"SCRAM-SHA-256", []string{more("2147483648")}, []string{"! the server wants 2147483648 rounds of hashing, and at most 600000 are done"}, false},
		{"SCRAM-SHA-256", []string{more("99999999999999999999")}, []string{"! the challenge has no count of rounds"}, false},
		{"SCRAM-SHA-256", []string{more("many")}, []string{"! the challenge has no count of rounds"}, false},
		{"SCRAM-SHA-256", []string{more("-1")}, []string{"! the server wants -1 rounds of hashing, and at least 4096 are done"}, false},
		{"SCRAM-SHA-256", []string{more("1")}, []string{"! the server wants 1 rounds of hashing, and at least 4096 are done"}, false},
	} {
		nonce := nonce256
		if c.name == "SCRAM-SHA-1" {
			nonce = nonce1
		}
		client := scripted(t, c.name, nonce, Connection{})
		name, initial, err := client.Start()
		if err != nil || name != c.name || string(initial) != "n,,n=user,r="+nonce {
			t.Fatal(name, string(initial), err)
		}
		var said []string
		for _, challenge := range c.challenges {
			response, err := client.Next([]byte(challenge))
			if err != nil {
				response = []byte("! " + err.Error())
			}
			said = append(said, string(response))
		}
		if fmt.Sprintf("%q", said) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s %q: got %q, want %q", c.name, c.challenges, said, c.want)
		}
		if err := client.Proven(); (err == nil) != c.proven || err != nil && !errors.Is(err, ErrUnproven) {
			t.Errorf("%s %q: %v", c.name, c.challenges, err)
		}
	}
}

// TestSCRAMExpects: the proof is known before it comes, so that it can be kept out of the dialogue.
func TestSCRAMExpects(t *testing.T) {
	client := scripted(t, "SCRAM-SHA-256", nonce256, Connection{})
	if _, _, err := client.Start(); err != nil || client.Expects() != "" {
		t.Fatal(client.proof, err)
	}
	if _, err := client.Next([]byte(server256)); err != nil || client.Expects() != proof256 {
		t.Error(client.proof, err)
	}
}

// TestSCRAMReason: what a server says in place of its proof.
func TestSCRAMReason(t *testing.T) {
	client := scripted(t, "SCRAM-SHA-256", nonce256, Connection{})
	for _, challenge := range []string{"", server256, "e=channel-bindings-dont-match,x=y"} {
		if challenge == "" {
			_, _, _ = client.Start()
		} else if _, err := client.Next([]byte(challenge)); err != nil {
			t.Fatal(err)
		}
	}
	if got := client.Reason(); got != "channel-bindings-dont-match" {
		t.Errorf("got %q", got)
	}
}

// TestSCRAMFlag has what we say of channel binding (RFC 5802 section 6): done (p), possible but not offered (y), or not
// done (n). A y to a server that does offer it would be taken for an attack.
func TestSCRAMFlag(t *testing.T) {
	bound, safer, loose := connected(t, tls.VersionTLS12, tls.RenegotiateNever), connected(t, tls.VersionTLS13, tls.RenegotiateNever), connected(t, tls.VersionTLS12, tls.RenegotiateOnceAsClient)
	for _, c := range []struct {
		name    string
		state   *tls.ConnectionState
		offered string
		want    string
	}{
		{"SCRAM-SHA-256-PLUS", bound, "SCRAM-SHA-256-PLUS SCRAM-SHA-256", "p=tls-unique,,"},
		{"SCRAM-SHA-1-PLUS", bound, "", "p=tls-unique,,"},
		{"SCRAM-SHA-256", bound, "SCRAM-SHA-256", "y,,"},
		{"SCRAM-SHA-1", bound, "SCRAM-SHA-1 PLAIN", "y,,"},
		{"SCRAM-SHA-256", bound, "SCRAM-SHA-256-PLUS SCRAM-SHA-256", "n,,"}, // asked for by name
		{"SCRAM-SHA-256", bound, "scram-sha-1-plus scram-sha-256", "n,,"},
		{"SCRAM-SHA-256", bound, "HELO only", "n,,"},
		{"SCRAM-SHA-256", nil, "SCRAM-SHA-256", "n,,"},
		{"SCRAM-SHA-256-PLUS", safer, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"},
		{"SCRAM-SHA-1-PLUS", safer, "SCRAM-SHA-1-PLUS", "p=tls-exporter,,"},
		{"SCRAM-SHA-1", safer, "SCRAM-SHA-1", "y,,"},
		{"SCRAM-SHA-256", loose, "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "n,,"},
		{"SCRAM-SHA-256", loose, "SCRAM-SHA-256", "n,,"},
	} {
		over := Connection{TLS: c.state, Offered: strings.Fields(c.offered)}
		if c.offered == "HELO only" {
			over.Offered = nil
		}
		_, initial, err := scripted(t, c.name, "nonce", over).Start()
		if want := c.want + "n=user,r=nonce"; err != nil || string(initial) != want {
			t.Errorf("%s, %q: got %q, want %q (%v)", c.name, c.offered, initial, want, err)
		}
	}
}

// TestSCRAMNames: commas and equals signs are written out, and passwords go through SASLprep where they can.
func TestSCRAMNames(t *testing.T) {
	for _, c := range []struct{ user, password, want string }{
		{"a=b,c", "pw", "n,,n=a=3Db=2Cc,r="},
		{"I\u00adX", "pw", "n,,n=IX,r="}, // RFC 4013 section 3
		{"ann", "\U0001f981", "n,,n=ann,r="},
	} {
		have := &Credentials{User: c.user, Password: Source{Text: c.password}}
		client, secret, err := scramSHA256.New(context.Background(), have, Connection{})
		if err != nil || string(secret) != c.password {
			t.Fatal(err)
		}
		_, initial, err := client.Start()
		if err != nil || !strings.HasPrefix(string(initial), c.want) || len(initial) < len(c.want)+20 {
			t.Errorf("%q: got %q (%v)", c.user, initial, err)
		}
	}
}

// TestSCRAMPlusNeedsTLS: there has to be something to bind to.
func TestSCRAMPlusNeedsTLS(t *testing.T) {
	have := &Credentials{User: "ann", Password: Source{Text: "pw"}}
	resumed := connected(t, tls.VersionTLS12, tls.RenegotiateNever)
	resumed.TLSUnique = nil
	for _, state := range []*tls.ConnectionState{nil, resumed, connected(t, tls.VersionTLS12, tls.RenegotiateFreelyAsClient)} {
		if _, _, err := scramSHA256Plus.New(context.Background(), have, Connection{TLS: state}); !errors.Is(err, errNoTLS) {
			t.Errorf("%+v: %v", state, err)
		}
	}
}

// TestBinding: both sides of a connection have the same to bind to, and no other connection has it; where nothing is
// exported, as without RFC 7627, there is none.
func TestBinding(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		var seen [][]byte
		for range 2 {
			client, server, err := authtest.Handshake(version, tls.RenegotiateNever)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := Connection{TLS: &client}.binding(), Connection{TLS: &server}.binding()
			if len(ours.Data) < 12 || string(ours.Data) != string(theirs.Data) || ours.Type != theirs.Type {
				t.Errorf("%s: %v, and for the server %v", tls.VersionName(version), ours, theirs)
			}
			seen = append(seen, ours.Data)
		}
		if string(seen[0]) == string(seen[1]) {
			t.Errorf("%s: two connections are bound to the same", tls.VersionName(version))
		}
	}
	loose := connected(t, tls.VersionTLS12, tls.RenegotiateFreelyAsClient)
	if b := (Connection{TLS: loose}).binding(); b.IsSupported() || len(loose.TLSUnique) == 0 {
		t.Errorf("bound to %v", b)
	}
}

// connected is what the client knows of a new connection.
func connected(t *testing.T, version uint16, again tls.RenegotiationSupport) *tls.ConnectionState {
	t.Helper()
	state, _, err := authtest.Handshake(version, again)
	if err != nil {
		t.Fatal(err)
	}
	return &state
}
