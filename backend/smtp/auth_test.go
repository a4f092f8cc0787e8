package smtp_test

import (
	"strings"
	"testing"

	"postern/backend/smtp/smtptest"
)

// TestResponseTooLong: a token beyond what servers read in one line (RFC 4954 section 4) is not sent.
func TestResponseTooLong(t *testing.T) {
	id, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	server, err := smtptest.Serve("S: 220 hi\nC: EHLO client.example.org\nS: 250-hi\nS: 250 AUTH XOAUTH2\n"+
		"C: AUTH XOAUTH2\nS: 334 \nC: *\nS: 501 5.7.0 cancelled\nC: QUIT\nS: 221 bye\n", id)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("sesame", 2000)
	account := "backend = \"plain\"\nauth = \"xoauth2\"\nuser = \"ann\"\npassword = \"" + long + "\"\n"
	var dialogue lockedBuffer
	got := send(t, map[string]string{"account": account}, server, id, &dialogue)
	if _, err := server.Wait(); err != nil {
		t.Error(err)
	}
	if want := "all: protocol, for now: 127.0.0.1: AUTH: XOAUTH2: a response of 16032 octets, and servers read 12288\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
	if strings.Contains(dialogue.String(), "sesame") {
		t.Error("the token shows")
	}
}
