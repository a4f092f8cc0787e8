package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// SCRAM (RFC 5802, RFC 7677) shows the server no password, and has it prove that it knows the password's keys. The
// -PLUS forms also bind the sign-in to the TLS connection, so that nobody in between can pass it on.
var (
	scramSHA256Plus = newSCRAM("SCRAM-SHA-256"+plus, scram.SHA256)
	scramSHA1Plus   = newSCRAM("SCRAM-SHA-1"+plus, scram.SHA1)
	scramSHA256     = newSCRAM("SCRAM-SHA-256", scram.SHA256)
	scramSHA1       = newSCRAM("SCRAM-SHA-1", scram.SHA1)
)

const (
	plus      = "-PLUS"
	minRounds = 4096 // RFC 5802 section 5.1, under i
	// maxRounds bounds the hashing that a server can ask for. It takes some tenths of a second, and is what is
	// recommended for storing passwords; servers ask for 4,096 to 100,000.
	maxRounds = 600_000
)

func newSCRAM(name string, hash scram.HashGeneratorFcn) Mechanism {
	return Mechanism{
		Name:  name,
		Binds: strings.HasSuffix(name, plus),
		Fits:  hasPassword,
		Lacks: lacksPassword,
		New: func(ctx context.Context, have *Credentials, over Connection) (Client, Secret, error) {
			password, err := have.Password.Fetch(ctx)
			if err != nil {
				return nil, "", err
			}
			account, err := hash.NewClient(have.User, string(password), "")
			if err != nil {
				// What SASLprep refuses, such as letters newer than Unicode 3.2, was set where nobody prepared it.
				account, err = hash.NewClientUnprepped(have.User, string(password), "")
			}
			if err != nil {
				return nil, "", err
			}
			client, err := newSCRAMClient(name, hash, account, over)
			return client, password, err
		},
	}
}

// scramClient is one sign-in. The library makes the messages; what is looked at here is what it takes on trust.
type scramClient struct {
	name    string
	hash    scram.HashGeneratorFcn
	account *scram.Client
	talk    *scram.ClientConversation
	first   string // our first message without its GS2 header
	steps   int    // messages that we have made
	proof   string // what the server has to say in the end
	refused string // what it said instead
}

func newSCRAMClient(name string, hash scram.HashGeneratorFcn, account *scram.Client, over Connection) (*scramClient, error) {
	c := &scramClient{name: name, hash: hash, account: account}
	bound := over.binding()
	switch {
	case strings.HasSuffix(name, plus) && !bound.IsSupported():
		return nil, errNoTLS
	case strings.HasSuffix(name, plus):
		c.talk = account.NewConversationWithChannelBinding(bound)
	case bound.IsSupported() && over.Offered != nil && !over.offersBinding():
		// We could, and the server seems not to: if somebody has taken that out of its list, it will notice (RFC 5802
		// section 6).
		c.talk = account.NewConversationAdvertisingChannelBinding()
	default:
		c.talk = account.NewConversation()
	}
	return c, nil
}

func (c *scramClient) Start() (mech string, ir []byte, err error) {
	c.steps++
	first, err := c.talk.Step("")
	if err != nil {
		return "", nil, err
	}
	if parts := strings.SplitN(first, ",", 3); len(parts) == 3 { // the GS2 header has two commas (RFC 5802 section 7)
		c.first = parts[2]
	}
	return c.name, []byte(first), nil
}

func (c *scramClient) Next(challenge []byte) (response []byte, err error) {
	said := string(challenge)
	c.steps++
	reason, refused := strings.CutPrefix(said, "e=")
	switch {
	case c.steps > 3 || c.refused != "":
		return nil, sasl.ErrUnexpectedServerChallenge
	case refused: // the reply that tells so in words comes after our empty response
		c.refused, _, _ = strings.Cut(reason, ",")
		return []byte{}, nil
	case c.steps == 3:
		if _, err := c.talk.Step(said); err != nil {
			return nil, ErrUnproven
		}
		return []byte{}, nil // RFC 4954 section 4: the server's last message is a challenge too
	}
	factors, err := c.judge(said)
	if err != nil {
		return nil, err
	}
	last, err := c.talk.Step(said)
	if err != nil {
		return nil, err
	}
	return []byte(last), c.expect(factors, said, last)
}

// judge reads the server's first message (RFC 5802 section 7), and refuses what must not be answered.
func (c *scramClient) judge(said string) (scram.KeyFactors, error) {
	var factors scram.KeyFactors
	fields := strings.Split(said, ",")
	if len(fields) < 3 || !strings.HasPrefix(fields[0], "r=") || !strings.HasPrefix(fields[1], "s=") || !strings.HasPrefix(fields[2], "i=") {
		return factors, errors.New("the challenge is none of SCRAM's")
	}
	_, ours, _ := strings.Cut(c.first, ",r=")
	if theirs, ok := strings.CutPrefix(fields[0][2:], ours); !ok || theirs == "" { // section 5.1, under r
		return factors, errors.New("the server has not added to our nonce, so it may repeat an old exchange")
	}
	salt, err := base64.StdEncoding.DecodeString(fields[1][2:])
	if err != nil || len(salt) == 0 {
		return factors, errors.New("the challenge has no salt")
	}
	rounds, err := strconv.Atoi(fields[2][2:])
	switch {
	case err != nil:
		return factors, errors.New("the challenge has no count of rounds")
	case rounds < minRounds:
		return factors, fmt.Errorf("the server wants %d rounds of hashing, and at least %d are done", rounds, minRounds)
	case rounds > maxRounds:
		return factors, fmt.Errorf("the server wants %d rounds of hashing, and at most %d are done", rounds, maxRounds)
	}
	return scram.KeyFactors{Salt: string(salt), Iters: rounds}, nil
}

// expect works out the proof that the server has to give, which lets passwords be tried out by who sees it.
func (c *scramClient) expect(factors scram.KeyFactors, theirs, ours string) error {
	keys, err := c.account.GetStoredCredentialsWithError(factors) // the library has them at hand from making our message
	if err != nil {
		return err
	}
	withoutProof := ours[:strings.LastIndex(ours, ",p=")]
	mac := hmac.New(c.hash, keys.ServerKey)
	mac.Write([]byte(c.first + "," + theirs + "," + withoutProof))
	c.proof = "v=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return nil
}

// Expects is the server's proof, once it can be told.
func (c *scramClient) Expects() Secret { return Secret(c.proof) }

// Reason is what the server said in place of its proof (RFC 5802 section 7, server-error-value).
func (c *scramClient) Reason() string { return c.refused }

// Proven tells whether the server has given its proof.
func (c *scramClient) Proven() error {
	if !c.talk.Valid() {
		return ErrUnproven
	}
	return nil
}
