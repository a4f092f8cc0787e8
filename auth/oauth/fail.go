package oauth

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"
)

// Kind is what can be done about an Error.
type Kind int

const (
	// Again goes away by itself: the provider can't be reached, or is not well.
	Again Kind = iota
	// Login needs a person to sign in; the text says how.
	Login
	// Denied is the provider's no to the client, the key or the scope.
	Denied
	// Local is a file of this machine that can't be read or written.
	Local
)

// Error is why there is no token. Its text holds no secret.
type Error struct {
	Kind Kind
	Text string
}

func (e *Error) Error() string { return e.Text }

// login is the advice that ends a text.
func (c *Config) login() string { return "run postern login " + c.Account }

// maxWords bounds what is shown of a provider's words.
const maxWords = 300

// answer is a provider's no (RFC 6749 section 5.2).
type answer struct {
	status      int
	code, words string
}

// explain makes the Error of a failed request.
func (a *asker) explain(err error) *Error {
	if cause := new(Error); errors.As(err, &cause) || errors.As(a.wire.failed, &cause) {
		return cause
	}
	var said *oauth2.RetrieveError
	var cert *tls.CertificateVerificationError
	switch {
	case a.wire.failed != nil && errors.As(a.wire.failed, &cert):
		return &Error{Denied, a.host() + ": its certificate: " + a.clean(cert.Err.Error())}
	case a.wire.failed != nil:
		return &Error{Again, a.host() + ": " + a.clean(plainCause(a.wire.failed))}
	case errors.As(err, &said):
		return a.judge(readAnswer(said))
	case a.wire.asked == "": // before any request: a key that can't sign
		return &Error{Denied, "account " + a.config.Account + ": " + a.clean(err.Error())}
	case errors.Is(err, context.Canceled):
		return &Error{Again, "interrupted"}
	}
	return &Error{Again, a.host() + ": the answer is no token: " + a.clean(strings.TrimPrefix(err.Error(), "oauth2: "))}
}

// readAnswer takes a no apart; the library leaves some of them as they came.
func readAnswer(said *oauth2.RetrieveError) answer {
	a := answer{code: said.ErrorCode, words: said.ErrorDescription}
	if said.Response != nil {
		a.status = said.Response.StatusCode
	}
	if a.code == "" {
		var body struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if json.Unmarshal(said.Body, &body) == nil {
			a.code, a.words = body.Error, body.Description
		}
	}
	// Microsoft adds ids and the time on lines of their own.
	a.words, _, _ = strings.Cut(a.words, "\n")
	a.words, _, _ = strings.Cut(a.words, " Trace ID:")
	return a
}

// loginCodes are the refusals that a person's new sign-in mends: of RFC 6749 section 5.2, OpenID Connect Core section
// 3.1.2.6, and Microsoft's.
var loginCodes = []string{"invalid_grant", "interaction_required", "login_required", "consent_required", "account_selection_required"}

// setupCodes are the refusals that only other settings mend, whatever Microsoft's number says.
var setupCodes = []string{"invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type"}

// judge tells what a no means.
func (a *asker) judge(said answer) *Error {
	text := a.host() + ":"
	if said.code != "" {
		text += " " + a.clean(said.code)
	} else {
		text += " HTTP status " + strconv.Itoa(said.status)
	}
	if words := a.clean(said.words); words != "" {
		text += ": " + words
	}
	temporary := said.code == "temporarily_unavailable" || said.code == "server_error" || said.code == "slow_down"
	switch {
	case temporary, said.status == http.StatusTooManyRequests, said.status == http.StatusRequestTimeout, said.status >= 500:
		return &Error{Again, text}
	case said.status >= 300 && said.status < 400:
		return &Error{Denied, text + ": it leads elsewhere; check the URLs in the oauth table of account " + a.config.Account}
	case a.config.byItself():
		return &Error{Denied, text}
	case slices.Contains(loginCodes, said.code), strings.Contains(said.words, "AADSTS") && !slices.Contains(setupCodes, said.code):
		return &Error{Login, text + ": " + a.config.login()}
	}
	return &Error{Denied, text}
}

// clean is the words of a provider as one line of bounded length, without control characters and without secrets, which
// some providers quote.
func (a *asker) clean(words string) string {
	var masks []string
	for _, secret := range a.secrets {
		if secret != "" {
			masks = append(masks, secret, "[secret]", url.QueryEscape(secret), "[secret]")
		}
	}
	words = strings.NewReplacer(masks...).Replace(words)
	words = strings.ToValidUTF8(words, "?")
	words = strings.Join(strings.FieldsFunc(words, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
	if len(words) > maxWords {
		cut := maxWords
		for !utf8.RuneStart(words[cut]) {
			cut--
		}
		words = words[:cut] + "..."
	}
	return words
}

// plainCause is the innermost text of a failed request.
func plainCause(err error) string {
	var outer *url.Error
	var dial *net.OpError
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &dial):
		return dial.Error()
	case errors.As(err, &outer):
		return outer.Err.Error()
	}
	return err.Error()
}
