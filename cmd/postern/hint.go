package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"postern/auth"
	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
)

// hint is what to do about an error, where there is something that the error itself doesn't say; else it is empty.
func hint(err error) string {
	var (
		send      *backend.Error
		owner     withAccount
		cert      *smtp.CertificateError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		dial      *smtp.DialError
		reach     *smtp.ReachError
		noTLS     smtp.NoTLSError
		ours      *smtp.NoCertificateError
		missing   *auth.MissingError
	)
	key := "the account"
	if errors.As(err, &owner) {
		key = "account." + owner.account.Name
	}
	switch errors.As(err, &send); {
	case errors.As(err, &cert) && cert.Pinned:
		return fmt.Sprintf("tls.pin has this certificate; tls.ca, which %s has or extends, has to have its authority as well: set ca = [] beside pin to do without", key)
	case errors.As(err, &cert) && errors.As(err, &authority):
		return fmt.Sprintf("if you trust this server, set tls = { pin = [\"sha256:%s\"] } in %s, or tls.ca to the file of its authority", cert.KeyPin, key)
	case errors.As(err, &cert) && errors.Is(err, smtp.ErrPin):
		return fmt.Sprintf("if the server has a new key, and you trust it, add \"sha256:%s\" to tls.pin in %s", cert.KeyPin, key)
	case errors.As(err, &name):
		return fmt.Sprintf("if a name in the certificate is your provider's own, set host in %s to it, or tls.server_name if host is right as it is", key)
	case errors.As(err, &cert) && errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return "check the clock of this machine, by which the certificate is not valid yet"
	case errors.As(err, &cert) && errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the server needs a new certificate, if the clock of this machine is right; to trust this one as it is, set tls = { pin = [\"sha256:%s\"] } in %s", cert.KeyPin, key)
	case errors.Is(err, auth.ErrCleartext):
		return fmt.Sprintf("set backend in %s to starttls or tls; insecure_auth = true sends the password in clear", key)
	case errors.Is(err, auth.ErrNoPassword) && owner.account != nil:
		return fmt.Sprintf("set password in %s, to { command = [...] } or { file = ... } say; or run \"postern password set %s\" and set it to { keyring = true }", key, owner.account.Name)
	case errors.As(err, &missing) && owner.account != nil:
		return fmt.Sprintf("\"postern password set %s\" stores it", owner.account.Name)
	case errors.Is(err, auth.ErrNoKeyring) && owner.account != nil:
		return fmt.Sprintf("outside of a desktop session, as under cron, set password in %s to { command = [...] }, { file = ... } or { credential = ... }", key)
	case errors.Is(err, auth.ErrNotOffered) && owner.account != nil && owner.account.Backend == "plain":
		return fmt.Sprintf("many servers offer it only behind TLS: set backend in %s to starttls or tls", key)
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Sprintf("check command in %s, and PATH where it names no folder", key)
	case errors.As(err, &reach):
		return reachHint(reach, key, func(port int) string { return fmt.Sprintf("set %s in %s", portSetting(port), key) })
	case errors.As(err, &dial) && errors.Is(err, syscall.ECONNREFUSED) && send != nil && strings.HasPrefix(send.Stage, "proxy "):
		return fmt.Sprintf("no proxy listens there: check proxy in %s", key)
	case errors.As(err, &dial) && errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: " + otherPort(dial.Addr)
	case errors.Is(err, conf.ErrNoFile):
		return "\"postern setup\" and your address make one"
	case send == nil:
		return ""
	case send.Kind == backend.NoHost && send.Stage == "name lookup" && owner.account != nil:
		return fmt.Sprintf("check host in %s", key)
	case send.Kind == backend.Again && send.Stage == "name lookup":
		return "the DNS gives no answer: check the network, and the name servers in /etc/resolv.conf"
	case send.Kind == backend.Denied && strings.HasPrefix(send.Stage, "proxy "):
		return fmt.Sprintf("check the user and the password in proxy of %s", key)
	case smtp.SMTPAuthOff(send):
		return "an administrator has to enable SMTP AUTH: for the mailbox as \"Authenticated SMTP\" among its email apps in the Microsoft 365 admin center, for the organisation with Set-TransportConfig -SmtpClientAuthenticationDisabled $false"
	case send.Stage == "AUTH" && send.Code == 535 && strings.Contains(strings.ToLower(send.Text), "basic authentication is disabled"):
		return fmt.Sprintf("the provider takes no passwords any more: set oauth = { provider = \"microsoft\", client_id = ... } in %s in place of password", key)
	case send.Stage == "AUTH" && send.Code == 535 && signInBy(owner.account) == byToken:
		return fmt.Sprintf("the server does not take the token that password of %s gives: it may have ended, or be for another user", key)
	case send.Stage == "AUTH" && send.Code == 535 && signInBy(owner.account) == byOAuth:
		return fmt.Sprintf("the server does not take the token: check user and oauth.scopes of %s, and who has signed in; postern login %s signs in anew", key, owner.account.Name)
	case send.Stage == "AUTH" && send.Code == 535 && signInBy(owner.account) == byCertificate:
		return fmt.Sprintf("the server does not take the certificate: check tls.cert of %s", key)
	case send.Stage == "AUTH" && send.Code == 535:
		return fmt.Sprintf("check user and password of %s; many providers want an app password in place of the usual one", key)
	case errors.As(err, &ours):
		return fmt.Sprintf("set tls = { cert = ..., key = ... } in %s", key)
	case errors.As(err, &noTLS) && owner.account != nil && owner.account.Backend == "tls":
		return fmt.Sprintf("port 587 wants backend = \"starttls\" in %s", key)
	case send.Stage == "greeting" && send.Code == 0 && owner.account != nil && owner.account.Backend == "starttls":
		return fmt.Sprintf("a server that begins with TLS says nothing here: port 465 wants backend = \"tls\" in %s", key)
	case send.Stage == "greeting" && send.Code == 0 && owner.account == nil:
		return "a server that begins with TLS says nothing here: --backend tls asks it by that"
	case send.Code == 530 && strings.Contains(send.Text, "STARTTLS"): // RFC 3207 section 4
		return fmt.Sprintf("set backend = \"starttls\" in %s", key)
	case send.Code == 530 && strings.HasPrefix(send.Stage, "MAIL"):
		return fmt.Sprintf("the server wants a sign-in: set user and password in %s", key)
	case send.Kind == backend.NoRecipient && strings.HasPrefix(send.Stage, "RCPT") && !strings.Contains(send.Stage, "@"):
		return fmt.Sprintf("a name without a domain: set domain in %s, or an address for it in [aliases]", key)
	}
	return ""
}

// credential is what an account signs in with.
type credential int

const (
	byPassword credential = iota
	byOAuth               // a token by the oauth table
	byToken               // a token that password gives
	byCertificate
)

// signInBy is what an account signs in with.
func signInBy(a *conf.Account) credential {
	var k struct {
		Auth     string         `toml:"auth"`
		Password *conf.Password `toml:"password"`
		TLS      struct {
			Cert string `toml:"cert"`
		} `toml:"tls"`
	}
	if a == nil || a.Decode(&k) != nil {
		return byPassword
	}
	tokens, err := smtp.OAuth(a)
	named := strings.ToLower(k.Auth)
	free := named == "" || named == "auto"
	switch {
	case err == nil && tokens != nil && (free || named == "xoauth2" || named == "oauthbearer"):
		return byOAuth
	case named == "xoauth2" || named == "oauthbearer":
		return byToken
	case named == "external" || free && k.TLS.Cert != "" && k.Password == nil:
		return byCertificate
	}
	return byPassword
}

// otherPort names the port that a provider may have instead.
func otherPort(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "check host"
	}
	other := map[string]string{
		"25":  "587 with backend = \"starttls\"",
		"587": "465 with backend = \"tls\"",
		"465": "587 with backend = \"starttls\"",
	}[port]
	if other == "" {
		return fmt.Sprintf("check that %s and port %s are right", host, port)
	}
	return fmt.Sprintf("check host and port; the usual other port is %s", other)
}
