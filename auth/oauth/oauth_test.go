package oauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/auth"
	"postern/auth/authtest"
	"postern/auth/oauth"
	"postern/auth/oauth/oauthtest"
)

// TestMain is also the other process of a test: one that asks for a token and prints it.
func TestMain(m *testing.M) {
	url, dir := os.Getenv("POSTERN_TEST_PROVIDER"), os.Getenv("POSTERN_TEST_TOKENS")
	if url == "" {
		os.Exit(m.Run())
	}
	c := settings(url, dir)
	c.Keep = os.Getenv("POSTERN_TEST_KEEP")
	c, fault := c.Complete()
	if fault != nil {
		panic(fault.Text)
	}
	token, err := c.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Print(string(token))
	os.Exit(0)
}

// settings are an account's at a provider of the tests.
func settings(url, dir string) oauth.Config {
	return oauth.Config{
		Account: "work", User: "ann@example.org", Dir: dir, ClientID: oauthtest.ClientID, Scopes: []string{"mail"},
		AuthURL: url + "/authorize", TokenURL: url + "/token", DeviceURL: url + "/device",
		Secret: func(context.Context) (auth.Secret, error) { return oauthtest.Secret, nil },
	}
}

// provider starts one, with an account of its.
func provider(t *testing.T) (*oauthtest.Server, oauth.Config) {
	t.Helper()
	s := oauthtest.Start()
	t.Cleanup(s.Stop)
	c, fault := settings(s.URL, filepath.Join(t.TempDir(), "tokens")).Complete()
	if fault != nil {
		t.Fatal(fault)
	}
	t.Cleanup(func() { // names of files are no place for secrets
		entries, _ := os.ReadDir(c.Dir)
		for _, e := range entries {
			if secret, _ := authtest.Leak(e.Name(), "authorization-code-"); secret != "" {
				t.Errorf("a file is called %s", e.Name())
			}
		}
	})
	return s, c
}

// signedIn is an account whose access token has ended.
func signedIn(t *testing.T, s *oauthtest.Server, c oauth.Config) {
	t.Helper()
	keep(t, c, map[string]any{
		"access_token": "access-token-old", "refresh_token": s.Grant(),
		"expiry": time.Now().Add(-time.Hour), "obtained": time.Now().Add(-2 * time.Hour),
	})
}

