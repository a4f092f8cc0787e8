package auth

import (
	"context"

	"github.com/emersion/go-sasl"
)

// anonymous is RFC 4505: no sign-in but in form. The user, where the account has one, is passed on as a trace. It has
// to be asked for by name.
var anonymous = Mechanism{
	Name:  sasl.Anonymous,
	Lacks: func(*Credentials) string { return "" },
	New: func(_ context.Context, have *Credentials, _ Connection) (Client, Secret, error) {
		return oneMessage{sasl.Anonymous, have.User}, "", nil
	},
}
