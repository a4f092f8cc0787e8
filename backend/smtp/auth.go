package smtp

import (
	"encoding/base64"
	"errors"
	"strings"

	"postern/auth"
	"postern/backend"
)

// maxAuthLine bounds an AUTH command with its initial response; a longer one waits for the 334 (RFC 4954 section 4).
const maxAuthLine = 512

// authenticate signs in as the account says (RFC 4954). An account with auth never goes on without it.
func (s *session) authenticate() *backend.Error {
	if s.Auth == "none" {
		return nil
	}
	defer func() { s.told = s.conn.secrets }() // a server may have a memory
	mech, err := auth.Choose(s.mechanisms(), s.Auth, s.mayShowPassword())
	if err != nil {
		kind := backend.Refused
		if errors.Is(err, auth.ErrCleartext) {
			kind = backend.Denied
		}
		return &backend.Error{Kind: kind, Server: s.Host, Stage: stageAUTH.name, Err: err}
	}
	client, secret, err := mech.New(s.ctx, &auth.Credentials{User: s.User, Password: auth.Source(s.Password)})
	if err != nil {
		return &backend.Error{Kind: backend.Denied, Server: s.Host, Stage: stageAUTH.name, Err: err}
	}
	s.conn.keepSecret(sanitise(string(secret))) // as a reply would show it
	s.conn.keepSecret(encode([]byte(secret)))
	name, initial, err := client.Start()
	if err != nil {
		return s.failure(stageAUTH, err)
	}
	cmd := command{stage: stageAUTH, line: "AUTH " + name}
	if initial != nil {
		s.conn.keepSecret(encode(initial))
		if line := cmd.line + " " + encode(initial); len(line)+len("\r\n") <= maxAuthLine {
			cmd.shown, cmd.line, initial = cmd.line+" [secret]", line, nil
		}
	}
	for {
		r, failed := s.askShown(cmd)
		switch {
		case failed != nil:
			return failed
		case r.code == 235:
			return nil
		case r.code != 334:
			return s.refusal(stageAUTH.name, backend.Denied, r)
		}
		response, err := initial, error(nil)
		if initial = nil; response == nil {
			response, err = client.Next(s.challenge(r))
		}
		if err != nil {
			return s.giveUp(name, err)
		}
		s.conn.keepSecret(encode(response))
		cmd = command{stage: stageAUTH, line: encode(response), shown: "[secret]"}
	}
}

// mechanisms are what the server offers; nil where it could not say.
func (s *session) mechanisms() []string {
	if s.offers == nil {
		return nil
	}
	return append([]string{}, s.offers["AUTH"]...)
}

// mayShowPassword tells whether a password may cross the connection as it is.
func (s *session) mayShowPassword() bool {
	switch {
	case s.encrypted:
		return true
	case s.InsecureAuth != nil:
		return *s.InsecureAuth
	}
	return loopback(s.conn.net)
}

// giveUp cancels an exchange that the mechanism can't go on with; the server answers 501.
func (s *session) giveUp(mechanism string, cause error) *backend.Error {
	if _, err := s.ask(stageAUTH, "*"); err != nil {
		return err
	}
	text := mechanism + ": " + strings.TrimPrefix(cause.Error(), "sasl: ")
	return &backend.Error{Kind: backend.Protocol, Server: s.Host, Stage: stageAUTH.name, Text: text}
}

// encode writes a response; an empty one is "=" (RFC 4954 section 4).
func encode(response []byte) string {
	if len(response) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(response)
}

// challenge is what a 334 asks. Some servers don't encode it; then it is passed on as it stands, for the mechanism to
// judge.
func (s *session) challenge(r reply) []byte {
	decoded, err := base64.StdEncoding.DecodeString(r.asked)
	if err != nil {
		return []byte(r.asked)
	}
	if prompt := string(decoded); prompt != "" && sanitise(prompt) == prompt {
		s.conn.dialogue.note("in base64: %s", s.conn.hide(prompt))
	}
	return decoded
}
