package auth

import (
	"context"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
)

// oauthBearer is RFC 7628: an OAuth access token as a bearer shows it.
var oauthBearer = Mechanism{
	Name:      sasl.OAuthBearer,
	Cleartext: true,
	Fits:      hasToken,
	Lacks:     lacksToken,
	New: func(ctx context.Context, have *Credentials, over Connection) (Client, Secret, error) {
		token, err := fetchToken(ctx, have)
		if err != nil {
			return nil, "", err
		}
		// Section 3.2.3: the answer to an error is the separator alone.
		return &oauthClient{oneMessage: oneMessage{sasl.OAuthBearer, bearerMessage(have.User, token, over)}, answer: "\x01"}, token, nil
	},
}

// bearerMessage is the client's response (section 3.1): a GS2 header with the user (RFC 5801 section 4), then fields
// that each end with the separator.
func bearerMessage(user string, token Secret, over Connection) string {
	var b strings.Builder
	b.WriteString("n,")
	if user != "" {
		b.WriteString("a=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(user))
	}
	b.WriteString(",\x01")
	if over.Host != "" {
		b.WriteString("host=" + over.Host + "\x01port=" + strconv.Itoa(over.Port) + "\x01")
	}
	b.WriteString("auth=Bearer " + string(token) + "\x01\x01")
	return b.String()
}
