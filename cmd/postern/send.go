package main

import (
	"bufio"
	"context"
	"fmt"

	"postern/backend"
	"postern/conf"
	"postern/message"
)

// send takes a message to its fates: no errors only where every recipient has one who took responsibility. statuses
// are the fates of those who were offered the message.
func (m *mailer) send(inv *invocation, msg *message.Message) (statuses []backend.Status, errs []error) {
	account, why, err := m.choose(inv, msg.From())
	if err != nil {
		return nil, []error{err}
	}
	routes, errs := inv.envelopes(m.config, account, msg)
	if len(routes) == 0 {
		return nil, errs
	}
	sender := routes[0].env.From
	if err := msg.Complete(inv.defaults(account, sender, msg)); err != nil {
		return nil, append(errs, err)
	}
	if inv.dryRun {
		m.show(account, why, routes, msg)
		return nil, errs
	}
	for _, r := range routes {
		got, failed := m.carry(r, msg)
		statuses, errs = append(statuses, got...), append(errs, failed...)
	}
	return statuses, errs
}

// carry offers the message to the recipients of one route.
func (m *mailer) carry(r *route, msg *message.Message) (statuses []backend.Status, errs []error) {
	if err := m.usable(r.account); err != nil {
		return nil, []error{err}
	}
	// A signal simply ends the program: the temporary file has no name, and the server never sees the dot.
	statuses, err := m.transports[r.account.Name].transport.Send(context.Background(), r.env, msg)
	if err != nil {
		return nil, []error{withAccount{err, r.account}}
	}
	for _, s := range statuses {
		if s.Err != nil {
			errs = append(errs, withAccount{s.Err, r.account})
		}
	}
	return statuses, errs
}

// show is --dry-run: what would go out, to whom, by which account.
func (m *mailer) show(account *conf.Account, why string, routes []*route, msg *message.Message) {
	out := bufio.NewWriter(m.shown)
	defer out.Flush()
	for _, r := range routes {
		by := "match_recipient"
		if r.account == account {
			by = why
		}
		fmt.Fprintf(out, "account %s, by %s\nfrom <%s>\n", r.account.Name, by, r.env.From)
		for _, to := range r.env.To {
			fmt.Fprintf(out, "to <%s>\n", to)
		}
	}
	kind := "7-bit"
	if msg.EightBit() {
		kind = "8-bit"
	}
	fmt.Fprintf(out, "message of %d octets, %s; its header:\n\n", msg.Size(), kind)
	for _, line := range msg.HeaderLines() {
		fmt.Fprintf(out, "%s\n", line)
	}
}
