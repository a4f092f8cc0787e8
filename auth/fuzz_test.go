package auth_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"postern/auth"
)

// FuzzChallenges has every mechanism answer any challenges: none panics, what is wrong is told without the secret, and
// only mechanisms that show it do.
func FuzzChallenges(f *testing.F) {
	f.Add([]byte(cramChallenge), []byte(""))
	f.Add([]byte(bearerError), []byte("{"))
	f.Add([]byte("r=,s=QSXCR+Q6sek8bf92,i=4096"), []byte("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="))
	f.Add([]byte("r=,s=,i=-1,e=x"), []byte("e=invalid-proof,v="))
	f.Add([]byte("m=,r=,s=QSXCR+Q6sek8bf92,i=600001"), []byte("v=!"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		const secret = "sesame-of-forty-thieves"
		have := &auth.Credentials{User: "ann", Password: auth.Source{Text: secret}, Certificate: true}
		for _, m := range auth.Mechanisms {
			if m.Binds { // the same code, with something to bind to
				continue
			}
			client, _, err := m.New(context.Background(), have, auth.Connection{})
			if err != nil {
				t.Fatal(m.Name, err)
			}
			_, initial, err := client.Start()
			if err != nil {
				t.Fatal(m.Name, err)
			}
			for _, challenge := range [][]byte{first, second} {
				// A server of SCRAM's adds to our nonce.
				if _, nonce, ok := strings.Cut(string(initial), ",r="); ok {
					challenge = []byte(strings.Replace(string(challenge), "r=", "r="+nonce+"x", 1))
				}
				response, err := client.Next(challenge)
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Fatalf("%s, %q: %v", m.Name, challenge, err)
				}
				if !m.Cleartext && (strings.Contains(string(response), secret) || strings.Contains(string(response), base64.StdEncoding.EncodeToString([]byte(secret)))) {
					t.Fatalf("%s, %q: the response is %q", m.Name, challenge, response)
				}
			}
			if c, ok := client.(auth.Prover); ok && strings.HasPrefix(m.Name, "SCRAM") && c.Proven() == nil {
				t.Fatalf("%s, %q, %q: proved by guessing", m.Name, first, second)
			}
		}
	})
}
