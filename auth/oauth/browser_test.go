package oauth_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"postern/auth/oauth"
)

// TestChromium has a real browser go the way from the provider's page to ours, and looks at what it makes of it: the
// page has its style, and the policy in its header stops nothing that it has.
func TestChromium(t *testing.T) {
	program := ""
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		if os.Getenv("CI") == "true" { // .ci/run installs it
			t.Fatal("there is no chromium; Debian's package is chromium-headless-shell")
		}
		t.Skip("there is no chromium; Debian's package is chromium-headless-shell")
	}
	_, c := provider(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	ended := make(chan error, 1)
	err := c.Login(ctx, oauth.Person{Notice: func(text string) { t.Error(text) }, Visit: func(url string) {
		browser := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--dump-dom", url)
		browser.Stdout, browser.Stderr = &out, &errs
		go func() { ended <- browser.Run() }()
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	page := out.String()
	for _, want := range []string{"<title>Signed in - postern</title>", "<h1>Signed in</h1>", "You can close this page.", "<style>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	if strings.Contains(errs.String(), "Content Security Policy") || strings.Contains(errs.String(), "Refused to") {
		t.Errorf("the browser objects:\n%s", errs.String())
	}
}
