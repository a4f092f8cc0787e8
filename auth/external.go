package auth

import (
	"context"

	"github.com/emersion/go-sasl"
)

// external is RFC 4422 appendix A: the client certificate of the TLS connection says who we are. The user, where the
// account has one, says whom to act as.
var external = Mechanism{
	Name: sasl.External,
	Fits: func(have *Credentials) bool {
		return have.Certificate && have.Token == nil && !have.Password.Given()
	},
	Lacks: func(have *Credentials) string {
		if !have.Certificate {
			return "tls.cert"
		}
		return ""
	},
	New: func(_ context.Context, have *Credentials, _ Connection) (Client, Secret, error) {
		return oneMessage{sasl.External, have.User}, "", nil
	},
}

// oneMessage is a client that says one thing, possibly nothing, and is done.
type oneMessage struct{ name, message string }

func (c oneMessage) Start() (mech string, ir []byte, err error) {
	return c.name, []byte(c.message), nil
}

func (c oneMessage) Next([]byte) (response []byte, err error) {
	return nil, sasl.ErrUnexpectedServerChallenge
}
