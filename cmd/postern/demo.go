package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// demoMessage shows what sendmail mends: Bcc goes, Date and Message-ID come, a line that begins with a dot survives.
const demoMessage = `From: Ann <ann@example.org>
To: Bob <bob@example.org>
Bcc: carol@example.org
Subject: The first message
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße from postern.
.hidden begins with a dot, and arrives as it is.
`

const (
	demoUser     = "ann"
	demoPassword = "correct horse"
)

// demoBackends are the transports that speak SMTP.
var demoBackends = []string{"plain", "starttls", "tls"}

func demoCommand(std streams, status *int) *cobra.Command {
	var backendName string
	var pause, narrated bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "send a real message to a server of its own, and show the dialogue",
		Long: `demo starts an SMTP server on this machine, with a certificate made on the spot, sends a message to it by the
same path as sendmail -t -v, and shows the dialogue, then the message as the server got it. Nothing leaves the machine.

With --lesson it says behind each line of the dialogue what the line means, and which section of which RFC has it.`,
		Example: `  postern demo
  postern demo --lesson --pause
  postern demo --backend plain --pause`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if !slices.Contains(demoBackends, backendName) {
				return fmt.Errorf("--backend %s is none of %s", backendName, strings.Join(demoBackends, ", "))
			}
			*status = demo(std, backendName, pause, narrated)
			return nil
		},
	}
	c.Flags().StringVar(&backendName, "backend", "starttls", "the `transport` to show: plain, starttls or tls")
	c.Flags().BoolVar(&pause, "pause", false, "wait for Enter before each thing the client says")
	c.Flags().BoolVar(&narrated, "lesson", false, "say what each line of the dialogue means, and where it is written")
	return c
}

// demo sends the message and shows what happens, all on standard output. It gives the exit status.
func demo(std streams, backendName string, pause, narrated bool) int {
	dir, err := os.MkdirTemp("", "postern-demo-*")
	if err != nil {
		return report(std.err, "postern", []error{createError{err}})
	}
	defer os.RemoveAll(dir)
	server, err := startDemoServer(backendName == "tls")
	if err != nil {
		return report(std.err, "postern", []error{err})
	}
	defer server.Close()
	authority, profile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "config.toml")
	text := server.profile(backendName, authority)
	for name, data := range map[string]string{authority: string(server.Authority()), profile: text} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			return report(std.err, "postern", []error{createError{err}})
		}
	}
	heading(std.out, "The profile, "+profile)
	fmt.Fprint(std.out, text)
	heading(std.out, "The message, given to sendmail -t -v")
	fmt.Fprint(std.out, demoMessage)
	heading(std.out, "The dialogue: S is the server, C the client, * what happens between")
	shown := std.out
	if pause {
		shown = &pausing{out: std.out, keys: bufio.NewReader(std.in)}
	}
	if narrated {
		shown = newLesson(shown, newPaint(std.out).faint)
	}
	if status := run([]string{"sendmail", "-C", profile, "-a", "demo", "-t", "-v"}, strings.NewReader(demoMessage), std.out, shown); status != exOK {
		return status
	}
	got := <-server.received
	heading(std.out, "What the server got")
	if _, err := fmt.Fprintf(std.out, "envelope: from <%s> to <%s>\n\n%s\n", got.from, strings.Join(got.to, ">, <"), strings.TrimSuffix(got.data, "\n")); err != nil {
		complain(std.err, "postern", err) // nobody has seen it
		return exIOErr
	}
	return exOK
}

func heading(w io.Writer, text string) {
	fmt.Fprintf(w, "\n--- %s\n", text)
}

// pausing is a writer of the dialogue that waits for Enter before each line of the client's.
type pausing struct {
	out  io.Writer
	keys *bufio.Reader
}

func (p *pausing) Write(line []byte) (int, error) {
	if bytes.HasPrefix(line, []byte("C: ")) {
		fmt.Fprint(p.out, "   [Enter] ")
		_, _ = p.keys.ReadString('\n') // at the end of input there is nothing to wait for
	}
	return p.out.Write(line)
}
