package main

import (
	"crypto/rand"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"postern/backend"
	"postern/backend/queue"
	"postern/backend/receipt"
	"postern/message"
)

// note writes the receipt of a message that an account was to carry: its fates or, with an err, that of all. id is that
// of the queue, or empty. Without a log it does nothing.
func (m *mailer) note(id, account string, env *message.Envelope, msg *message.Message, begun time.Time, statuses []backend.Status, err error) {
	if m.log == nil {
		return
	}
	if id == "" {
		id = rand.Text()
	}
	if err != nil {
		for _, to := range env.To {
			statuses = append(statuses, backend.Status{Rcpt: to, Err: err})
		}
	}
	rec := receipt.Receipt{
		ID: id, MessageID: msg.ID(), Account: account, From: env.From, Size: msg.Size(),
		Duration: time.Since(begun).Milliseconds(), UID: os.Getuid(),
	}
	for _, s := range statuses {
		rec.To = append(rec.To, fate(s))
	}
	settleServer(&rec)
	m.log.Write(rec)
}

// fate is the part of a receipt that is one recipient's.
func fate(s backend.Status) receipt.Recipient {
	to := receipt.Recipient{
		To: s.Rcpt, Result: receipt.Sent, Reply: oneLine(s.Reply), QueueID: receipt.QueueID(s.Reply), Server: s.Server, TLS: s.TLS,
	}
	if s.Err == nil {
		return to
	}
	to.Error, to.Result = oneLine(s.Err.Error()), receipt.Failed
	if transient(s.Err) {
		to.Result = receipt.Deferred
	}
	var send *backend.Error
	if errors.As(s.Err, &send) {
		to.Server, to.TLS = send.Server, send.TLS
		to.Stage, _, _ = strings.Cut(send.Stage, ":<") // RCPT TO, without the address
		if send.Kind == backend.Uncertain {
			to.Result = receipt.Uncertain
		}
	}
	return to
}

// settleServer makes the server of the first recipient that has one the receipt's, so that it need not be said for each.
func settleServer(rec *receipt.Receipt) {
	for _, to := range rec.To {
		if to.Server != "" {
			rec.Server, rec.TLS = to.Server, to.TLS
			break
		}
	}
	for i := range rec.To {
		if to := &rec.To[i]; to.Server == rec.Server && to.TLS == rec.TLS {
			to.Server, to.TLS = "", ""
		}
	}
}

// noteTry writes the receipt of a try that the queue has made.
func (m *mailer) noteTry(o queue.Outcome) {
	if m.log == nil || o.ID == "" {
		return
	}
	rec := receipt.Receipt{
		ID: o.ID, Account: o.Account, From: o.Record.Envelope.From, Size: o.Record.Size,
		Duration: time.Since(o.Begun).Milliseconds(), UID: o.Record.UID,
	}
	for _, s := range slices.Concat(o.Taken, o.Failed, o.Left) {
		rec.To = append(rec.To, fate(s))
	}
	settleServer(&rec)
	m.log.Write(rec)
}
