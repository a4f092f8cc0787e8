package authtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"testing"
)

// TestLeak: each secret is found in what each mechanism sends, whoever signs in, and in no text without one.
func TestLeak(t *testing.T) {
	for _, secret := range Secrets {
		for _, user := range []string{"", "a", "an", "ann", "ann@example.org"} {
			for _, message := range []string{
				secret,                                 // LOGIN
				"\x00" + user + "\x00" + secret,        // PLAIN
				user + "\x00" + user + "\x00" + secret, // PLAIN for somebody else
				"user=" + user + "\x01auth=Bearer " + secret + "\x01\x01",           // XOAUTH2
				"n,a=" + user + ",\x01host=h\x01auth=Bearer " + secret + "\x01\x01", // OAUTHBEARER
			} {
				for _, shown := range []string{
					message, "C: AUTH X " + base64.StdEncoding.EncodeToString([]byte(message)), base64.RawURLEncoding.EncodeToString([]byte(message)),
					"https://h/?p=" + url.QueryEscape(message), "smtp://ann:" + url.PathEscape(secret) + "@h", fmt.Sprintf("%q", message), fmt.Sprintf("%x", message),
				} {
					if found, _ := Leak(shown); found != secret {
						t.Fatalf("%q is not found in %q but %q", secret, shown, found)
					}
				}
			}
		}
	}
	for shown, secret := range map[string]string{
		"&s=s3cret/of+the+client": Client, "s3cret%2fof%20the%20client": Client, "p%C3%A4%26ss+%22w%25rd/%2b=%5C": Odd, "100%-ses%61me open": SesameOpen,
	} {
		if found, _ := Leak(shown); found != secret {
			t.Errorf("%q is not found in %q but %q", secret, shown, found)
		}
	}
	for _, text := range []string{"", "sesame", "open sesame", "C: AUTH PLAIN [secret]", "S: 334 UGFzc3dvcmQ6", "correct", "staple"} {
		if secret, form := Leak(text); secret != "" {
			t.Errorf("%q is found as %q in %q", secret, form, text)
		}
	}
}