// keep writes a token file.
func keep(t *testing.T, c oauth.Config, fields map[string]any) {
	t.Helper()
	if _, ok := fields["for"]; !ok {
		fields["for"] = strings.Join([]string{c.TokenURL, c.ClientID, c.KeyFile, c.Subject, strings.Join(c.Scopes, " ")}, "\n")
	}
	data, err := json.Marshal(fields)
	if err == nil {
		err = os.MkdirAll(c.Dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(c.Dir, "work.json"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// told checks an error: its kind, words that it has, and that it shows no secret.
func told(t *testing.T, err error, kind oauth.Kind, words string) {
	t.Helper()
	var cause *oauth.Error
	if !errors.As(err, &cause) {
		t.Fatalf("got %v, want an error with %q", err, words)
	}
	if cause.Kind != kind || !strings.Contains(cause.Text, words) {
		t.Errorf("got kind %d, %q; want kind %d, %q", cause.Kind, cause.Text, kind, words)
	}
	if secret, form := authtest.Leak(cause.Text, "authorization-code-"); secret != "" {
		t.Errorf("%q shows as %q in %q", secret, form, cause.Text)
	}
	for _, secret := range []string{"refresh-token", "access-token-", "authorization-code-", oauthtest.Secret, "s3cret", "\n", "\x1b"} {
		if strings.Contains(cause.Text, secret) {
			t.Errorf("%q shows %q", cause.Text, secret)
		}
	}
	if len(cause.Text) > 600 {
		t.Errorf("a text of %d octets", len(cause.Text))
	}
}

// TestRenewals is a sign-in over time: a token is used as long as it lasts, then renewed once, with the newest refresh
// token each time.
func TestRenewals(t *testing.T) {
	s, c := provider(t)
	signedIn(t, s, c)
	ask := func(want string) {
		t.Helper()
		token, err := c.Token(t.Context())
		if err != nil || string(token) != want {
			t.Fatalf("got %s, %v; want %s", string(token), err, want)
		}
	}
	ask("access-token-2")
	ask("access-token-2")
	s.Lock()
	s.ExpiresIn = 59 // within the minute ahead
	s.Unlock()
	keepAgain(t, c, "expiry", time.Now().Add(50*time.Second))
	ask("access-token-3")
	ask("access-token-4")
	s.Lock()
	s.ExpiresIn = "3600" // some send text
	s.Unlock()
	ask("access-token-5")
	ask("access-token-5")
	if got := strings.Join(s.Asked, " "); got != "refresh_token refresh_token refresh_token refresh_token" {
		t.Errorf("asked for %s", got)
	}
	s.Lock()
	s.Fixed = true
	s.Unlock()
	keepAgain(t, c, "expiry", time.Now())
	ask("access-token-6")
	keepAgain(t, c, "expiry", time.Now())
	ask("access-token-7") // a refresh token that was not replaced still counts
}

// keepAgain changes a field of the token file.
func keepAgain(t *testing.T, c oauth.Config, field string, value any) {
	t.Helper()
	fields := kept(t, c)
	fields[field] = value
	keep(t, c, fields)
}

func kept(t *testing.T, c oauth.Config) (fields map[string]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.Dir, "work.json"))
	if err == nil {
		err = json.Unmarshal(data, &fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

// TestTokenFile: what was kept decides whether the provider is asked, and whether it can be.
func TestTokenFile(t *testing.T) {
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	for _, c := range []struct {
		name   string
		fields map[string]any
		kind   oauth.Kind
		want   string // the token, or behind ! words of the error
	}{
		{"good", map[string]any{"access_token": "kept", "expiry": in(time.Hour), "obtained": in(-time.Minute)}, 0, "kept"},
		{"empty", map[string]any{}, oauth.Login, "!account work is not signed in: run postern login work"},
		{"ended, and none to renew it", map[string]any{"access_token": "kept", "expiry": in(-time.Hour), "obtained": in(-2 * time.Hour)}, oauth.Login, "!the provider gave none to renew it: run postern login work"},
		{"without an end", map[string]any{"access_token": "kept", "obtained": in(-2 * time.Hour)}, 0, "kept"},
		{"without an end, but renewable", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "obtained": in(-2 * time.Hour)}, 0, "access-token-2"},
		{"without an end, and new", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "obtained": in(-time.Minute)}, 0, "kept"},
		{"the clock was set back", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "obtained": in(24 * time.Hour), "expiry": in(25 * time.Hour)}, 0, "access-token-2"},
		{"other settings", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "obtained": in(-time.Minute), "expiry": in(time.Hour), "for": "another"}, oauth.Login, "!other oauth settings than when it was signed in: run postern login work"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, config := provider(t)
			s.Grant()
			keep(t, config, c.fields)
			token, err := config.Token(t.Context())
			if words, bad := strings.CutPrefix(c.want, "!"); bad {
				told(t, err, c.kind, words)
			} else if err != nil || string(token) != c.want {
				t.Errorf("got %s, %v; want %s", string(token), err, c.want)
			}
		})
	}
}

