package main

import (
	"fmt"
	"strings"

	"postern/backend"
	"postern/message"
)

// send sends a short message by the account, as sendmail would: with its queue, its aliases and its log.
// to is an address that addressToCheck has read.
func (k *checker) send(m *mailer, to string) {
	if k.first != nil {
		k.step(backend.Step{Name: "send", Verdict: backend.Skipped, Text: "nothing is sent, since a step before has failed"})
		return
	}
	inv := &invocation{account: k.account.Name, recipients: []string{to}}
	text := fmt.Sprintf("To: %s\nSubject: A check of the account %s\n\npostern check has sent this message by the account %s, to see it arrive.\n", to, k.account.Name, k.account.Name)
	msg, err := message.Read(strings.NewReader(text), message.ReadOptions{})
	if !k.passed("send", err) {
		return
	}
	defer msg.Close()
	statuses, errs := m.send(inv, m.plan(inv, msg), msg)
	for _, err := range errs {
		k.passed("send", err)
	}
	for _, s := range statuses {
		if s.Err == nil {
			k.step(backend.Step{Name: "send", Text: fmt.Sprintf("<%s>: %s", s.Rcpt, s.Reply), Facts: map[string]any{"recipient": s.Rcpt, "reply": s.Reply}})
		}
	}
	m.wake(inv)
}

// addressToCheck reads the one address of --send-to.
func addressToCheck(text string) (string, error) {
	addrs, errs := message.ParseAddresses(text)
	if len(addrs) != 1 || len(errs) > 0 {
		return "", usageError{fmt.Errorf("--send-to %q: should be one address such as ann@example.org", text)}
	}
	return addrs[0].Spec, nil
}
