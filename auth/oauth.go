package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
)

// hasToken is for the mechanisms that show an OAuth access token.
func hasToken(have *Credentials) bool { return have.Token != nil }

// lacksToken tells what is missing to show a token. A password that was set for such a mechanism is the token: programs
// that fetch one are used that way.
func lacksToken(have *Credentials) string {
	if have.Token == nil && !have.Password.Given() {
		return "password"
	}
	return ""
}

func fetchToken(ctx context.Context, have *Credentials) (Secret, error) {
	if strings.ContainsFunc(have.User, func(r rune) bool { return r < ' ' }) {
		return "", errors.New("a control character in user, which would end its field early")
	}
	fetch := have.Token
	if fetch == nil {
		fetch = have.Password.Fetch
	}
	token, err := fetch(ctx)
	if err != nil {
		return "", err
	}
	// RFC 6750 section 2.1 has fewer characters still.
	if strings.ContainsFunc(string(token), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the access token has a space or another character that none has")
	}
	return token, nil
}

// oauthClient says who we are in one message. A server that refuses tells why in a challenge, and refuses in its reply
// to the answer.
type oauthClient struct {
	oneMessage
	answer  string // to a challenge that tells why
	refused bool
	reason  string
}

func (c *oauthClient) Next(challenge []byte) (response []byte, err error) {
	if c.refused {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	c.refused = true
	c.reason = readRefusal(challenge)
	return []byte(c.answer), nil
}

// Reason is what the server's challenge said.
func (c *oauthClient) Reason() string { return c.reason }

// Proven refuses a success that comes after a refusal: the server must fail then (RFC 7628 section 3.2.3).
func (c *oauthClient) Proven() error {
	if c.refused {
		return errors.New("a success after the server has refused the access token")
	}
	return nil
}

// readRefusal is the status of an error challenge, with the scope that is wanted (RFC 7628 section 3.2.2).
func readRefusal(challenge []byte) string {
	var said struct {
		Status any // a word, or with Google and Microsoft the number of HTTP's
		Scope  string
	}
	if json.Unmarshal(challenge, &said) != nil || said.Status == nil {
		return ""
	}
	status := fmt.Sprint("status ", said.Status)
	if said.Scope != "" {
		return status + ", scope " + said.Scope
	}
	return status
}
