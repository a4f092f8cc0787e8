package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postern/auth/oauth/oauthtest"
)

// direct is a network without sockets, so that time can be the test's.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func timed(t *testing.T, network http.RoundTripper) Config {
	c, fault := Config{
		Account: "work", Dir: t.TempDir(), ClientID: oauthtest.ClientID, Scopes: []string{"mail"},
		AuthURL: "https://x/authorize", TokenURL: "https://x/token", DeviceURL: "https://x/device",
	}.Complete()
	if fault != nil {
		t.Fatal(fault)
	}
	c.transport = network
	return c
}

// TestDevice is the flow for a machine without a browser, at the pace that the provider wants.
func TestDevice(t *testing.T) {
	s := oauthtest.Start()
	defer s.Stop()
	for _, c := range []struct {
		name    string
		pending string
		took    time.Duration
		kind    Kind
		words   string // of the error; empty for none
	}{
		{"at once", "", 1 * time.Second, 0, ""},
		{"a while", "authorization_pending authorization_pending", 3 * time.Second, 0, ""},
		{"too fast", "authorization_pending slow_down authorization_pending", (1 + 1 + 6 + 6) * time.Second, 0, ""},
		{"out of order for a moment", "authorization_pending 503 authorization_pending", (1 + 1 + 10 + 10) * time.Second, 0, ""},
		{"refused", "authorization_pending access_denied", 2 * time.Second, Denied, "the sign-in was refused"},
		{"expired", "authorization_pending expired_token", 2 * time.Second, Denied, "the code has expired, and nobody has signed in with it: run postern login work --device again"},
		{"nobody comes", strings.Repeat("authorization_pending ", 1000), 900 * time.Second, Denied, "the code has expired"},
		{"something else", "invalid_scope", 1 * time.Second, Denied, "x: invalid_scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := timed(t, direct{s})
				s.Pending = strings.Fields(c.pending)
				begun := time.Now()
				var shown DeviceCode
				err := config.LoginDevice(t.Context(), func(d DeviceCode) { shown = d }, func(string) {})
				if took := time.Since(begun); took.Round(time.Second) != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				if shown.Code != "ABCD-EFGH" || shown.URL != s.URL+"/activate" || !strings.HasPrefix(shown.Complete, shown.URL) || shown.Until.Before(begun) {
					t.Errorf("shown %+v", shown)
				}
				var cause *Error
				switch {
				case c.words == "" && err == nil:
					if h, err := config.Health(t.Context()); err != nil || !h.SignedIn || !h.Valid.After(time.Now()) {
						t.Errorf("health %+v, %v", h, err)
					}
				case !errors.As(err, &cause) || cause.Kind != c.kind || !strings.Contains(cause.Text, c.words):
					t.Errorf("got %v, want %q", err, c.words)
				}
			})
		})
	}
}

// TestDeviceRefusals: there is no code to show.
func TestDeviceRefusals(t *testing.T) {
	s := oauthtest.Start()
	defer s.Stop()
	for body, words := range map[string]string{
		`{"error":"unauthorized_client","error_description":"AADSTS7000218: not a public client"}`: "unauthorized_client: AADSTS7000218",
		`{"device_code":"x"}`: "the answer is no token: it has no code for the device",
	} {
		status := http.StatusOK
		if strings.Contains(body, "error") {
			status = http.StatusBadRequest
		}
		s.Device = []oauthtest.Answer{{Status: status, Body: body}}
		err := timed(t, direct{s}).LoginDevice(t.Context(), func(DeviceCode) { t.Error("shown") }, nil)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %q", err, words)
		}
	}
}

// TestTimeLimits: a provider that says nothing costs half a minute, a person who doesn't come ten.
func TestTimeLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		ask    func(Config, context.Context) error
		cancel time.Duration // when the caller gives up; 0 is never
		took   time.Duration
		kind   Kind
		words  string
	}{
		{"token", token, 0, requestLimit, Again, "x: no answer in time"},
		{"token, given up", token, 3 * time.Second, 3*time.Second + grace, Again, "interrupted"},
		{"another process hangs", func(c Config, ctx context.Context) error {
			unlock, err := c.store().lock(ctx)
			if err != nil {
				return err
			}
			defer unlock()
			return token(c, ctx)
		}, 0, lockLimit, Again, "work.json.lock: another process holds it"},
		{"device", func(c Config, ctx context.Context) error { return c.LoginDevice(ctx, nil, nil) }, 0, requestLimit, Again, "x: no answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := timed(t, silent{})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.cancel > 0 {
					time.AfterFunc(c.cancel, cancel)
				}
				begun := time.Now()
				err := c.ask(config, ctx)
				var cause *Error
				if !errors.As(err, &cause) || cause.Kind != c.kind || !strings.Contains(cause.Text, c.words) {
					t.Errorf("got %v, want %q", err, c.words)
				}
				if took := time.Since(begun).Round(time.Second); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
			})
		})
	}
}

// token asks for the token of an account that is signed in, and whose token has ended.
func token(c Config, ctx context.Context) error {
	s := c.store()
	pending, err := s.begin()
	if err == nil {
		err = pending.commit(ctx, record{Access: "access-token-1", Refresh: "refresh-token-1", Obtained: time.Now().Add(-time.Hour), Expiry: time.Now(), For: c.identity()})
	}
	if err != nil {
		return err
	}
	_, err = c.Token(ctx)
	return err
}
