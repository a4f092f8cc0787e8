package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"postern/auth"
)

// Messages of the specifications' examples.
const (
	// RFC 7628 section 4.1 and 4.3.
	bearer      = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
	bearerToken = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
	bearerError = `{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}`
	// Google's page on XOAUTH2.
	xoauth2      = "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"
	xoauth2Token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
	xoauth2Error = `{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}` + "\n"
	// RFC 2195 section 2.
	cramChallenge = "<1896.697170952@postoffice.reston.mci.net>"
	cramResponse  = "tim b913a602c7eda7a495b4e6e7334d3890"
)

// TestMechanisms has what each mechanism says: the initial response, and the answers to any challenges in order. SCRAM
// has a test of its own.
func TestMechanisms(t *testing.T) {
	const unexpected = "! sasl: unexpected server challenge"
	for _, c := range []struct {
		name       string
		user       string
		password   string
		challenges []string
		want       []string
	}{
		{"plain", "ann", "pw", nil, []string{"\x00ann\x00pw"}},
		{"plain", "ann", "pw", []string{""}, []string{"\x00ann\x00pw", unexpected}},
		{"login", "ann", "pw", nil, []string{"none"}},
		{"login", "ann", "pw", []string{"Username:", "Password:"}, []string{"none", "ann", "pw"}},
		{"login", "ann", "pw", []string{"User Name\x00", ""}, []string{"none", "ann", "pw"}},
		{"login", "ann", "pw", []string{"", ""}, []string{"none", "ann", "pw"}},
		{"login", "ann", "pw", []string{"Password:", "Username:"}, []string{"none", "ann", "pw"}},
		{"login", "ann", "pw", []string{"a", "b", "c"}, []string{"none", "ann", "pw", unexpected}},
		{"cram-md5", "tim", "tanstaaftanstaaf", []string{cramChallenge}, []string{"none", cramResponse}},
		{"cram-md5", "tim", "tanstaaftanstaaf", []string{cramChallenge, cramChallenge}, []string{"none", cramResponse, unexpected}},
		{"cram-md5", "two words", "pw", []string{"\x00\xff"}, []string{"none", "two words b7e7de521e1b44f292a6c328bfbf116e"}},
		{"cram-md5", "tim", "pw", []string{""}, []string{"none", "! the challenge is empty"}},
		{"external", "", "", nil, []string{""}},
		{"external", "ann", "", nil, []string{"ann"}},
		{"external", "ann", "", []string{""}, []string{"ann", unexpected}},
		{"anonymous", "", "", nil, []string{""}},
		{"anonymous", "sirhc", "", nil, []string{"sirhc"}}, // RFC 4505 section 4
		{"anonymous", "", "", []string{"who?"}, []string{"", unexpected}},
		{"oauthbearer", "user@example.com", bearerToken, nil, []string{bearer}},
		{"oauthbearer", "user@example.com", bearerToken, []string{bearerError}, []string{bearer, "\x01"}},
		{"oauthbearer", "user@example.com", bearerToken, []string{bearerError, "{}"}, []string{bearer, "\x01", unexpected}},
		{"oauthbearer", "a=b,c", "tk", []string{"not JSON"}, []string{"n,a=a=3Db=2Cc,\x01host=server.example.com\x01port=143\x01auth=Bearer tk\x01\x01", "\x01"}},
		{"oauthbearer", "", "tk", nil, []string{"n,,\x01host=server.example.com\x01port=143\x01auth=Bearer tk\x01\x01"}},
		{"xoauth2", "someuser@example.com", xoauth2Token, nil, []string{xoauth2}},
		{"xoauth2", "someuser@example.com", xoauth2Token, []string{xoauth2Error}, []string{xoauth2, ""}},
		{"xoauth2", "someuser@example.com", xoauth2Token, []string{xoauth2Error, ""}, []string{xoauth2, "", unexpected}},
	} {
		m, ok := auth.Find(c.name)
		if !ok {
			t.Fatal(c.name)
		}
		have := &auth.Credentials{User: c.user, Password: auth.Source{Text: c.password}}
		client, secret, err := m.New(context.Background(), have, auth.Connection{Host: "server.example.com", Port: 143})
		if err != nil || string(secret) != c.password {
			t.Fatal(err)
		}
		name, initial, err := client.Start()
		if err != nil || !strings.EqualFold(name, c.name) {
			t.Fatal(name, err)
		}
		said := []string{"none"}
		if initial != nil {
			said[0] = string(initial)
		}
		for _, challenge := range c.challenges {
			response, err := client.Next([]byte(challenge))
			if err != nil {
				said = append(said, "! "+err.Error())
				continue
			}
			said = append(said, string(response))
		}
		if got := fmt.Sprintf("%q", said); got != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s %q: got %s, want %q", c.name, c.challenges, got, c.want)
		}
	}
}