// TestRefusals is what providers say instead of a token, and what that means.
func TestRefusals(t *testing.T) {
	const login = "run postern login work"
	bad := func(code, words string) oauthtest.Answer {
		body, _ := json.Marshal(map[string]string{"error": code, "error_description": words})
		return oauthtest.Answer{Status: http.StatusBadRequest, Body: string(body)}
	}
	for _, c := range []struct {
		name   string
		answer oauthtest.Answer
		kind   oauth.Kind
		words  string
	}{
		{"revoked", bad("invalid_grant", "Token has been expired or revoked."), oauth.Login, "invalid_grant: Token has been expired or revoked.: " + login},
		{"without words", oauthtest.Answer{Status: 400, Body: `{"error":"invalid_grant"}`}, oauth.Login, "invalid_grant: " + login},
		{"interaction", bad("interaction_required", "AADSTS50076: Due to a configuration change you must use multi-factor authentication.\r\nTrace ID: 1234\r\nCorrelation ID: 5678\r\nTimestamp: 2026-11-25 10:00:00Z"), oauth.Login, "AADSTS50076: Due to a configuration change you must use multi-factor authentication.: " + login},
		{"expired at Microsoft", bad("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity. Trace ID: 1234"), oauth.Login, "due to inactivity.: " + login},
		{"a new code of Microsoft's", bad("basic_action", "AADSTS50078: Presented multi-factor authentication has expired."), oauth.Login, "has expired.: " + login},
		{"the client's secret has ended", bad("invalid_client", "AADSTS7000222: The provided client secret keys are expired."), oauth.Denied, "invalid_client: AADSTS7000222"},
		{"scope", bad("invalid_scope", "AADSTS70011: The provided value for scope is not valid."), oauth.Denied, "invalid_scope"},
		{"not well", bad("temporarily_unavailable", "try again"), oauth.Again, "temporarily_unavailable: try again"},
		{"broken", oauthtest.Answer{Status: 500, Type: "text/html", Body: "<h1>sorry</h1>"}, oauth.Again, "HTTP status 500"},
		{"broken, with a code", oauthtest.Answer{Status: 503, Body: `{"error":"invalid_grant"}`}, oauth.Again, "invalid_grant"},
		{"too often", oauthtest.Answer{Status: 429, Body: `{"error":"rate_limited"}`}, oauth.Again, "rate_limited"},
		{"Yahoo's too often", oauthtest.Answer{Status: 999, Body: `slow down`}, oauth.Again, "HTTP status 999"},
		{"not there", oauthtest.Answer{Status: 404, Type: "text/html", Body: "<p>not found"}, oauth.Denied, "HTTP status 404"},
		{"a redirect", oauthtest.Answer{Status: 307}, oauth.Denied, "it leads elsewhere; check the URLs"},
		{"an error with 200", oauthtest.Answer{Status: 200, Body: `{"error":"invalid_grant"}`}, oauth.Login, login},
		{"somebody else's page", oauthtest.Answer{Status: 200, Type: "text/html", Body: "<h1>Welcome to the hotel</h1>"}, oauth.Again, "the answer is no token"},
		{"no token", oauthtest.Answer{Status: 200, Body: `{}`}, oauth.Again, "the answer is no token"},
		{"cut", oauthtest.Answer{Status: 200, Body: `{"access_token":"access-token-9","refresh`}, oauth.Again, "the answer is no token"},
		{"huge", oauthtest.Answer{Status: 200, Body: `{"access_token":"` + strings.Repeat("x", 1<<20) + `"}`}, oauth.Again, "the answer is over 262144 octets"},
		{"huge, and no", oauthtest.Answer{Status: 400, Body: `{"error":"invalid_grant","error_description":"` + strings.Repeat("long ", 40_000) + `"}`}, oauth.Login, "..."},
		{"it quotes the token", bad("invalid_grant", "the token {refresh} is not known"), oauth.Login, "the token [secret] is not known"},
		{"it plays with the terminal", bad("invalid_grant", "\x1b[2Jgone\x00"), oauth.Login, "invalid_grant: [2Jgone: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, config := provider(t)
			signedIn(t, s, config)
			before := kept(t, config)
			s.Say(c.answer)
			_, err := config.Token(t.Context())
			told(t, err, c.kind, c.words)
			health, err := config.Health(t.Context())
			if err != nil || !strings.Contains(health.Failure, c.words) || !health.SignedIn {
				t.Errorf("health %+v, %v", health, err)
			}
			if kept(t, config)["refresh_token"] != before["refresh_token"] {
				t.Error("the refresh token is gone")
			}
			if token, err := config.Token(t.Context()); err != nil || token != "access-token-2" { // and the next time it works
				t.Errorf("then %s, %v", string(token), err)
			}
			if health, _ := config.Health(t.Context()); health.Failure != "" || health.Valid.Before(time.Now()) {
				t.Errorf("then health %+v", health)
			}
		})
	}
}

// TestStillGood: a provider that is out of order just before the end of a token costs nothing yet.
func TestStillGood(t *testing.T) {
	s, c := provider(t)
	signedIn(t, s, c)
	keepAgain(t, c, "expiry", time.Now().Add(30*time.Second))
	s.Say(oauthtest.Answer{Status: 503}, oauthtest.Answer{Status: 400, Body: `{"error":"invalid_grant"}`})
	if token, err := c.Token(t.Context()); err != nil || token != "access-token-old" {
		t.Errorf("got %s, %v", string(token), err)
	}
	_, err := c.Token(t.Context())
	told(t, err, oauth.Login, "run postern login work")
}

