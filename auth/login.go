package auth

import (
	"context"

	"github.com/emersion/go-sasl"
)

// login is the mechanism of draft-murchison-sasl-login: the server asks for the user, then for the password. What it
// asks with differs from server to server ("Username:", "User Name", nothing), so only the order counts.
var login = Mechanism{
	Name:      sasl.Login,
	Cleartext: true,
	Fits:      hasPassword,
	Lacks:     lacksPassword,
	New: func(ctx context.Context, have *Credentials, _ Connection) (Client, Secret, error) {
		password, err := have.Password.Fetch(ctx)
		if err != nil {
			return nil, "", err
		}
		return &loginClient{answers: []string{have.User, string(password)}}, password, nil
	},
}

type loginClient struct {
	answers []string // those not yet given
}

// Start gives no initial response: servers that take one are fewer than those that don't.
func (c *loginClient) Start() (mech string, ir []byte, err error) {
	return sasl.Login, nil, nil
}

func (c *loginClient) Next([]byte) (response []byte, err error) {
	if len(c.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	response, c.answers = []byte(c.answers[0]), c.answers[1:]
	return response, nil
}
