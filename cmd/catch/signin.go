package catch

import (
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// AuthMechanisms is what EHLO offers.
func (s *session) AuthMechanisms() []string {
	if !s.server.options.Auth {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth is the server's side of one sign-in.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error { return s.signIn(mechanism, user, password) }
	switch {
	case !s.server.options.Auth:
		return nil, smtp.ErrAuthUnsupported
	case mechanism == sasl.Login:
		return &loginServer{check: check}, nil
	case mechanism == sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// signIn decides about a user. The password goes no further.
func (s *session) signIn(mechanism, user, password string) error {
	s.server.pause()
	if s.server.options.Faults.WrongPassword {
		s.fault("wrong-password", "told "+user+" 535, whatever the password")
		return smtp.ErrAuthFailed
	}
	if check := s.server.options.Check; check != nil && !check(user, password) {
		return smtp.ErrAuthFailed
	}
	s.lock.Lock()
	s.user, s.mechanism = user, mechanism
	s.lock.Unlock()
	s.note("signed in as " + user + " by " + mechanism)
	return nil
}

// loginServer is the server's side of LOGIN: two prompts.
type loginServer struct {
	user  string
	asked int
	check func(user, password string) error
}

// Next takes what the client says, and has the next prompt.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch {
	case l.asked == 1 && response == nil:
		return []byte("Username:"), false, nil
	case l.asked == 1: // some clients send the user with the command
		l.asked++
		fallthrough
	case l.asked == 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}
