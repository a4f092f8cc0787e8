package auth

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"errors"

	"github.com/emersion/go-sasl"
)

// cramMD5 is RFC 2195: the password's keyed digest of what the server asks with.
var cramMD5 = Mechanism{
	Name:  "CRAM-MD5",
	Fits:  hasPassword,
	Lacks: lacksPassword,
	New: func(ctx context.Context, have *Credentials, _ Connection) (Client, Secret, error) {
		password, err := have.Password.Fetch(ctx)
		if err != nil {
			return nil, "", err
		}
		return &cramMD5Client{user: have.User, password: password}, password, nil
	},
}

type cramMD5Client struct {
	user     string
	password Secret
	answered bool
}

// Start gives no initial response: the server speaks first.
func (c *cramMD5Client) Start() (mech string, ir []byte, err error) {
	return "CRAM-MD5", nil, nil
}

func (c *cramMD5Client) Next(challenge []byte) (response []byte, err error) {
	switch {
	case c.answered:
		return nil, sasl.ErrUnexpectedServerChallenge
	case len(challenge) == 0: // the digest of nothing is good for ever, for whoever has seen it
		return nil, errors.New("the challenge is empty")
	}
	c.answered = true
	mac := hmac.New(md5.New, []byte(c.password))
	mac.Write(challenge)
	return []byte(c.user + " " + hex.EncodeToString(mac.Sum(nil))), nil
}
