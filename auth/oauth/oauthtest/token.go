package oauthtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/auth/authtest"
)

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	grant := r.FormValue("grant_type")
	grant = grant[strings.LastIndex(grant, ":")+1:]
	s.Asked = append(s.Asked, grant)
	if len(s.Next) > 0 {
		s.say(w, r, &s.Next)
		return
	}
	if grant == "jwt-bearer" {
		if err := s.verify(r.FormValue("assertion")); err != nil {
			refuse(w, "invalid_grant", err.Error())
			return
		}
		s.give(w, false)
		return
	}
	if !isClient(r) {
		refuse(w, "invalid_client", "the client is not known")
		return
	}
	switch grant {
	case "authorization_code":
		c, ok := s.codes[r.FormValue("code")]
		delete(s.codes, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if !ok || c.redirect != r.FormValue("redirect_uri") || c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
			refuse(w, "invalid_grant", "the code, the redirect or the verifier is wrong")
			return
		}
	case "device_code":
		if r.FormValue("device_code") != "the-device-code" {
			refuse(w, "invalid_grant", "")
			return
		}
		if len(s.Pending) > 0 {
			code := s.Pending[0]
			s.Pending = s.Pending[1:]
			if code == "503" {
				http.Error(w, "out of order", http.StatusServiceUnavailable)
				return
			}
			refuse(w, code, "")
			return
		}
	case "refresh_token":
		if s.ended || r.FormValue("refresh_token") != s.refresh {
			s.ended = true // RFC 9700 section 4.14.2: one of the two who have it has stolen it
			refuse(w, "invalid_grant", "Token has been expired or revoked.")
			return
		}
	case "client_credentials":
		s.give(w, false)
		return
	default:
		refuse(w, "unsupported_grant_type", "")
		return
	}
	s.give(w, true)
}

// give answers with new tokens.
func (s *Server) give(w http.ResponseWriter, refreshable bool) {
	s.given++
	body := map[string]any{"access_token": fmt.Sprint(authtest.Access, s.given), "token_type": "Bearer"}
	if s.ExpiresIn != nil {
		body["expires_in"] = s.ExpiresIn
	}
	if refreshable && !s.NoRefresh && (!s.Fixed || s.refresh == "") {
		s.refresh, s.ended = fmt.Sprint(authtest.Refresh, s.given), false
		body["refresh_token"] = s.refresh
	}
	reply(w, http.StatusOK, body)
}

// isClient tells whether a request is the client's, by either of the ways of RFC 6749 section 2.3.1.
func isClient(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if !ok {
		return r.FormValue("client_id") == ClientID && (r.FormValue("client_secret") == Secret || r.FormValue("client_secret") == "")
	}
	id, err := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	return err == nil && err2 == nil && id == ClientID && secret == Secret
}

// verify checks an assertion (RFC 7523 section 3).
func (s *Server) verify(assertion string) error {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return fmt.Errorf("an assertion of %d parts", len(parts))
	}
	var head map[string]any
	for i, v := range []any{&head, &s.Claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(data, v)
		}
		if err != nil {
			return err
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(s.Key, crypto.SHA256, sum[:], signature); err != nil {
		return err
	}
	expires, _ := s.Claims["exp"].(float64)
	if head["alg"] != "RS256" || s.Claims["aud"] != s.Audience || time.Until(time.Unix(int64(expires), 0)) > time.Hour {
		return fmt.Errorf("head %v, claims %v", head, s.Claims)
	}
	return nil
}
