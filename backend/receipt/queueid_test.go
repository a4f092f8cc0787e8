package receipt_test

import (
	"testing"

	"postern/backend/receipt"
)

// TestQueueID has what servers say, as their programs write it.
func TestQueueID(t *testing.T) {
	for _, c := range []struct{ server, reply, want string }{
		{"Postfix", "250 2.0.0 Ok: queued as 4ZKq2L3pXbz9tmd", "4ZKq2L3pXbz9tmd"},
		{"Postfix behind amavis", "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 5F1A82C04E", "5F1A82C04E"},
		{"Exim", "250 OK id=1vNdXr-00000001Abc-2xYz", "1vNdXr-00000001Abc-2xYz"},
		{"Sendmail", "250 2.0.0 5APDUL12003456 Message accepted for delivery", "5APDUL12003456"},
		{"OpenSMTPD", "250 2.0.0 5d1f3c8e Message accepted for delivery", "5d1f3c8e"},
		{"qmail", "250 ok 1763000000 qp 23456", "23456"},
		{"Gmail", "250 2.0.0 OK  1763000000 5b1f17b1804b1-477a9dec1e8sm42.3 - gsmtp", "5b1f17b1804b1-477a9dec1e8sm42.3"},
		{"Exchange", "250 2.6.0 <1@example.org> [InternalId=40046392377345, Hostname=AM0.eurprd.prod.outlook.com] 9873 bytes in 0.2, 46.9 KB/sec Queued mail for delivery", "40046392377345"},
		{"Exchange without one", "250 2.6.0 <1@example.org> Queued mail for delivery", ""},
		{"Stalwart", "250 2.0.0 Message queued with id 1a2b3c4d5e.", "1a2b3c4d5e"},
		{"Dovecot's LMTP", "250 2.0.0 <bob@example.org> aB1cD2eF3gH4 Saved", "aB1cD2eF3gH4"},
		{"another", "250 2.0.0 Message accepted 4AB12.", "4AB12"},
		{"no code", "Ok: queued as ABC123", "ABC123"},
		{"nothing but the code", "250", ""},
		{"no ID", "250 2.0.0 Message accepted for delivery", ""},
		{"a word in its place", "250 Ok: queued as spam", ""},
		{"cut off", "250 Ok: queued as", ""},
		{"a program", "exit status 0", ""},
		{"none", "", ""},
	} {
		if got := receipt.QueueID(c.reply); got != c.want {
			t.Errorf("%s: %q in %q, want %q", c.server, got, c.reply, c.want)
		}
	}
}
