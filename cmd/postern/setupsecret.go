package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"postern/auth"
	"postern/backend/discover"
	"postern/backend/smtp"
	"postern/conf"
)

const (
	// typingLimit is how long a person may take to find a password: an app password has to be made first.
	typingLimit = 15 * time.Minute
	// confirmLimit is what a server has to show that it is there.
	confirmLimit = 15 * time.Second
)

// credentials settles what the account signs in with, and asks for what is missing.
func (s *setup) credentials(ctx context.Context, found discover.Found) error {
	advice := found.Advice
	given := s.passwordFile != "" || s.passwordCommand != ""
	if advice.OnlyOAuth && s.oauth == "" && !given && !s.keyring {
		if advice.OAuth == "" {
			return configError{errors.New("the provider takes OAuth alone, and postern knows no provider for it: see oauth in postern.toml(5)")}
		}
		s.oauth = advice.OAuth
	}
	if s.oauth == "" && (s.clientID != "" || s.clientSecretFile != "") {
		return usageError{errors.New("--client-id and --client-secret-file are for --oauth")}
	}
	if s.oauth != "" && s.clientID == "" {
		fmt.Fprintf(s.say(), "Signing in with OAuth takes a client id of your own; postern.toml(5) tells how to come by one. %s\n", advice.URL)
		if s.clientID = s.ask.line(ctx, "Client id: "); s.clientID == "" {
			return configError{fmt.Errorf("there is no client id: give one with --oauth %s --client-id", s.oauth)}
		}
	}
	if s.oauth != "" || given {
		return nil
	}
	if advice.Password != "" {
		fmt.Fprintf(s.say(), "The password is %s: %s\n", advice.Password, advice.URL)
	}
	if s.keyring && s.offline {
		fmt.Fprintf(s.say(), "postern password set %s stores the password\n", s.name)
		return nil
	}
	var err error
	s.secret, err = s.typed(ctx, found.Servers[0])
	return err
}

// typed asks for the password, or reads it where nobody can be asked.
func (s *setup) typed(ctx context.Context, server discover.Server) (auth.Secret, error) {
	if !s.ask.person {
		return pipedPassword(s.std.in)
	}
	return auth.Source{Ask: true, User: server.User, Host: server.Host, Wait: typingLimit}.Fetch(ctx)
}

// usualPort is a backend's (RFC 8314 section 3.3).
func usualPort(backend string) int {
	return map[string]int{discover.TLS: 465, discover.StartTLS: 587}[backend]
}

// serverSettings is an account without a sign-in.
func (s *setup) serverSettings(server discover.Server) []conf.Setting {
	settings := []conf.Setting{{Key: "backend", Value: conf.Quote(server.Backend)}, {Key: "host", Value: conf.Quote(server.Host)}}
	if server.Port != usualPort(server.Backend) {
		settings = append(settings, conf.Setting{Key: "port", Value: strconv.Itoa(server.Port)})
	}
	if s.pin != "" {
		settings = append(settings, conf.Setting{Key: "tls", Value: conf.InlineTable(conf.Setting{Key: "pin", Value: conf.Quote(s.pin)})})
	}
	return settings
}

// settings is the account's table: as it is written, or for the trial, which has the password itself in it.
func (s *setup) settings(server discover.Server, trial bool) []conf.Setting {
	settings := append(s.serverSettings(server),
		conf.Setting{Key: "from", Value: conf.Quote(s.address)},
		conf.Setting{Key: "user", Value: conf.Quote(server.User)})
	key, value := "password", ""
	switch {
	case s.oauth != "":
		table := []conf.Setting{{Key: "provider", Value: conf.Quote(s.oauth)}, {Key: "client_id", Value: conf.Quote(s.clientID)}}
		if s.clientSecretFile != "" {
			table = append(table, conf.Setting{Key: "client_secret", Value: conf.InlineTable(conf.Setting{Key: "file", Value: conf.Quote(absolute(s.clientSecretFile))})})
		}
		key, value = "oauth", conf.InlineTable(table...)
	case s.passwordFile != "":
		value = conf.InlineTable(conf.Setting{Key: "file", Value: conf.Quote(absolute(s.passwordFile))})
	case s.passwordCommand != "":
		value = conf.InlineTable(conf.Setting{Key: "command", Value: conf.QuoteAll(strings.Fields(s.passwordCommand))})
	case trial && s.secret != "":
		value = conf.Quote(string(s.secret))
	case s.keyring:
		value = conf.InlineTable(conf.Setting{Key: "keyring", Value: "true"})
	default:
		value = conf.InlineTable(conf.Setting{Key: "file", Value: conf.Quote(s.secretFile())})
	}
	return append(settings, conf.Setting{Key: key, Value: value})
}

// secretFile is the file of a password that was typed, beside the configuration, as that names it.
func (s *setup) secretFile() string { return url.PathEscape(s.name) + ".password" }

// keep stores the password that was typed. undo takes it back.
func (s *setup) keep(ctx context.Context, server discover.Server) (undo func(), err error) {
	undo = func() {}
	if s.secret == "" {
		return undo, nil
	}
	if s.keyring {
		account, transport, err := s.draft(s.settings(server, false))
		if err != nil {
			return undo, err
		}
		defer transport.Close()
		item, _, err := smtp.KeyringItem(account)
		if err != nil {
			return undo, err
		}
		if err := item.Set(ctx, s.secret); err != nil {
			return undo, keyringError(err)
		}
		return func() { _ = item.Delete(ctx) }, nil
	}
	name := filepath.Join(filepath.Dir(s.file), s.secretFile())
	if !s.replace {
		undo = func() { _ = os.Remove(name) }
	}
	return undo, editError(conf.WriteSecret(name, string(s.secret), s.replace))
}

// splitServer takes host:port apart; the port may be missing.
func splitServer(text string) (host string, port int, err error) {
	host, digits := text, ""
	if strings.HasPrefix(text, "[") || strings.Count(text, ":") == 1 {
		if host, digits, err = net.SplitHostPort(text); err != nil {
			return "", 0, errors.New("should be host:port")
		}
		if port, err = strconv.Atoi(digits); err != nil || port < 1 || port > 65535 {
			return "", 0, errors.New("has no port from 1 to 65535 behind its colon")
		}
	}
	if host == "" || strings.ContainsAny(host, "@/ ") {
		return "", 0, errors.New("should be host:port")
	}
	return host, port, nil
}
