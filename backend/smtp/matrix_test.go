package smtp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"postern/auth"
	"postern/auth/authtest"
)

// signInCells are what every mechanism has a dialogue for, auth-MECHANISM and the cell's suffix, and what comes of it.
// cmd/postern's TestSourceCells has the same for the places where secrets come from.
var signInCells = []struct{ suffix, result string }{
	{"", `^bob@example\.org: taken, 250 `},
	{"-refused", `^all: denied, for good: 127\.0\.0\.1: AUTH: 535 5\.7\.8 \S`}, // with the server's reason
	{"-slow", `^all: again, for now: 127\.0\.0\.1: AUTH: no answer within `},
	{"-missing", `^all: denied, for good: 127\.0\.0\.1: AUTH: environment variable \S+: it is not set$`},
	{"-not-offered", `^all: refused, for good: 127\.0\.0\.1: AUTH: MECHANISM is not offered by the server, which has `},
}

// noCells are the cells that can't be.
var noCells = map[string]string{
	"external-missing":  "without a certificate the account is at fault, before any server: config.txtar",
	"anonymous-missing": "there is no secret",
}

// TestSignInCells: each mechanism has its dialogues, in which it signs in and no other does.
func TestSignInCells(t *testing.T) {
	signsIn := regexp.MustCompile(`(?m)^C: AUTH (\S+)`)
	for _, mech := range auth.Mechanisms {
		for _, cell := range signInCells {
			name := strings.ToLower(mech.Name) + cell.suffix
			file := filepath.Join("testdata", "auth-"+name+".txt")
			if why := noCells[name]; why != "" {
				if _, err := os.Stat(file); err == nil {
					t.Errorf("%s is there after all: %s", file, why)
				}
				continue
			}
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Error(err)
				continue
			}
			part := map[string]string{}
			for _, f := range archive.Files {
				part[f.Name] = strings.TrimSpace(string(f.Data))
			}
			wanted := regexp.MustCompile(strings.ReplaceAll(cell.result, "MECHANISM", regexp.QuoteMeta(mech.Name)))
			if !wanted.MatchString(part["result"]) {
				t.Errorf("%s: the result is %s", file, part["result"])
			}
			said := ""
			if cell.suffix != "-missing" && cell.suffix != "-not-offered" {
				said = mech.Name
			}
			got := ""
			for _, m := range signsIn.FindAllStringSubmatch(part["dialogue"], -1) {
				got += m[1]
			}
			if got != said {
				t.Errorf("%s: signs in by %q, not by %q", file, got, said)
			}
		}
	}
}

// TestSecretsAreLookedFor: whatever password the tests of this package have an account sign in with is one that shows
// as a leak.
func TestSecretsAreLookedFor(t *testing.T) {
	for pattern, inline := range map[string]string{
		"testdata/*.txt": `password *= *("(?:[^"\\]|\\.)*")`,
		"*_test.go":      `password = \\("[^"\\]+)\\"`,
	} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no files", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(inline).FindAllStringSubmatch(string(text), -1) {
				password, err := strconv.Unquote(strings.TrimSuffix(m[1], `"`) + `"`)
				if secret, _ := authtest.Leak(password); err != nil || secret == "" {
					t.Errorf("%s: %s is not in authtest.Secrets (%v)", file, m[1], err)
				}
			}
		}
	}
}
