package sent_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"postern/auth/authtest"
	"postern/backend"
	"postern/backend/sent"
	"postern/backend/smtp/smtptest"
	"postern/conf"
	"postern/message"
)

var update = flag.Bool("update", false, "write down what came of the dialogues")

var digest = regexp.MustCompile("sha256:[0-9a-f]{64}")

const text = "Subject: hello\r\n\r\nbody\r\n"

// open makes the folder of an account that has these keys besides a server, a user and a password.
func open(t *testing.T, keys string, dialogue *bytes.Buffer) (*sent.Folder, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.toml")
	toml := "[account.a]\nbackend = \"tls\"\nhost = \"smtp.example.org\"\nuser = \"ann\"\n" + keys
	if !strings.Contains(keys, "\npassword =") {
		toml += "password = \"sesame open\"\n"
	}
	if err := os.WriteFile(file, []byte(toml), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	s := backend.Surroundings{Hostname: "h"}
	if dialogue != nil {
		s.Dialogue = dialogue
	}
	return sent.Open(config.Accounts[0], s)
}

func read(t *testing.T, wire string) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader(wire), message.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestDialogues has a server play the script of each file of testdata, and holds what came of one message, or of as many
// as "messages" says, against the end of the file.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatal("no dialogues", err)
	}
	identity, err := smtptest.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, identity.Authority, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range archive.Files {
				part[f.Name] = string(f.Data)
			}
			server, err := smtptest.Serve(part["server"], identity)
			if err != nil {
				t.Fatal(err)
			}
			port := fmt.Sprint(server.Port())
			got := keep(t, strings.NewReplacer("$PORT", port, "$CA", fmt.Sprintf("%q", ca)).Replace(part["account"]), strings.Count(part["messages"], "\n"))
			if _, err := server.Wait(); err != nil {
				t.Errorf("%v", err)
			}
			got = digest.ReplaceAllString(strings.ReplaceAll(got, port, "PORT"), "sha256:DIGEST")
			if secret, form := authtest.Leak(got); secret != "" {
				t.Errorf("%q shows as %q in %s", secret, form, got)
			}
			if *update {
				archive.Files[len(archive.Files)-1].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != part["result"] {
				t.Errorf("got:\n%swant:\n%s", got, part["result"])
			}
		})
	}
}

// keep has some copies made, and tells what is shown and what fails.
func keep(t *testing.T, keys string, messages int) string {
	var shown bytes.Buffer
	folder, err := open(t, keys, &shown)
	if err != nil {
		t.Fatal(err)
	}
	for range max(messages, 1) {
		if err := folder.Keep(context.Background(), read(t, text)); err != nil {
			fmt.Fprintf(&shown, "%v\n", err)
		}
	}
	folder.Close()
	return shown.String()
}