// TestMessagesThatWouldShift: what parts the fields of a message must not stand in one.
func TestMessagesThatWouldShift(t *testing.T) {
	for _, c := range []struct{ name, user, password, want string }{
		{"plain", "a\x00b", "pw", "a NUL in user or password, which PLAIN can't carry"},
		{"plain", "ann", "p\x00w", "a NUL in user or password, which PLAIN can't carry"},
		{"oauthbearer", "ann\x01auth=Bearer other", "tk", "a control character in user, which would end its field early"},
		{"xoauth2", "ann\x01auth=Bearer other", "tk", "a control character in user, which would end its field early"},
		{"oauthbearer", "ann", "tk\x01", "the access token has a space or another character that none has"},
		{"xoauth2", "ann", "Bearer tk", "the access token has a space or another character that none has"},
		{"xoauth2", "ann", "tök", "the access token has a space or another character that none has"},
	} {
		m, _ := auth.Find(c.name)
		_, _, err := m.New(context.Background(), &auth.Credentials{User: c.user, Password: auth.Source{Text: c.password}}, auth.Connection{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s %q %q: got %v, want %s", c.name, c.user, c.password, err, c.want)
		}
	}
}

// TestToken: an account that has tokens shows one of those, whatever its password is; and why there is none is told.
func TestToken(t *testing.T) {
	locked := errors.New("the token store is locked")
	for _, name := range []string{"oauthbearer", "xoauth2"} {
		m, _ := auth.Find(name)
		have := &auth.Credentials{User: "ann", Password: auth.Source{Text: "pw"}, Token: token("fresh")}
		client, secret, err := m.New(context.Background(), have, auth.Connection{})
		if err != nil || secret != "fresh" {
			t.Fatal(err)
		}
		if _, initial, _ := client.Start(); !strings.Contains(string(initial), "auth=Bearer fresh\x01") {
			t.Errorf("%s says %q", name, initial)
		}
		have.Token = func(context.Context) (auth.Secret, error) { return "", locked }
		if _, _, err = m.New(context.Background(), have, auth.Connection{}); !errors.Is(err, locked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTokenRefused has what servers say of a token, and that no success comes after it.
func TestTokenRefused(t *testing.T) {
	for _, c := range []struct{ challenge, want string }{
		{bearerError, "status invalid_token, scope example_scope"},
		{xoauth2Error, "status 401, scope https://mail.google.com/"},
		{`{"status":401}`, "status 401"},
		{`{"schemes":"bearer"}`, ""},
		{`{"status":["a"`, ""},
		{"", ""},
	} {
		for _, name := range []string{"oauthbearer", "xoauth2"} {
			m, _ := auth.Find(name)
			client, _, err := m.New(context.Background(), &auth.Credentials{User: "ann", Token: token("tk")}, auth.Connection{})
			if err != nil {
				t.Fatal(err)
			}
			if err := client.(auth.Prover).Proven(); err != nil {
				t.Errorf("%s: %v, before anything was said", name, err)
			}
			if _, err := client.Next([]byte(c.challenge)); err != nil {
				t.Errorf("%s %q: %v", name, c.challenge, err)
			}
			if got := client.(auth.Reasoner).Reason(); got != c.want {
				t.Errorf("%s %q: got %q, want %q", name, c.challenge, got, c.want)
			}
			if client.(auth.Prover).Proven() == nil {
				t.Errorf("%s %q: a success would be believed", name, c.challenge)
			}
		}
	}
}