// TestOutOfReach: nobody listens, and the certificate is nobody's.
func TestOutOfReach(t *testing.T) {
	s, c := provider(t)
	signedIn(t, s, c)
	nobody := httptest.NewServer(nil)
	nobody.Close()
	stranger := httptest.NewTLSServer(s)
	defer stranger.Close()
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	for url, want := range map[string]oauth.Error{
		nobody.URL:   {oauth.Again, "connection refused"},
		stranger.URL: {oauth.Denied, "its certificate: x509: certificate signed by unknown authority"},
	} {
		c.TokenURL = url + "/token"
		signedIn(t, s, c)
		_, err := c.Token(t.Context())
		told(t, err, want.Kind, want.Text)
	}
	if len(s.Asked) != 0 {
		t.Errorf("asked for %v", s.Asked)
	}
}

// TestAnother: what becomes of a token that a server has refused although it should still be good.
func TestAnother(t *testing.T) {
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	for _, c := range []struct {
		name   string
		fields map[string]any
		answer *oauthtest.Answer
		kind   oauth.Kind
		want   string // the other one; empty for none, or behind ! words of the error
		asked  string
	}{
		{"it was revoked", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "expiry": in(time.Hour), "obtained": in(-time.Hour)}, nil, 0, "access-token-2", "refresh_token"},
		{"it is new", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "expiry": in(time.Hour), "obtained": in(-time.Second)}, nil, 0, "", ""},
		{"nothing to renew it by", map[string]any{"access_token": "kept", "expiry": in(time.Hour), "obtained": in(-time.Hour)}, nil, 0, "", ""},
		{"another process has renewed it", map[string]any{"access_token": "newer", "refresh_token": "refresh-token-1", "expiry": in(time.Hour), "obtained": in(-time.Second)}, nil, 0, "newer", ""},
		{"the sign-in was revoked too", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "expiry": in(time.Hour), "obtained": in(-time.Hour)}, &oauthtest.Answer{Status: 400, Body: `{"error":"invalid_grant"}`}, oauth.Login, "!: invalid_grant: run postern login work", "refresh_token"},
		{"the provider is out of order", map[string]any{"access_token": "kept", "refresh_token": "refresh-token-1", "expiry": in(time.Hour), "obtained": in(-time.Hour)}, &oauthtest.Answer{Status: 503}, oauth.Again, "!HTTP status 503", "refresh_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, config := provider(t)
			s.Grant()
			keep(t, config, c.fields)
			if c.answer != nil {
				s.Say(*c.answer)
			}
			token, err := config.Another(t.Context(), "kept")
			if words, bad := strings.CutPrefix(c.want, "!"); bad {
				told(t, err, c.kind, words)
				// The refused one is not given out again.
				if token, err := config.Token(t.Context()); err != nil || token != "access-token-2" {
					t.Errorf("then %s, %v", string(token), err)
				}
				c.asked += " refresh_token"
			} else if err != nil || string(token) != c.want {
				t.Errorf("got %s, %v; want %s", string(token), err, c.want)
			}
			if asked := strings.Join(s.Asked, " "); asked != c.asked {
				t.Errorf("asked for %s", asked)
			}
		})
	}
}

// TestAnotherByItself: a program's own secret gets another one for a token that was kept, and not for a new one.
func TestAnotherByItself(t *testing.T) {
	s, c := provider(t)
	c.Grant = oauth.GrantClient
	another := func(refused, want string) {
		t.Helper()
		if token, err := c.Another(t.Context(), auth.Secret(refused)); err != nil || string(token) != want {
			t.Errorf("got %s, %v; want %s", string(token), err, want)
		}
	}
	if _, err := c.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	another("access-token-1", "")
	keepAgain(t, c, "obtained", time.Now().Add(-time.Hour))
	another("access-token-1", "access-token-2")
	another("access-token-2", "")
	c.Dir = "" // nothing is kept
	another("access-token-2", "")
	if len(s.Asked) != 2 {
		t.Errorf("asked for %v", s.Asked)
	}
}
