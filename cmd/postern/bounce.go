package main

import (
	"cmp"
	"errors"
	"os"
	"strings"
	"time"

	"postern/backend"
	"postern/backend/queue"
	"postern/conf"
	"postern/message"
)

// report makes what the sender of a message in the queue is told about a try, if anything; see queue.Runner. A bounce has the null
// reverse-path, and about one there is none: then the message is kept for whoever looks after the queue.
func (m *mailer) report(o queue.Outcome, about *message.Message) (*queue.Record, *message.Message, bool, error) {
	told := tellings(o)
	env := o.Record.Envelope
	account, _ := m.config.Named(o.Account)                                                // none where it was taken out since
	local := account != nil && (account.Backend == "pipe" || account.Backend == "maildir") // no host is involved
	var wanted []message.Outcome
	for _, t := range told {
		if wishFor(env, t.FinalRecipient).Wants(t.Action) {
			if local {
				t.RemoteMTA = ""
			}
			t.OriginalRecipient = wishFor(env, t.FinalRecipient).Original
			wanted = append(wanted, t)
		}
	}
	if o.Record.Report || env.From == "" {
		return nil, nil, len(o.Failed) > 0, nil
	}
	if len(wanted) == 0 {
		return nil, nil, false, nil
	}
	r := message.Report{
		From: daemon(account), To: env.From, Date: time.Now(), ReportingMTA: cmp.Or(fqdn(), hostname()),
		ArrivalDate: o.Record.Time, OriginalEnvelopeID: env.DSN.ID, Return: env.DSN.Return, Recipients: wanted,
		WillRetryUntil: o.Record.Since().Add(time.Duration(m.config.Queue.GiveUp)),
	}
	msg, err := message.NewReport(r, about)
	var header message.HeaderError
	if errors.As(err, &header) { // a sender that nobody can write to
		return nil, nil, len(o.Failed) > 0, nil
	}
	if err != nil {
		return nil, nil, false, err
	}
	record := &queue.Record{Account: o.Account, UID: os.Getuid(), Report: true, Envelope: message.Envelope{To: []string{env.From}}}
	return record, msg, false, nil
}

// tellings are the fates that a report may tell of: what a server has taken that makes no reports, the failures, and the
// delays when they have become long.
func tellings(o queue.Outcome) (all []message.Outcome) {
	now := time.Now()
	add := func(s backend.Status, action message.Action) {
		t := message.Outcome{Action: action, FinalRecipient: s.Rcpt, LastAttemptDate: now}
		if s.Err == nil {
			t.RemoteMTA = s.Server
			all = append(all, t)
			return
		}
		t.Text = s.Err.Error()
		var e *backend.Error
		if errors.As(s.Err, &e) {
			t.RemoteMTA, t.Code, t.Status = e.Server, e.Code, e.Status
			if e.Code != 0 {
				t.Text = e.Text
			}
		}
		all = append(all, t)
	}
	for _, s := range o.Taken {
		if !s.Reports { // RFC 3461 section 5.2.2: from here on nobody would tell
			add(s, message.Relayed)
		}
	}
	for _, s := range o.Failed {
		action := message.Failed
		if errors.As(s.Err, new(*queue.GaveUpError)) {
			action = message.Expired
		}
		add(s, action)
	}
	if o.Delayed {
		for _, s := range o.Left {
			add(s, message.Delayed)
		}
	}
	return all
}

// wishFor is what the sender has asked for a recipient.
func wishFor(env message.Envelope, to string) message.Wish {
	for i, rcpt := range env.To {
		if rcpt == to {
			return env.DSN.Wish(i)
		}
	}
	return message.Wish{}
}

// daemon is the address that reports come from. Providers want the account's own; without one it is the mailer's.
func daemon(a *conf.Account) string {
	switch {
	case a != nil && a.From != "":
		return a.From
	case a != nil && a.Domain != "":
		return "mailer-daemon@" + a.Domain
	}
	return "mailer-daemon@" + cmp.Or(fqdn(), hostname())
}

// hostname is this host's name, full or not.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || strings.TrimSpace(name) == "" {
		return "localhost"
	}
	return name
}
