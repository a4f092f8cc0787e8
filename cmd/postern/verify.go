package main

import (
	"fmt"
	"io"
	"strings"

	"postern/message"
)

// verify is -bv: for each address, what becomes of it and which account takes it. No server is asked.
func (m *mailer) verify(inv *invocation, out io.Writer) (errs []error) {
	empty, err := message.Read(strings.NewReader(""), message.ReadOptions{})
	if err != nil {
		return []error{err}
	}
	defer empty.Close()
	account, _, err := m.choose(inv, nil)
	if err != nil {
		return []error{err}
	}
	for _, word := range inv.recipients {
		one := *inv
		one.recipients = []string{word}
		routes, problems := one.envelopes(m.config, account, empty)
		errs = append(errs, problems...)
		for _, r := range routes {
			for _, to := range r.env.To {
				fmt.Fprintf(out, "%s... deliverable: account %s, user %s\n", word, r.account.Name, to)
			}
			if err := m.usable(r.account); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}
