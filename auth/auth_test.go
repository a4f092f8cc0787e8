package auth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"

	"postern/auth"
	"postern/auth/authtest"
)

// TestChoose is the table of offers, accounts, wishes and connections.
func TestChoose(t *testing.T) {
	accounts := map[string]*auth.Credentials{
		"password":           {User: "ann", Password: auth.Source{Text: "pw"}},
		"token":              {User: "ann", Token: token("tk")},
		"token and password": {User: "ann", Token: token("tk"), Password: auth.Source{Text: "pw"}},
		"token, no user":     {Token: token("tk")},
		"certificate":        {Certificate: true},
		"both":               {User: "ann", Password: auth.Source{Text: "pw"}, Certificate: true},
	}
	const clear = "the password would leave in clear on this connection"
	all := strings.Join(auth.Names(), " ")
	bound, _, err := authtest.Handshake(tls.VersionTLS12, tls.RenegotiateNever)
	loose, _, err2 := authtest.Handshake(tls.VersionTLS12, tls.RenegotiateFreelyAsClient)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		account string
		offered string
		want    string
		over    string
		result  string
	}{
		{"password", "PLAIN LOGIN", "auto", "secure", "PLAIN"},
		{"password", "LOGIN PLAIN", "auto", "secure", "PLAIN"},
		{"password", "login", "auto", "secure", "LOGIN"},
		{"password", "GSSAPI LOGIN", "auto", "secure", "LOGIN"},
		{"password", all, "auto", "TLS 1.2", "SCRAM-SHA-256-PLUS"},
		{"password", all, "auto", "TLS 1.2 without binding", "SCRAM-SHA-256"},
		{"password", all, "auto", "secure", "SCRAM-SHA-256"},
		{"password", all, "auto", "clear", "SCRAM-SHA-256"},
		{"password", "scram-sha-1-plus scram-sha-256", "auto", "TLS 1.2", "SCRAM-SHA-1-PLUS"},
		{"password", "PLAIN SCRAM-SHA-1 CRAM-MD5", "auto", "secure", "SCRAM-SHA-1"},
		{"password", "PLAIN LOGIN CRAM-MD5", "auto", "clear", "CRAM-MD5"},
		{"password", "XOAUTH2 EXTERNAL ANONYMOUS", "auto", "secure", "a mechanism for a password is not offered by the server, which has XOAUTH2, EXTERNAL, ANONYMOUS"},
		{"password", "PLAIN LOGIN", "login", "secure", "LOGIN"},
		{"password", "PLAIN LOGIN", "PLAIN", "secure", "PLAIN"},
		{"password", "PLAIN LOGIN", "auto", "clear", clear},
		{"password", "PLAIN LOGIN", "plain", "clear", clear},
		{"password", "PLAIN", "login", "secure", "LOGIN is not offered by the server, which has PLAIN"},
		{"password", "PLAIN", "login", "clear", "LOGIN is not offered by the server, which has PLAIN"},
		{"password", "PLAIN SCRAM-SHA-1", "scram-sha-256", "secure", "SCRAM-SHA-256 is not offered by the server, which has PLAIN, SCRAM-SHA-1"},
		{"password", all, "scram-sha-1-plus", "TLS 1.2", "SCRAM-SHA-1-PLUS"},
		{"password", all, "scram-sha-256-plus", "TLS 1.2 without binding", "SCRAM-SHA-256-PLUS: it binds the sign-in to TLS, and nothing to bind to is on this connection"},
		{"password", all, "scram-sha-1-plus", "secure", "SCRAM-SHA-1-PLUS: it binds the sign-in to TLS, and nothing to bind to is on this connection"},
		{"password", all, "xoauth2", "secure", "XOAUTH2"},
		{"password", all, "xoauth2", "clear", clear},
		{"password", all, "anonymous", "clear", "ANONYMOUS"},
		{"password", "GSSAPI NTLM", "auto", "secure", "a mechanism for a password is not offered by the server, which has GSSAPI, NTLM"},
		{"password", "", "auto", "secure", "a mechanism for a password is not offered by the server, which has none"},
		{"password", "HELO only", "auto", "secure", "a mechanism for a password is not offered by the server, which has none"},
		{"password", "HELO only", "login", "secure", "LOGIN"},
		{"password", "HELO only", "login", "clear", clear},
		{"password", "PLAIN", "gssapi", "secure", "gssapi is no mechanism that is known here"},
		{"token", all, "auto", "TLS 1.2", "OAUTHBEARER"},
		{"token", "PLAIN XOAUTH2", "auto", "secure", "XOAUTH2"},
		{"token", "PLAIN XOAUTH2", "auto", "clear", clear},
		{"token and password", "PLAIN LOGIN SCRAM-SHA-256", "auto", "secure", "a mechanism for an OAuth token is not offered by the server, which has PLAIN, LOGIN, SCRAM-SHA-256"},
		{"token and password", "PLAIN XOAUTH2", "plain", "secure", "PLAIN"},
		{"token, no user", "XOAUTH2 OAUTHBEARER", "auto", "secure", "OAUTHBEARER"},
		{"certificate", all, "auto", "secure", "EXTERNAL"},
		{"certificate", "PLAIN ANONYMOUS", "auto", "secure", "a mechanism for a client certificate is not offered by the server, which has PLAIN, ANONYMOUS"},
		{"both", "EXTERNAL PLAIN", "auto", "secure", "PLAIN"},
		{"both", "EXTERNAL PLAIN", "external", "secure", "EXTERNAL"},
	} {
		over := auth.Connection{Offered: strings.Fields(c.offered), Secure: c.over != "clear"}
		if c.offered == "HELO only" {
			over.Offered = nil
		}
		switch c.over {
		case "TLS 1.2":
			over.TLS = &bound
		case "TLS 1.2 without binding":
			over.TLS = &loose
		}
		m, err := auth.Choose(accounts[c.account], over, c.want)
		got := m.Name
		if err != nil {
			got = err.Error()
		}
		if got != c.result {
			t.Errorf("%s, %q, %s, %s: got %s, want %s", c.account, c.offered, c.want, c.over, got, c.result)
		}
	}
}

