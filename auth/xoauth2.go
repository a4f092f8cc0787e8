package auth

import (
	"context"
)

// xoauth2 is what Google had before there was OAUTHBEARER, and all that Microsoft has
// (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol).
var xoauth2 = Mechanism{
	Name:      "XOAUTH2",
	Cleartext: true,
	Fits:      func(have *Credentials) bool { return hasToken(have) && have.User != "" },
	Lacks: func(have *Credentials) string {
		if have.User == "" {
			return "user"
		}
		return lacksToken(have)
	},
	New: func(ctx context.Context, have *Credentials, _ Connection) (Client, Secret, error) {
		token, err := fetchToken(ctx, have)
		if err != nil {
			return nil, "", err
		}
		// The answer to an error is empty.
		message := "user=" + have.User + "\x01auth=Bearer " + string(token) + "\x01\x01"
		return &oauthClient{oneMessage: oneMessage{"XOAUTH2", message}}, token, nil
	},
}
