package authtest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The secrets that the tests sign in with.
const (
	SesameOpen = "sesame open"
	Horse      = "correct horse"
	Battery    = "battery staple"
	Unquoted   = "correcthorse"
	RealServer = "correct horse, battery = staple" // at Postfix and Dovecot
	Hunter     = "hunter2"
	Token      = "ya29.sesame-0123456789"
	Client     = "s3cret/of the client"
	Access     = "access-token-"  // with a number behind it
	Refresh    = "refresh-token-" // the same
	Proxy      = "pr0xy s%cret"
	Odd        = `pä&ss "w%rd/+=\` // looks different in every encoding
)

// Secrets are all of them, one that holds another before it: whatever a test gets to see is searched for each.
var Secrets = []string{RealServer, SesameOpen, Horse, Battery, Unquoted, Hunter, Token, Client, Access, Refresh, Proxy, Odd}

// Leak is the first of the secrets, or of more, that shows in text, and the form in which it does; both are empty where
// none shows.
func Leak(text string, more ...string) (secret, form string) {
	fromURL := []string{unescaped(text), unescaped(strings.ReplaceAll(text, "+", " "))}
	for _, secret := range slices.Concat(Secrets, more) {
		for _, form := range forms(secret) {
			if strings.Contains(text, form) {
				return secret, form
			}
		}
		// Which characters have to be encoded is told in several ways.
		if slices.ContainsFunc(fromURL, func(text string) bool { return strings.Contains(text, secret) }) {
			return secret, url.QueryEscape(secret)
		}
	}
	return "", ""
}

// unescaped is a text with the octets that its percent signs stand for, as far as they stand for any.
func unescaped(text string) string {
	return percent.ReplaceAllStringFunc(text, func(code string) string {
		octet, _ := hex.DecodeString(code[1:])
		return string(octet)
	})
}

var percent = regexp.MustCompile("%[0-9A-Fa-f]{2}")

// forms are the ways in which a secret can be written, by itself or within the messages of any SASL mechanism: PLAIN,
// LOGIN, XOAUTH2 and OAUTHBEARER have it as it is somewhere in what base64 encodes.
func forms(secret string) []string {
	quoted := strconv.Quote(secret)
	inJSON, _ := json.Marshal(secret)
	all := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), quoted[1 : len(quoted)-1], string(inJSON[1 : len(inJSON)-1]),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
		strings.NewReplacer("=", "=3D", ",", "=2C").Replace(secret), // saslname, RFC 5802
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		// Three octets are four letters, so the same octets look different at each of three places. The letters that
		// also depend on the neighbours are left out.
		for before := range 3 {
			text := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
			first := (before*8 + 5) / 6
			last := (before + len(secret)) * 8 / 6
			all = append(all, text[first:last])
		}
	}
	return all
}
