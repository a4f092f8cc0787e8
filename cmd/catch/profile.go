package catch

import (
	"fmt"
	"strings"
)

// Profile is an account of postern's that sends to this server. Its domain is for names such as root, which go-smtp
// doesn't take.
func (s *Server) Profile() string {
	backend := "plain"
	switch {
	case s.options.TLS:
		backend = "tls"
	case s.options.StartTLS || s.options.Faults.NoStartTLS:
		backend = "starttls"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[account.catch]\nbackend  = %q\nhost     = %q\nport     = %d\nfrom     = \"ann@example.org\"\ndomain   = \"example.org\"\n", backend, s.host(), s.Port())
	if s.options.Auth {
		// Unlike a password in the file, this is taken from a file that others can read.
		b.WriteString("user     = \"ann\"\npassword = { command = [\"echo\", \"any\"] }\n")
	}
	if backend != "plain" {
		fmt.Fprintf(&b, "tls      = { pin = %q }\n", s.Pin())
	}
	return b.String()
}