func token(text auth.Secret) func(context.Context) (auth.Secret, error) {
	return func(context.Context) (auth.Secret, error) { return text, nil }
}

// TestLacking has what each mechanism can't do without.
func TestLacking(t *testing.T) {
	pw := auth.Source{Text: "pw"}
	for _, c := range []struct {
		have auth.Credentials
		want string // without what, for these
		by   string
	}{
		{auth.Credentials{}, "user", "auto plain login cram-md5 scram-sha-1 scram-sha-256-plus xoauth2"},
		{auth.Credentials{}, "password", "oauthbearer"},
		{auth.Credentials{}, "tls.cert", "external"},
		{auth.Credentials{}, "", "anonymous"},
		{auth.Credentials{User: "ann"}, "password", "auto plain login cram-md5 scram-sha-1 scram-sha-256-plus xoauth2 oauthbearer"},
		{auth.Credentials{User: "ann", Password: pw}, "", "auto plain login cram-md5 scram-sha-1 scram-sha-256-plus xoauth2 oauthbearer"},
		{auth.Credentials{Token: token("tk")}, "", "auto oauthbearer"},
		{auth.Credentials{User: "ann", Token: token("tk")}, "", "auto xoauth2 oauthbearer"},
		{auth.Credentials{User: "ann", Token: token("tk")}, "password", "plain"},
		{auth.Credentials{Certificate: true}, "", "auto external"},
	} {
		for by := range strings.FieldsSeq(c.by) {
			if got := auth.Lacking(&c.have, by); got != c.want {
				t.Errorf("%+v by %s: lacks %q, want %q", c.have, by, got, c.want)
			}
		}
	}
}

func TestSecretsMaskThemselves(t *testing.T) {
	source, secret := auth.Source{Text: "hunter2"}, auth.Secret("hunter2")
	have := auth.Credentials{User: "ann", Password: source}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text := fmt.Sprintf(strings.Repeat(format+" ", 5), source, secret, have, &have, []auth.Secret{secret})
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("%s: %s", format, text)
		}
	}
}
