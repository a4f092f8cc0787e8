package catch_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postern/cmd/catch"
)

// pythonClient sends two messages on one connection, by the library that most programs of this language use.
const pythonClient = `
import smtplib, ssl, sys
mode, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]
trust = ssl.create_default_context(cafile=ca)
s = smtplib.SMTP_SSL("127.0.0.1", port, context=trust) if mode == "tls" else smtplib.SMTP("127.0.0.1", port)
if mode == "starttls":
    s.starttls(context=trust)
s.login("ann", "pw")
s.sendmail("ann@example.org", ["bob@example.org", "carol@example.org"], "Subject: one\n\n.dot\n" + "x" * 500 + "\n")
s.sendmail("", ["bob@example.org"], b"Subject: two\r\n\r\n\xc3\xa4\r\n", ["BODY=8BITMIME"])
s.quit()
`

// TestPython: a client that is not ours.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" { // .ci/run installs it
			t.Fatal(err)
		}
		t.Skip("no python3: a client other than postern's is not tested")
	}
	for _, mode := range []string{"plain", "starttls", "tls"} {
		t.Run(mode, func(t *testing.T) {
			s := serve(t, catch.Options{Auth: true, TLS: mode == "tls", StartTLS: mode == "starttls"})
			ca := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(ca, s.Authority(), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(python, "-c", pythonClient, mode, fmt.Sprint(s.Port()), ca).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			want := []string{"Subject: one\r\n\r\n.dot\r\n" + strings.Repeat("x", 500) + "\r\n", "Subject: two\r\n\r\n\xc3\xa4\r\n"}
			if !slices.Equal(s.bodies, want) {
				t.Errorf("%q", s.bodies)
			}
			got := s.told(catch.MessageEvent)
			if m := got[0].Message; m.User != "ann" || (m.TLS == "") != (mode == "plain") || len(m.To) != 2 {
				t.Errorf("%+v", m)
			}
			if m := got[1].Message; m.From != "" || len(m.To) != 1 {
				t.Errorf("%+v", m)
			}
		})
	}
}
