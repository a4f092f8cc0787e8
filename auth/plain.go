package auth

import (
	"context"
	"errors"
	"strings"

	"github.com/emersion/go-sasl"
)

// plain is RFC 4616: user and password in one message.
var plain = Mechanism{
	Name:      sasl.Plain,
	Cleartext: true,
	Fits:      hasPassword,
	Lacks:     lacksPassword,
	New: func(ctx context.Context, have *Credentials, _ Connection) (Client, Secret, error) {
		password, err := have.Password.Fetch(ctx)
		if err != nil {
			return nil, "", err
		}
		// NUL parts the fields, so a NUL in one would shift them (RFC 4616 section 2).
		if strings.ContainsRune(have.User+string(password), 0) {
			return nil, "", errors.New("a NUL in user or password, which PLAIN can't carry")
		}
		return sasl.NewPlainClient("", have.User, string(password)), password, nil
	},
}
