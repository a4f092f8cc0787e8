package main

import (
	"errors"

	"postern/auth/oauth"
	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
	"postern/message"
)

// Exit statuses of sysexits(3), which callers of sendmail act on.
const (
	exOK          = 0
	exUsage       = 64 // the command line is wrong
	exDataErr     = 65 // the message or an address can't be sent
	exNoInput     = 66 // there is no message
	exNoUser      = 67 // a recipient is refused
	exNoHost      = 68 // the server's name does not exist
	exUnavailable = 69 // refused, or a feature lacks
	exSoftware    = 70 // a fault of postern's own
	exCantCreat   = 73 // a file can't be made
	exIOErr       = 74 // reading or writing failed
	exTempFail    = 75 // try again later
	exProtocol    = 76 // the server doesn't keep to the protocol
	exNoPerm      = 77 // sign-in or certificate
	exConfig      = 78 // the configuration is wrong
)

// usageError is a command line that can't be understood.
type usageError struct{ error }

// dataError is a message or an address that can't be sent as it is.
type dataError struct{ error }

// configError is a fault of the configuration that has no place in a file.
type configError struct{ error }

// createError is a file of the user's that can't be made.
type createError struct{ error }

// exitStatus is the one place where an error becomes an exit status. What it doesn't know is temporary.
func exitStatus(err error) int {
	var (
		usage  usageError
		data   dataError
		header message.HeaderError
		config configError
		create createError
		place  *conf.Error
		read   *message.ReadError
		spool  *message.SpoolError
		send   *backend.Error
		token  *oauth.Error
		keep   keepError
	)
	switch {
	case err == nil:
		return exOK
	case errors.As(err, &usage):
		return exUsage
	case errors.As(err, &data), errors.As(err, &header):
		return exDataErr
	case errors.As(err, &config), errors.As(err, &place):
		return exConfig
	case errors.As(err, &create), errors.As(err, &spool):
		return exCantCreat
	case errors.Is(err, errInputClosed):
		return exNoInput
	case errors.As(err, &read):
		return exIOErr
	case errors.As(err, &keep):
		return keep.status()
	case errors.As(err, &send):
		return kindStatus(send.Kind)
	case errors.As(err, &token):
		return kindStatus(smtp.KindOf(token))
	}
	return exTempFail
}

func kindStatus(kind backend.Kind) int {
	switch kind {
	case backend.NoRecipient:
		return exNoUser
	case backend.NoHost:
		return exNoHost
	case backend.Refused:
		return exUnavailable
	case backend.Protocol:
		return exProtocol
	case backend.Denied:
		return exNoPerm
	case backend.Data:
		return exDataErr
	case backend.Local:
		return exIOErr
	case backend.Config:
		return exConfig
	}
	return exTempFail
}

// deciding is the error that several fates come to: the first that is for good, since trying again won't mend it; else
// the first. errs are not empty.
func deciding(errs []error) error {
	for _, err := range errs {
		var send *backend.Error
		if exitStatus(err) != exTempFail && !(errors.As(err, &send) && backend.Temporary(send)) {
			return err
		}
	}
	return errs[0]
}

// worst is the exit status for several fates.
func worst(errs []error) int {
	if len(errs) == 0 {
		return exOK
	}
	return exitStatus(deciding(errs))
}
