package oauth

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"
)

// serviceAccount is what counts of the file that Google gives out for one.
type serviceAccount struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	KeyID    string `json:"private_key_id"`
	Key      string `json:"private_key"`
	TokenURL string `json:"token_uri"`
}

// assertion asks with a statement that the service account's key has signed (RFC 7523 section 2.1), by RS256.
func (c *Config) assertion(ctx context.Context) (oauth2.TokenSource, error) {
	data, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return nil, &Error{Local, fmt.Sprintf("key_file: %v", err)}
	}
	var s serviceAccount
	if err := json.Unmarshal(data, &s); err != nil || s.Type != "service_account" || s.Email == "" || s.Key == "" {
		return nil, &Error{Denied, fmt.Sprintf("key_file %s is not the JSON key of a service account", c.KeyFile)}
	}
	if !isRSA(s.Key) {
		return nil, &Error{Denied, fmt.Sprintf("key_file %s has no RSA key in private_key", c.KeyFile)}
	}
	endpoint := s.TokenURL
	if c.TokenURL != "" {
		endpoint = c.TokenURL
	}
	if !safeURL(endpoint) {
		return nil, &Error{Denied, fmt.Sprintf("key_file %s: token_uri %q is no https URL", c.KeyFile, endpoint)}
	}
	return (&jwt.Config{
		Email: s.Email, PrivateKey: []byte(s.Key), PrivateKeyID: s.KeyID, Subject: c.Subject, Scopes: c.Scopes, TokenURL: endpoint,
	}).TokenSource(ctx), nil
}

// isRSA tells whether a PEM text is an RSA key, in one of the two forms that there are.
func isRSA(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		_, ok := key.(*rsa.PrivateKey)
		return ok
	}
	_, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	return err == nil
}
