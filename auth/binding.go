package auth

import (
	"crypto/tls"
	"strings"

	"github.com/xdg-go/scram"
)

// binding is what tells this TLS connection from any other: tls-exporter (RFC 9266) with TLS 1.3, tls-unique (RFC 5929
// section 3) before it, as RFC 5802 section 6 and RFC 9266 section 3 have it. It is empty where there is none.
//
// Before TLS 1.3 somebody in between can have the same master secret on both sides, and then the same tls-unique, unless
// the secret covers its handshake (RFC 7627 section 1). Where it doesn't, and where handshakes may be repeated,
// crypto/tls exports nothing.
func (c Connection) binding() scram.ChannelBinding {
	if c.TLS == nil {
		return scram.ChannelBinding{}
	}
	exported, err := scram.NewTLSExporterBinding(c.TLS)
	switch {
	case err != nil:
		return scram.ChannelBinding{}
	case c.TLS.Version >= tls.VersionTLS13:
		return exported
	}
	return scram.NewTLSUniqueBinding(c.TLS.TLSUnique) // none where an older connection is taken up again
}

// offersBinding tells whether the server has a mechanism that binds.
func (c Connection) offersBinding() bool {
	for _, o := range c.Offered {
		if strings.HasSuffix(strings.ToUpper(o), plus) {
			return true
		}
	}
	return false
}
