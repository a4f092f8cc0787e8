package oauth

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

const (
	// requestLimit is for one question to a provider, from the look-up of its name to the last octet of its answer.
	requestLimit = 30 * time.Second
	// grace is how long an answer is still awaited when the caller has given up: a refresh token may have been replaced
	// already, and the new one would be lost.
	grace = 5 * time.Second
	// maxAnswer bounds an answer; those of providers have some kilobytes.
	maxAnswer = 256 << 10
)

// asker asks a provider, once or several times for one purpose.
type asker struct {
	config  *Config
	wire    *wire
	http    *http.Client
	secrets []string // what no text may show
}

func newAsker(c *Config) *asker {
	next := c.transport
	if next == nil {
		next = &http.Transport{
			DialContext:         c.Dial, // and no proxy but what this knows of
			TLSHandshakeTimeout: requestLimit / 2,
			DisableKeepAlives:   true, // there is mostly one question
		}
	}
	w := &wire{next: next}
	return &asker{config: c, wire: w, http: &http.Client{
		Transport: w,
		// A token endpoint doesn't redirect, and a redirect would take the secrets with it (RFC 9700 section 4.12).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// context has the library ask by this client.
func (a *asker) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, a.http)
}

// hide keeps secrets out of every text from now on.
func (a *asker) hide(secrets ...string) { a.secrets = append(a.secrets, secrets...) }

// host is who was asked, for texts.
func (a *asker) host() string {
	if a.wire.asked != "" {
		return a.wire.asked
	}
	return a.config.host()
}

// host is the provider's, for texts.
func (c *Config) host() string {
	if u, err := url.Parse(c.TokenURL); err == nil {
		return u.Host
	}
	return "the token endpoint"
}

// wire is the network, with bounds on the time and the size of answers. It keeps what went wrong, which the library doesn't always pass on.
type wire struct {
	next   http.RoundTripper
	asked  string // the host of the latest request
	failed error  // of the latest request
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked, w.failed = r.URL.Host, nil
	ctx, cancel := context.WithTimeout(r.Context(), requestLimit)
	resp, err := w.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		w.failed = err
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxAnswer, wire: w, cancel: cancel}
	return resp, nil
}

// boundedBody is an answer that fails beyond a size, rather than being cut. At its end it closes itself: the library
// forgets some.
type boundedBody struct {
	io.ReadCloser
	left   int
	wire   *wire
	cancel context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		err = fmt.Errorf("the answer is over %d octets", maxAnswer)
	}
	if err != nil && err != io.EOF {
		b.wire.failed = err
	}
	if err != nil {
		b.Close()
	}
	return n, err
}

func (b *boundedBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

// outlast is a context that goes on for the grace when ctx is cancelled.
func outlast(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() {
		stop()
		cancel()
	}
}
