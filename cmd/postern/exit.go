package main

import (
	"errors"

	"postern/auth/oauth"
	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
	"postern/message"
	"postern/message/compose"
)

// Exit statuses of sysexits(3), which callers of sendmail act on.
const (
	exOK          = 0
	exUsage       = 64 // the command line is wrong
	exDataErr     = 65 // the message or an address can't be sent
	exNoInput     = 66 // there is no message, or no file to read
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

func (e configError) Unwrap() error { return e.error }

// createError is a file of the user's that can't be made.
type createError struct{ error }

// permissionError is what this user may not do.
type permissionError struct{ error }

func (e permissionError) Unwrap() error { return e.error }

// unavailableError is what isn't to be had here: a program, a folder of a certain kind, an address to listen at.
type unavailableError struct{ error }

// inputError is a file to work on that can't be read.
type inputError struct{ error }

// ioError is what could not be written to standard output, or read from a connection.
type ioError struct{ error }

func (e ioError) Unwrap() error { return e.error }

// exitStatus is the one place where an error becomes an exit status. What it doesn't know is temporary.
func exitStatus(err error) int {
	var (
		usage  usageError
		data   dataError
		header message.HeaderError
		config configError
		create createError
		input  inputError
		permit permissionError
		lacks  unavailableError
		un     unoffered
		lost   ioError
		place  *conf.Error
		noone  *conf.NoAccountError
		read   *message.ReadError
		spool  *message.SpoolError
		send   *backend.Error
		token  *oauth.Error
		keep   keepError
		file   *compose.FileError
		part   compose.DataError
	)
	switch {
	case err == nil:
		return exOK
	case errors.As(err, &usage):
		return exUsage
	case errors.As(err, &file):
		return exNoInput
	case errors.As(err, &data), errors.As(err, &header), errors.As(err, &part):
		return exDataErr
	case errors.As(err, &config), errors.As(err, &place), errors.As(err, &noone):
		return exConfig
	case errors.As(err, &permit):
		return exNoPerm
	case errors.As(err, &lacks), errors.As(err, &un):
		return exUnavailable
	case errors.As(err, &create), errors.As(err, &spool):
		return exCantCreat
	case errors.Is(err, errInputClosed), errors.As(err, &input):
		return exNoInput
	case errors.As(err, &read), errors.As(err, &lost):
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

// exitName is what sysexits.h calls the exit status of a refusal.
func exitName(status int) string {
	switch status {
	case exNoUser:
		return "EX_NOUSER"
	case exUnavailable:
		return "EX_UNAVAILABLE"
	case exProtocol:
		return "EX_PROTOCOL"
	case exNoPerm:
		return "EX_NOPERM"
	}
	return "EX_TEMPFAIL"
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
