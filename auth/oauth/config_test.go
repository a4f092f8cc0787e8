package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/auth"
	"postern/auth/oauth"
	"postern/auth/oauth/oauthtest"
)

// TestComplete has what each provider is known to want, and what can't be meant.
func TestComplete(t *testing.T) {
	secret := func(context.Context) (auth.Secret, error) { return "x", nil }
	for _, c := range []struct {
		config oauth.Config
		want   string // the token URL and the scopes, or behind ! the fault
	}{
		{oauth.Config{Provider: "google", ClientID: "x"}, "https://oauth2.googleapis.com/token https://mail.google.com/"},
		{oauth.Config{Provider: "google", Grant: oauth.GrantJWT, KeyFile: "k"}, "https://oauth2.googleapis.com/token https://mail.google.com/"},
		{oauth.Config{Provider: "outlook", ClientID: "x"}, "https://login.microsoftonline.com/common/oauth2/v2.0/token https://outlook.office.com/SMTP.Send offline_access"},
		{oauth.Config{Provider: "office365", ClientID: "x", Tenant: "example.org"}, "https://login.microsoftonline.com/example.org/oauth2/v2.0/token https://outlook.office.com/SMTP.Send offline_access"},
		{oauth.Config{Provider: "microsoft", ClientID: "x", Secret: secret, Tenant: "a/../b", Grant: oauth.GrantClient}, "https://login.microsoftonline.com/a%2F..%2Fb/oauth2/v2.0/token https://outlook.office365.com/.default"},
		{oauth.Config{Provider: "yahoo", ClientID: "x"}, "https://api.login.yahoo.com/oauth2/get_token mail-w"},
		{oauth.Config{Provider: "fastmail", ClientID: "x", Scopes: []string{"other"}}, "https://api.fastmail.com/oauth/refresh other"},
		{oauth.Config{TokenURL: "https://x/t", AuthURL: "https://x/a", ClientID: "x"}, "https://x/t "},
		{oauth.Config{TokenURL: "http://[::1]:80/t", DeviceURL: "http://localhost/d", ClientID: "x"}, "http://[::1]:80/t "},
		{oauth.Config{Grant: oauth.GrantJWT, KeyFile: "k", Scopes: []string{"s"}}, " s"},
		{oauth.Config{Provider: "gogle", ClientID: "x"}, `!provider: "gogle" is none of fastmail, google, microsoft, yahoo; others are set by auth_url and token_url`},
		{oauth.Config{Provider: "google"}, `!client_id: there is no client_id: make an OAuth client of the type "Desktop app" at https://console.cloud.google.com/apis/credentials`},
		{oauth.Config{TokenURL: "https://x/t", AuthURL: "https://x/a"}, "!client_id: there is no client_id"},
		{oauth.Config{ClientID: "x"}, "!token_url: there is neither provider nor token_url"},
		{oauth.Config{ClientID: "x", TokenURL: "https://x/t"}, "!auth_url: there is neither auth_url nor device_url to sign in at"},
		{oauth.Config{ClientID: "x", TokenURL: "http://x/t"}, `!token_url: "http://x/t" is no https URL`},
		{oauth.Config{ClientID: "x", TokenURL: "https://u:p@x/t"}, `!token_url: "https://u:p@x/t" is no https URL`},
		{oauth.Config{ClientID: "x", TokenURL: "https://x/t", AuthURL: "http://127.0.0.1.example.org/"}, `!auth_url: "http://127.0.0.1.example.org/" is no https URL`},
		{oauth.Config{ClientID: "x", Provider: "google", DeviceURL: "ftp://x"}, `!device_url: "ftp://x" is no https URL`},
		{oauth.Config{Provider: "google", Grant: "password"}, `!grant: "password" is none of authorization_code, client_credentials, jwt`},
		{oauth.Config{Provider: "google", Grant: oauth.GrantJWT}, `!key_file: grant = "jwt" needs key_file, the key of a service account`},
		{oauth.Config{Grant: oauth.GrantJWT, KeyFile: "k"}, "!scopes: there are neither provider nor scopes"},
		{oauth.Config{Provider: "google", ClientID: "x", KeyFile: "k"}, `!key_file: key_file is for grant = "jwt"`},
		{oauth.Config{Provider: "google", ClientID: "x", Subject: "s"}, `!subject: subject is for grant = "jwt"`},
		{oauth.Config{Provider: "google", ClientID: "x", Tenant: "s"}, `!tenant: tenant is for provider = "microsoft"`},
		{oauth.Config{Provider: "microsoft", ClientID: "x", Secret: secret, Grant: oauth.GrantClient}, `!tenant: grant = "client_credentials" needs tenant, the organisation's id or domain`},
		{oauth.Config{TokenURL: "https://x/t", AuthURL: "https://x/a", ClientID: "x", Keep: "keyring"}, "https://x/t "},
		{oauth.Config{TokenURL: "https://x/t", AuthURL: "https://x/a", ClientID: "x", Keep: "file"}, "https://x/t "},
		{oauth.Config{TokenURL: "https://x/t", AuthURL: "https://x/a", ClientID: "x", Keep: "pocket"}, `!keep: "pocket" is neither file nor keyring`},
		{oauth.Config{TokenURL: "https://x/t", ClientID: "x", Secret: secret, Grant: oauth.GrantClient, Keep: "keyring"}, `!keep: keep = "keyring" is for tokens that a person signs in for`},
		{oauth.Config{Provider: "google", Grant: oauth.GrantJWT, KeyFile: "k", Keep: "keyring"}, `!keep: keep = "keyring" is for tokens that a person signs in for`},
		{oauth.Config{TokenURL: "https://x", ClientID: "x", Grant: oauth.GrantClient}, `!client_secret: grant = "client_credentials" needs client_secret`},
	} {
		complete, fault := c.config.Complete()
		got := complete.TokenURL + " " + strings.Join(complete.Scopes, " ")
		if fault != nil {
			got = "!" + fault.Key + ": " + fault.Text
		}
		if got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// TestClientCredentials: a program's own secret gets a token, which is kept where it can be.
func TestClientCredentials(t *testing.T) {
	s, c := provider(t)
	c.Grant = oauth.GrantClient
	ask := func(want string) {
		t.Helper()
		if token, err := c.Token(t.Context()); err != nil || string(token) != want {
			t.Errorf("got %s, %v; want %s", string(token), err, want)
		}
	}
	ask("access-token-1")
	ask("access-token-1")
	if err := os.WriteFile(filepath.Join(c.Dir, "work.json"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask("access-token-2")
	dir := c.Dir
	c.Dir = ""
	ask("access-token-3")
	c.Dir = filepath.Join(dir, "work.json") // no folder
	ask("access-token-4")
	s.Say(oauthtest.Answer{Status: 400, Body: `{"error":"invalid_grant"}`})
	_, err := c.Token(t.Context())
	told(t, err, oauth.Denied, ": invalid_grant")
	if strings.Contains(err.Error(), "login") {
		t.Errorf("a login is of no use here: %v", err)
	}
	c.Secret = func(context.Context) (auth.Secret, error) { return "wrong", nil }
	_, err = c.Token(t.Context())
	told(t, err, oauth.Denied, "invalid_client: the client is not known")
	c.Secret = func(context.Context) (auth.Secret, error) { return "", fmt.Errorf("the vault: %w", auth.ErrLater) }
	_, err = c.Token(t.Context())
	told(t, err, oauth.Again, "client_secret of account work: the vault: it may be there later")
	c.Secret = func(context.Context) (auth.Secret, error) { return "", errors.New("the vault is locked") }
	_, err = c.Token(t.Context())
	told(t, err, oauth.Denied, "client_secret of account work: the vault is locked")
}

// TestServiceAccount: a key of Google's form signs for a user of the organisation.
func TestServiceAccount(t *testing.T) {
	s, c := provider(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.Key, s.Audience = &key.PublicKey, s.URL+"/token"
	c.Grant, c.Subject, c.TokenURL, c.KeyFile = oauth.GrantJWT, "ann@example.org", "", filepath.Join(t.TempDir(), "key.json")
	write := func(kind, endpoint, private string) {
		t.Helper()
		data, err := json.Marshal(map[string]string{
			"type": kind, "client_email": "robot@project.example", "private_key_id": "k1", "private_key": private, "token_uri": endpoint,
		})
		if err == nil {
			err = os.WriteFile(c.KeyFile, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	pkcs8 := func(key any) string {
		t.Helper()
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	for i, private := range []string{pkcs8(key), pkcs1} {
		write("service_account", s.URL+"/token", private)
		token, err := c.Token(t.Context())
		if err != nil || token != "access-token-1" {
			t.Fatal(i, string(token), err)
		}
	}
	if s.Claims["iss"] != "robot@project.example" || s.Claims["sub"] != "ann@example.org" || s.Claims["scope"] != "mail" {
		t.Errorf("claims %v", s.Claims)
	}
	for _, bad := range []struct{ kind, endpoint, private, words string }{
		{"authorized_user", s.URL + "/token", pkcs1, "is not the JSON key of a service account"},
		{"service_account", "http://example.org/token", pkcs1, `token_uri "http://example.org/token" is no https URL`},
		{"service_account", s.URL + "/token", "secret", "has no RSA key in private_key"},
		{"service_account", s.URL + "/token", pkcs8(other), "has no RSA key in private_key"},
	} {
		write(bad.kind, bad.endpoint, bad.private)
		c.Account = "another"
		_, err := c.Token(t.Context())
		told(t, err, oauth.Denied, bad.words)
	}
	wrong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	write("service_account", s.URL+"/token", pkcs8(wrong))
	_, err = c.Token(t.Context())
	told(t, err, oauth.Denied, "invalid_grant: crypto/rsa: verification error")
	c.KeyFile += ".missing"
	_, err = c.Token(t.Context())
	told(t, err, oauth.Local, "key_file: open ")
}
