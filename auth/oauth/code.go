package oauth

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// loginLimit is how long a sign-in waits for the person.
const loginLimit = 10 * time.Minute

// farewell is how long the page may take to reach the browser.
const farewell = time.Second

// Person is whoever signs in.
type Person struct {
	Visit  func(url string)  // shows the address to open, and perhaps opens it
	Notice func(text string) // shows what happens meanwhile
	Pasted io.Reader         // lines that may be the address where the browser ended, on another machine; or nil
}

// Login has a person consent in a browser, and keeps the tokens (RFC 6749 section 4.1, RFC 7636, RFC 8252 section 7.3).
func (c Config) Login(ctx context.Context, p Person) error {
	if c.byItself() {
		return &Error{Denied, fmt.Sprintf("account %s needs no sign-in: grant is %s", c.Account, c.Grant)}
	}
	if c.AuthURL == "" {
		return &Error{Denied, fmt.Sprintf("account %s has no auth_url: use --device", c.Account)}
	}
	if err := c.store().open(ctx); err != nil {
		return err
	}
	secret, err := c.secret(ctx)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return &Error{Local, fmt.Sprintf("waiting for the browser: %v", err)}
	}
	redirect := fmt.Sprintf("http://%s:%d/", c.redirect, listener.Addr().(*net.TCPAddr).Port)
	library, verifier := c.library(secret, redirect), oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for key, value := range c.extra {
		options = append(options, oauth2.SetAuthURLParam(key, value))
	}
	if c.User != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", c.User))
	}
	w := &waiting{state: rand.Text(), came: make(chan redirected), notice: p.Notice}
	ctx, cancel := context.WithTimeout(ctx, loginLimit)
	defer cancel()
	server := &http.Server{Handler: w, ReadTimeout: requestLimit, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	if p.Pasted != nil {
		go w.paste(ctx, p.Pasted)
	}
	p.Visit(library.AuthCodeURL(w.state, options...))
	select {
	case <-ctx.Done():
		return expired(ctx, fmt.Sprintf("nobody has signed in within %v", loginLimit))
	case r := <-w.came:
		err := r.err
		if err == nil {
			a := newAsker(&c)
			a.hide(string(secret), r.code, verifier)
			err = c.exchange(ctx, a, func(ctx context.Context) (*oauth2.Token, error) {
				return library.Exchange(ctx, r.code, oauth2.VerifierOption(verifier))
			}, p.Notice)
		}
		r.outcome <- err // for the page
		shut, done := context.WithTimeout(context.Background(), farewell)
		defer done()
		_ = server.Shutdown(shut) // once the page is delivered
		return err
	}
}

// exchange gets the first tokens by what a person has consented to, and keeps them.
func (c *Config) exchange(ctx context.Context, a *asker, get func(context.Context) (*oauth2.Token, error), notice func(string)) error {
	s := c.store()
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	pending, err := s.begin()
	if err != nil {
		return err
	}
	defer pending.drop()
	ctx, cancel := outlast(ctx)
	defer cancel()
	t, err := get(a.context(ctx))
	if err != nil {
		return a.explain(err)
	}
	if t.RefreshToken == "" {
		notice("the provider gave no refresh token: the sign-in ends with the access token")
	}
	return pending.commit(ctx, c.record(t))
}

// expired is the error of a sign-in whose time is up, or that was interrupted.
func expired(ctx context.Context, text string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Error{Again, "interrupted"}
	}
	return &Error{Denied, text}
}

// waiting is the server that the browser is sent to.
type waiting struct {
	state  string
	came   chan redirected
	notice func(string)
}

// redirected is what came back from the provider, with where to tell what came of it.
type redirected struct {
	code    string
	err     error
	outcome chan error
}

// ServeHTTP answers the browser with a page, once it is known what became of the sign-in.
func (w *waiting) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" || r.Method != http.MethodGet {
		http.NotFound(out, r)
		return
	}
	if err := w.take(r.Context(), r.URL.Query()); err != nil {
		writePage(out, http.StatusBadRequest, "Not signed in", err.Error())
		return
	}
	writePage(out, http.StatusOK, "Signed in", "postern has what it needs. You can close this page.")
}

// take passes on what the provider sent, and waits for what becomes of it. What doesn't bear the state of this sign-in
// is somebody else's (RFC 6749 section 10.12): it neither counts nor ends the sign-in.
func (w *waiting) take(ctx context.Context, q url.Values) error {
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(w.state)) != 1 {
		w.notice("an answer without this sign-in's state is left out")
		return errors.New("this answer is not for the sign-in that is going on (its state is another)")
	}
	r := redirected{code: q.Get("code"), outcome: make(chan error, 1)}
	switch said := (&asker{}); {
	case q.Get("error") != "":
		r.err = &Error{Denied, strings.TrimSuffix("the provider says "+said.clean(q.Get("error"))+": "+said.clean(q.Get("error_description")), ": ")}
	case r.code == "":
		r.err = &Error{Denied, "the provider's answer has no code"}
	}
	select {
	case w.came <- r:
	case <-ctx.Done():
		return errors.New("the sign-in is over")
	}
	select {
	case err := <-r.outcome:
		return err
	case <-ctx.Done():
		return errors.New("the sign-in is over")
	}
}

// paste takes the address where a browser on another machine ended: there nothing listens, but the address has all.
func (w *waiting) paste(ctx context.Context, from io.Reader) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.RawQuery == "" {
			w.notice("that is no address with an answer in it")
			continue
		}
		if w.take(ctx, u.Query()) == nil {
			return
		}
	}
}
