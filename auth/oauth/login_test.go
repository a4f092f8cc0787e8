package oauth_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postern/auth/oauth"
)

// seen is what a person saw during a sign-in.
type seen struct {
	page    string
	header  http.Header
	status  int
	notices []string
}

// browse is a person with a browser: it follows the address, and keeps the page where it ends.
func browse(t *testing.T, s *seen, got chan<- struct{}) oauth.Person {
	return oauth.Person{
		Visit: func(address string) {
			go func() {
				defer close(got)
				resp, err := http.Get(address)
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				data, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Error(err)
				}
				s.page, s.header, s.status = string(data), resp.Header, resp.StatusCode
			}()
		},
		Notice: func(text string) { s.notices = append(s.notices, text) },
	}
}

// TestLogin: by the browser, with PKCE, a redirect to this machine and a state; the page tells what came of it.
func TestLogin(t *testing.T) {
	s, c := provider(t)
	var saw seen
	got := make(chan struct{})
	if err := c.Login(t.Context(), browse(t, &saw, got)); err != nil {
		t.Fatal(err)
	}
	<-got
	if saw.status != http.StatusOK || !strings.Contains(saw.page, "<h1>Signed in</h1>") || strings.Contains(saw.page, "code-") {
		t.Errorf("status %d, page %s", saw.status, saw.page)
	}
	if policy := saw.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || saw.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("header %v", saw.header)
	}
	if s.Authorize.Get("login_hint") != "ann@example.org" || !strings.HasPrefix(s.Authorize.Get("redirect_uri"), "http://127.0.0.1:") {
		t.Errorf("asked with %v", s.Authorize)
	}
	if token, err := c.Token(t.Context()); err != nil || token != "access-token-2" {
		t.Errorf("then %s, %v", string(token), err)
	}
	if strings.Join(s.Asked, " ") != "authorization_code" || kept(t, c)["refresh_token"] != "refresh-token-2" || len(saw.notices) > 0 {
		t.Errorf("asked for %v, kept %v, said %q", s.Asked, kept(t, c), saw.notices)
	}
}

// TestLoginRefused: what goes wrong is on the page and in the error, and nothing is kept.
func TestLoginRefused(t *testing.T) {
	s, c := provider(t)
	s.Deny = true
	var saw seen
	got := make(chan struct{})
	err := c.Login(t.Context(), browse(t, &saw, got))
	told(t, err, oauth.Denied, "the provider says access_denied: The <b>user</b> said no")
	<-got
	if saw.status != http.StatusBadRequest || !strings.Contains(saw.page, "<h1>Not signed in</h1>") || !strings.Contains(saw.page, "The &lt;b&gt;user&lt;/b&gt; said no") {
		t.Errorf("status %d, page %s", saw.status, saw.page)
	}
	if health, err := c.Health(t.Context()); err != nil || health.SignedIn {
		t.Errorf("health %+v, %v", health, err)
	}
}

// TestNoRefreshToken: a provider that gives none is told of at once, not when the sign-in ends.
func TestNoRefreshToken(t *testing.T) {
	s, c := provider(t)
	s.NoRefresh = true
	var saw seen
	got := make(chan struct{})
	if err := c.Login(t.Context(), browse(t, &saw, got)); err != nil || len(saw.notices) != 1 {
		t.Errorf("%v, said %q", err, saw.notices)
	}
	<-got
}

// TestStates: an answer with another state, or that isn't one, doesn't end the sign-in; the right one still does.
func TestStates(t *testing.T) {
	s, c := provider(t)
	s.State = "the-state-of-somebody-else"
	var notices []string
	finished := make(chan struct{})
	err := c.Login(t.Context(), oauth.Person{
		Notice: func(text string) { notices = append(notices, text) },
		Visit: func(address string) {
			go func() {
				defer close(finished)
				u, err := url.Parse(address)
				if err != nil {
					t.Error(err)
					return
				}
				redirect := u.Query().Get("redirect_uri")
				for _, c := range []struct {
					address string
					status  int
				}{
					{address, http.StatusBadRequest},
					{redirect, http.StatusBadRequest},
					{redirect + "favicon.ico", http.StatusNotFound},
					{redirect + "?code=authorization-code-1", http.StatusBadRequest},
					{redirect + "?code=authorization-code-1&state=", http.StatusBadRequest},
				} {
					if got := status(t, c.address); got != c.status {
						t.Errorf("%s: status %d, want %d", c.address, got, c.status)
					}
				}
				s.Lock()
				s.State = ""
				s.Unlock()
				if got := status(t, address); got != http.StatusOK {
					t.Errorf("the right one: status %d", got)
				}
			}()
		},
	})
	if err != nil {
		t.Error(err)
	}
	<-finished
	if len(notices) != 4 {
		t.Errorf("said %q", notices)
	}
}

func status(t *testing.T, address string) int {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestPasted: with the browser on another machine, where the redirect leads to nothing, its address is pasted.
func TestPasted(t *testing.T) {
	_, c := provider(t)
	pasted, keyboard := io.Pipe()
	var notices []string
	elsewhere := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	err := c.Login(t.Context(), oauth.Person{
		Pasted: pasted,
		Notice: func(text string) { notices = append(notices, text) },
		Visit: func(address string) {
			go func() {
				resp, err := elsewhere.Get(address)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				fmt.Fprintf(keyboard, "\nwhat?\n  %s  \n", resp.Header.Get("Location"))
			}()
		},
	})
	if err != nil || len(notices) != 1 {
		t.Errorf("%v, said %q", err, notices)
	}
	if token, err := c.Token(t.Context()); err != nil || token != "access-token-2" {
		t.Errorf("then %s, %v", string(token), err)
	}
}

// TestLoginEnds: with its context, and where there is nothing to sign in at.
func TestLoginEnds(t *testing.T) {
	_, c := provider(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Login(ctx, oauth.Person{Visit: func(string) { cancel() }, Notice: func(string) {}})
	told(t, err, oauth.Again, "interrupted")
	c.AuthURL = ""
	told(t, c.Login(t.Context(), oauth.Person{}), oauth.Denied, "has no auth_url: use --device")
	c.DeviceURL = ""
	told(t, c.LoginDevice(t.Context(), nil, nil), oauth.Denied, "account work has no device_url: run postern login work without --device")
	c.Grant = oauth.GrantClient
	told(t, c.Login(t.Context(), oauth.Person{}), oauth.Denied, "account work needs no sign-in: grant is client_credentials")
	told(t, c.LoginDevice(t.Context(), nil, nil), oauth.Denied, "account work needs no sign-in")
}
