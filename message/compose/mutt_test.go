package compose

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMutt has mutt show the message and save its files, by the keys that a person would press.
func TestMutt(t *testing.T) {
	for _, name := range []string{"mutt", "script"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" { // .ci/run installs it
				t.Fatal(err)
			}
			t.Skipf("there is no %s; Debian's packages are mutt and bsdutils", name)
		}
	}
	from, home := t.TempDir(), t.TempDir()
	files := map[string]string{"Übersicht mit einem sehr langen Namen, der in keine Zeile eines Headers passt (2026).pdf": "%PDF-1.7 \x00\xff\r\n", "Größen.csv": "größe,1\n"}
	d := &Draft{
		Subject: "Grüße aus " + strings.Repeat("Überlingen und ", 8) + "Köln",
		Text:    FromString("the text", "Grüße\n"+strings.Repeat("lang ", 250)+"\n"),
	}
	for name, data := range files {
		file := filepath.Join(from, name)
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		d.Attachments = append(d.Attachments, file)
	}
	mailbox := "From ann@example.org Thu Nov 26 10:00:00 2026\nFrom: ann@example.org\n" + strings.ReplaceAll(written(t, d), "\r\n", "\n") + "\n"
	if err := os.WriteFile(filepath.Join(home, "mbox"), []byte(mailbox), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(home, "Mail"), 0o700); err != nil { // or it asks whether to make it
		t.Fatal(err)
	}
	keys := "<pipe-message>cat > shown<enter><view-attachments><next-entry><save-entry><enter><next-entry><save-entry><enter><exit><exit>"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "script", "-qec", `mutt -n -F /dev/null -R -f mbox -e 'set pipe_decode=yes' -e 'set wait_key=no noresolve' -e 'push "`+keys+`"'`, "/dev/null")
	cmd.Dir, cmd.Env = home, append(os.Environ(), "HOME="+home, "TERM=xterm", "LC_ALL=C.UTF-8")
	open, err := cmd.StdinPipe() // a terminal that hangs up would end it
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%q", err, out)
	}
	shown, err := os.ReadFile(filepath.Join(home, "shown"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Join(strings.Fields(string(shown)), " ") // it folds the header
	for _, want := range []string{"Subject: " + d.Subject + " MIME", "utf-8 Grüße lang ", strings.TrimSpace(strings.Repeat("lang ", 250))} {
		if !strings.Contains(lines, want) {
			t.Errorf("mutt does not show %q:\n%s", want, shown)
		}
	}
	for name, data := range files {
		if got, err := os.ReadFile(filepath.Join(home, name)); err != nil || string(got) != data {
			t.Errorf("%q, %v", got, err)
		}
	}
}
