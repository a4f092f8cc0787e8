package auth

import (
	"crypto/tls"
	"strings"

	"github.com/xdg-go/scram"
)

// binding is what tells this TLS connection from any other: tls-exporter (RFC 9266) with TLS 1.3, tls-unique (RFC 5929
// section 3) before it, as RFC 5802 section 6 and RFC 9266 section 3 have it. It is empty where there is none.
func (c Connection) binding() scram.ChannelBinding {
	switch {
	case c.TLS == nil:
	case c.TLS.Version >= tls.VersionTLS13:
		if b, err := scram.NewTLSExporterBinding(c.TLS); err == nil {
			return b
		}
	case len(c.TLS.TLSUnique) > 0:
		return scram.NewTLSUniqueBinding(c.TLS.TLSUnique)
	}
	return scram.ChannelBinding{}
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
