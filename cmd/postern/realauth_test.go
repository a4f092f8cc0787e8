//go:build linux

package main_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"postern/auth/authtest"
)

// realMechanisms are what Dovecot has, and works through Postfix. testCertificate is about EXTERNAL.
var realMechanisms = []string{
	"plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "oauthbearer", "xoauth2", "anonymous",
}

// realDovecotConf is Dovecot as who signs in for Postfix. Its own submission service is for EXTERNAL, since Postfix
// doesn't pass on whose certificate it was; it hands on to the plain port.
const realDovecotConf = `protocols = submission
listen = 127.0.0.1
ssl = yes
ssl_cert = </etc/tls/cert.pem
ssl_key = </etc/tls/key.pem
ssl_ca = </etc/tls/ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
log_path = /var/log/dovecot.log
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2 anonymous external
auth_failure_delay = 0
submission_relay_host = 127.0.0.1
submission_relay_port = %[2]d
submission_relay_trusted = no
submission_relay_user = ann
submission_relay_password = correct horse, battery = staple
mail_location = maildir:/mail/%%u
userdb {
  driver = static
  args = uid=64105 gid=64105 home=/mail
}
passdb {
  driver = static
  mechanisms = external
  args = nopassword
}
service submission-login {
  inet_listener submission {
    port = %[1]d
  }
  inet_listener submissions {
    port = 0
  }
}
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = /etc/dovecot/oauth2.conf
}
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`

// realOAuthConf has Dovecot judge tokens by itself: those that realToken signs.
const realOAuthConf = `introspection_mode = local
local_validation_key_dict = fs:posix:prefix=/etc/dovecot/keys/
username_attribute = sub
`

// The key that tokens are signed with: file and name are what Dovecot looks for, by realm, algorithm and key.
const (
	realTokenKey     = "a key that only the test's own server knows"
	realTokenKeyFile = "etc/dovecot/keys/default/HS256/default"
)

// realToken is an access token in JWT form (RFC 7519).
func realToken(user string, lasts time.Duration) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, user, time.Now().Add(-2*time.Hour).Unix(), time.Now().Add(lasts).Unix())
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte(realTokenKey))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// testSignIn sends with each mechanism; a wrong secret ends with EX_NOPERM, and nothing is sent.
func (c realClient) testSignIn(t *testing.T) {
	for _, mechanism := range realMechanisms {
		right, wrong, said := c, c, "535"
		right.auth, wrong.auth, wrong.password = mechanism, mechanism, authtest.Hunter
		switch mechanism {
		case "oauthbearer", "xoauth2":
			right.password, wrong.password = realToken(realUser, time.Hour), realToken(realUser, -time.Hour)
			said = map[string]string{"oauthbearer": "status invalid_token", "xoauth2": "status 401"}[mechanism]
		case "anonymous":
			right.name = "anonymous"
		}
		t.Run(mechanism, func(t *testing.T) { right.delivers(t, mechanism, realBody) })
		if mechanism == "anonymous" {
			continue // there is no secret to be wrong
		}
		t.Run(mechanism+" with a wrong secret", func(t *testing.T) {
			sent, _ := realMessage(c.backend+"-wrong-"+mechanism, c.backend+"-wrong-"+mechanism+"-bcc", "must not arrive\n")
			wrong.send(t, sent, 77, said)
			right.delivers(t, "wrong-"+mechanism, "the only message\n")
		})
	}
}

// testAuto has postern choose among all that Dovecot offers.
func (c realClient) testAuto(t *testing.T) {
	c.auth = "auto"
	c.delivers(t, "auto", "chosen\n")
}

// testCertificate signs in with a certificate alone, to Dovecot's submission service.
func testCertificate(t *testing.T, servers *realServers, sendmail string) {
	tls := filepath.Join(servers.root, "etc/tls")
	keys := fmt.Sprintf("backend = \"starttls\"\nhost = \"localhost\"\nport = %d\nauth = \"auto\"\n"+
		"tls = { ca = \"%[2]s/ca.pem\", cert = \"%[2]s/cert.pem\", key = \"%[2]s/key.pem\" }\n", servers.ports["submission"], tls)
	text := fmt.Sprintf(realHead, "certificate", "") + "no password\n"
	runRealSendmail(t, sendmail, keys, text, []string{"-t"}, 0, "C: AUTH EXTERNAL [empty]\nS: 235 ")
	servers.arrived(t, "certificate", text)
}
