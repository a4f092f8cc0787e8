package main

import (
	"postern/backend"
	"postern/backend/maildir"
	"postern/backend/pipe"
	"postern/backend/smtp"
)

// backends is the plug board of transports: the name that the backend key gives, and what opens it.
var backends = backend.Registry{
	"plain":    smtp.Plain,
	"starttls": smtp.StartTLS,
	"tls":      smtp.TLS,
	"lmtp":     smtp.LMTP,
	"pipe":     pipe.Open,
	"maildir":  maildir.Open,
}
