// Package oauthtest is an OAuth 2.0 provider for tests, on the loopback. It is strict where providers are: a code and a
// refresh token work once, the verifier has to fit, and a refresh token that comes twice ends the sign-in.
package oauthtest

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"postern/auth/authtest"
)

// What the provider's client is called, and its secret.
const (
	ClientID = "client-1"
	Secret   = authtest.Client
)

// Answer is what an endpoint says in place of what it would.
type Answer struct {
	Status int // 0 is for ever silent
	Type   string
	Body   string
}

// Server is a provider. Its settings may be changed while it runs, under Lock.
type Server struct {
	sync.Mutex
	URL       string
	ExpiresIn any             // of the access tokens, in seconds; nil leaves it out
	NoRefresh bool            // gives no refresh tokens
	Fixed     bool            // refresh tokens stay the same
	Deny      bool            // the person says no
	State     string          // comes back in place of the right one, unless empty
	Pending   []string        // what the device endpoint says before the tokens
	Interval  int             // of the device flow
	Next      []Answer        // what the token endpoint says before anything else
	Device    []Answer        // the same for the device endpoint
	Key       *rsa.PublicKey  // of the service account
	Audience  string          // that its assertions must have
	Claims    map[string]any  // of the latest assertion
	Asked     []string        // the grants that were asked for, in order
	Authorize url.Values      // of the latest visit
	Silent    chan struct{}   // a value for each request that gets no answer
	codes     map[string]code // good for once
	refresh   string          // the one that is good
	ended     bool            // a refresh token came twice
	given     int
	hold      chan struct{}
	stop      sync.Once
	mux       *http.ServeMux
	http      *httptest.Server
}

// code is what an authorization code stands for.
type code struct{ redirect, challenge string }

// Start starts a provider that expects one client with a secret.
func Start() *Server {
	s := &Server{ExpiresIn: 3600, Interval: 1, codes: map[string]code{}, Silent: make(chan struct{}, 16), hold: make(chan struct{})}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /authorize", s.authorize)
	s.mux.HandleFunc("POST /token", s.token)
	s.mux.HandleFunc("POST /device", s.device)
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// ServeHTTP is the server without its network.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Say has the token endpoint answer so, before it does anything else.
func (s *Server) Say(answers ...Answer) {
	s.Lock()
	defer s.Unlock()
	s.Next = append(s.Next, answers...)
}

// Stop ends the server, and lets go whom it has kept waiting. It may be called again.
func (s *Server) Stop() {
	s.stop.Do(func() { close(s.hold) })
	s.http.Close()
}

// Grant is a sign-in that has happened: its refresh token.
func (s *Server) Grant() (refreshToken string) {
	s.Lock()
	defer s.Unlock()
	s.given++
	s.ended = false
	s.refresh = fmt.Sprint(authtest.Refresh, s.given)
	return s.refresh
}

// authorize is the page where a person would consent, and who comes here does (RFC 6749 section 4.1.1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	q := r.URL.Query()
	s.Authorize = q
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("scope") == "" || len(q.Get("state")) < 20 {
		http.Error(w, "a bad authorization request: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {q.Get("state")}}
	if s.State != "" {
		answer.Set("state", s.State)
	}
	if s.Deny {
		answer.Set("error", "access_denied")
		answer.Set("error_description", "The <b>user</b> said no")
	} else {
		s.given++
		name := fmt.Sprintf("authorization-code-%d", s.given)
		s.codes[name] = code{q.Get("redirect_uri"), q.Get("code_challenge")}
		answer.Set("code", name)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// device begins a device flow (RFC 8628 section 3.2).
func (s *Server) device(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	if len(s.Device) > 0 {
		s.say(w, r, &s.Device)
		return
	}
	if r.FormValue("client_id") != ClientID || r.FormValue("scope") == "" {
		refuse(w, "invalid_client", "")
		return
	}
	reply(w, http.StatusOK, map[string]any{
		"device_code": "the-device-code", "user_code": "ABCD-EFGH", "verification_uri": s.URL + "/activate",
		"verification_uri_complete": s.URL + "/activate?code=ABCD-EFGH", "expires_in": 900, "interval": s.Interval,
	})
}

// say is the next of scripted answers.
func (s *Server) say(w http.ResponseWriter, r *http.Request, next *[]Answer) {
	a := (*next)[0]
	*next = (*next)[1:]
	if a.Status == 0 {
		s.Unlock()
		s.Silent <- struct{}{}
		select {
		case <-s.hold:
		case <-r.Context().Done():
		}
		s.Lock()
		return
	}
	if a.Type == "" {
		a.Type = "application/json"
	}
	w.Header().Set("Content-Type", a.Type)
	if a.Status/100 == 3 {
		w.Header().Set("Location", s.URL+"/elsewhere")
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write([]byte(strings.ReplaceAll(a.Body, "{refresh}", s.refresh)))
}

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// refuse is an error as RFC 6749 section 5.2 has it.
func refuse(w http.ResponseWriter, code, description string) {
	body := map[string]any{"error": code}
	if description != "" {
		body["error_description"] = description
	}
	reply(w, http.StatusBadRequest, body)
}
