// Package auth is the plug board of SASL mechanisms (RFC 4422) and the place where secrets come from.
//
// A mechanism is one file here and one word in Mechanisms. The exchange itself, which carries the challenges and
// responses, is the transport's.
package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
)

// Credentials are what an account signs in with.
type Credentials struct {
	User     string
	Password Source
}

// Mechanism is one way to sign in.
type Mechanism struct {
	Name      string // as servers offer it: "PLAIN"
	Cleartext bool   // the password itself crosses the connection
	New       func(context.Context, *Credentials) (sasl.Client, Secret, error)
}

// Mechanisms are all there are, the most preferred first.
var Mechanisms = []Mechanism{plain, login}

var (
	// ErrCleartext says that the password would leave in clear.
	ErrCleartext = errors.New("the password would leave in clear on this connection")
	// ErrNotOffered says that the server has no mechanism, or not the wanted one.
	ErrNotOffered = errors.New("not offered by the server")
)

// Find is the mechanism called name, in any case.
func Find(name string) (Mechanism, bool) {
	for _, m := range Mechanisms {
		if strings.EqualFold(m.Name, name) {
			return m, true
		}
	}
	return Mechanism{}, false
}

// Choose picks the mechanism: want by its name, or with "auto" the most preferred one that the server offers and
// that may be used here. secure tells that a password may be sent in clear: the connection is encrypted, or stays on
// this machine, or the user said so. A nil offered means that the server could not say what it offers (it answered
// only HELO): then a mechanism that was asked for by name is tried.
// The errors wrap ErrCleartext or ErrNotOffered.
func Choose(offered []string, want string, secure bool) (Mechanism, error) {
	if want != "auto" {
		m, ok := Find(want)
		switch {
		case !ok:
			return m, fmt.Errorf("%s is no mechanism that is known here", want)
		case offered != nil && !contains(offered, m.Name):
			return m, fmt.Errorf("%s is %w, which has %s", m.Name, ErrNotOffered, list(offered))
		case m.Cleartext && !secure:
			return m, ErrCleartext
		}
		return m, nil
	}
	inClear := false
	for _, m := range Mechanisms {
		if !contains(offered, m.Name) {
			continue
		}
		if !m.Cleartext || secure {
			return m, nil
		}
		inClear = true
	}
	if inClear {
		return Mechanism{}, ErrCleartext
	}
	return Mechanism{}, fmt.Errorf("a mechanism known here is %w, which has %s", ErrNotOffered, list(offered))
}

// Names are the mechanisms' names as the configuration spells them.
func Names() []string {
	var names []string
	for _, m := range Mechanisms {
		names = append(names, strings.ToLower(m.Name))
	}
	return names
}

func contains(offered []string, name string) bool {
	for _, o := range offered {
		if strings.EqualFold(o, name) {
			return true
		}
	}
	return false
}

func list(offered []string) string {
	if len(offered) == 0 {
		return "none"
	}
	return strings.Join(offered, ", ")
}
