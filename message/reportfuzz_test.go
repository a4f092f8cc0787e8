package message_test

import (
	"bytes"
	"errors"
	"testing"

	"postern/message"
)

// FuzzReport has everything in a report that others say, and the message, as hostile as it gets.
func FuzzReport(f *testing.F) {
	for _, s := range stories {
		for _, o := range s.report.Recipients {
			f.Add([]byte(s.about), s.report.To, s.report.ReportingMTA, s.report.OriginalEnvelopeID, o.FinalRecipient, o.OriginalRecipient, o.RemoteMTA, o.Status, o.Text, o.Code, uint8(o.Action))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, to, host, id, final, original, remote, status, text string, code int, action uint8) {
		about, err := message.Read(bytes.NewReader(in), message.ReadOptions{})
		if err != nil {
			return
		}
		defer about.Close()
		o := message.Outcome{
			Action: message.Action(action % 5), FinalRecipient: final, OriginalRecipient: original, RemoteMTA: remote,
			Code: code, Status: status, Text: text,
		}
		r := aReport(o, o)
		r.To, r.ReportingMTA, r.OriginalEnvelopeID = to, host, id
		m, err := message.NewReport(r, about)
		if err != nil {
			if !errors.As(err, new(message.HeaderError)) {
				t.Fatal(err)
			}
			return
		}
		defer m.Close()
		checkReport(t, r, about, m)
	})
}
