package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// graph is who may import whom: the arrows of docs/DESIGN.md. What is not here is not allowed.
var graph = map[string][]string{
	"postern/cmd/postern": {
		"postern/conf", "postern/conf/foreign", "postern/message", "postern/message/compose", "postern/auth", "postern/auth/oauth", "postern/auth/alignment",
		"postern/backend", "postern/backend/smtp", "postern/backend/pipe", "postern/backend/maildir", "postern/backend/queue", "postern/backend/receipt",
		"postern/backend/sent", "postern/backend/codes", "postern/backend/discover", "postern/cmd/submission", "postern/cmd/catch", "postern/cmd/install",
	},
	"postern/backend/discover":      {},
	"postern/cmd/install":           {},
	"postern/cmd/submission":        {"postern/message"},
	"postern/cmd/catch":             {},
	"postern/cmd/bench":             {},
	"postern/backend":               {"postern/conf", "postern/message"},
	"postern/backend/pipe":          {"postern/backend", "postern/conf", "postern/message"},
	"postern/backend/maildir":       {"postern/backend", "postern/conf", "postern/message"},
	"postern/backend/queue":         {"postern/backend", "postern/message"},
	"postern/backend/receipt":       {"postern/conf"},
	"postern/backend/codes":         {},
	"postern/backend/sent":          {"postern/auth", "postern/backend", "postern/backend/maildir", "postern/backend/smtp", "postern/conf", "postern/message"},
	"postern/backend/smtp":          {"postern/backend", "postern/conf", "postern/message", "postern/auth", "postern/auth/oauth"},
	"postern/backend/smtp/smtptest": {},
	"postern/conf":                  {},
	"postern/conf/foreign":          {"postern/conf"},
	"postern/message":               {},
	"postern/auth/alignment":        {},
	"postern/message/compose":       {"postern/message"},
	"postern/auth":                  {},
	"postern/auth/authtest":         {},
	"postern/auth/oauth":            {"postern/auth"},
	"postern/auth/oauth/oauthtest":  {"postern/auth/authtest"},
}

// owners are the only users of a library within the project.
var owners = map[string][]string{
	"github.com/BurntSushi/toml":                   {"postern/conf"},
	"github.com/emersion/go-sasl":                  {"postern/auth", "postern/cmd/catch"}, // go-smtp's sessions are made of it,
	"github.com/xdg-go/scram":                      {"postern/auth"},
	"github.com/zalando/go-keyring/secret_service": {"postern/auth"},
	"golang.org/x/term":                            {"postern/auth", "postern/cmd/postern"},
	"golang.org/x/oauth2":                          {"postern/auth/oauth"},
	"golang.org/x/oauth2/clientcredentials":        {"postern/auth/oauth"},
	"golang.org/x/oauth2/jwt":                      {"postern/auth/oauth"},
	"github.com/gofrs/flock":                       {"postern/auth/oauth"},
	"github.com/google/renameio/v2":                {"postern/auth/oauth", "postern/conf"},
	"net/http":                                     {"postern/auth/oauth", "postern/auth/oauth/oauthtest", "postern/backend/discover", "postern/message/compose"}, // which sniffs types
	"github.com/emersion/go-message/textproto":     {"postern/message", "postern/message/compose"},
	"github.com/emersion/go-smtp":                  {"postern/cmd/catch"},
	"github.com/emersion/go-imap/v2":               {"postern/backend/sent"},
	"github.com/emersion/go-imap/v2/imapclient":    {"postern/backend/sent"},
	"golang.org/x/net/idna":                        {"postern/backend/smtp", "postern/backend/discover"},
	"golang.org/x/net/proxy":                       {"postern/backend/smtp"},
	"golang.org/x/net/http/httpproxy":              {"postern/backend/smtp"},
	"github.com/spf13/cobra":                       {"postern/cmd/postern"},
	"github.com/cli/browser":                       {"postern/cmd/postern"},
	"github.com/fsnotify/fsnotify":                 {"postern/cmd/postern"},
}

// denied must never be linked: each costs start-up time, takes dead-code elimination away, or is an SMTP client.
var denied = []string{
	"net/smtp", "net/http/httptest", "html/template", "github.com/wneessen/go-mail", "github.com/jhillyerd/enmime",
	"github.com/charmbracelet/lipgloss", "github.com/alecthomas/kong", "github.com/urfave/cli", "github.com/yuin/goldmark",
	"github.com/prometheus/client_golang", "github.com/jcmturner/gokrb5", "github.com/jackc/pgx", "github.com/nats-io/nats.go",
	"github.com/twmb/franz-go", "github.com/aws/aws-sdk-go", "github.com/aws/aws-sdk-go-v2", "github.com/cockroachdb/pebble",
	"testing", "postern/backend/smtp/smtptest", "postern/auth/authtest", "postern/auth/oauth/oauthtest",
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestImportGraph(t *testing.T) {
	packages := goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	if len(packages) != len(graph) {
		t.Errorf("%d packages, %d in the graph", len(packages), len(graph))
	}
	for _, line := range packages {
		words := strings.Fields(line)
		allowed, known := graph[words[0]]
		if !known {
			t.Errorf("%s is not in the graph", words[0])
		}
		for _, imported := range words[1:] {
			if strings.HasPrefix(imported, "postern/") && !slices.Contains(allowed, imported) {
				t.Errorf("%s must not import %s", words[0], imported)
			}
			if of := owners[imported]; len(of) > 0 && !slices.Contains(of, words[0]) {
				t.Errorf("%s is for %s alone, and %s imports it", imported, strings.Join(of, " and "), words[0])
			}
		}
	}
}

func TestDeniedDependencies(t *testing.T) {
	for _, dep := range goList(t, "-deps", "./cmd/postern") {
		for _, bad := range denied {
			if dep == bad || strings.HasPrefix(dep, bad+"/") {
				t.Errorf("the program links %s", dep)
			}
		}
	}
}

// TestNoTemplates: cobra imports text/template for programs that set templates. As long as nobody does, the linker
// leaves it out; with it, every exported method of the program would stay in.
func TestNoTemplates(t *testing.T) {
	program := filepath.Join(t.TempDir(), "postern")
	build(t, program, "-ldflags=-w")
	out, err := exec.Command("go", "tool", "nm", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	symbols := string(out)
	if !strings.Contains(symbols, " T main.sendmail\n") {
		t.Fatal("the symbols of the program are not there")
	}
	if strings.Contains(symbols, "text/template.(*Template).Execute") {
		t.Error("the program links text/template")
	}
}

// build builds as the Makefile does.
func build(t *testing.T, program string, flags ...string) {
	t.Helper()
	cmd := exec.Command("go", slices.Concat([]string{"build", "-tags=nethttpomithttp2", "-trimpath", "-buildvcs=false", "-o", program}, flags, []string{"."})...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// What the packages do before main starts, all together. Counts rather than times: they are the same on any machine.
// A library that compiles regular expressions or fills tables at its start goes well beyond them. The tables that come
// with xdg-go/scram are known, and have limits of their own.
const (
	maxInitOctets   = 64 << 10
	maxInitAllocs   = 450
	maxTablesOctets = 144 << 10
	maxTablesAllocs = 2300
)

func TestStartUp(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sendmail")
	build(t, program, "-ldflags=-s -w")
	run := exec.Command(program, "--version")
	run.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	octets, allocs, lines := 0, 0, 0
	tablesOctets, tablesAllocs := 0, 0
	for line := range strings.Lines(string(out)) {
		// init PACKAGE @0.5 ms, 0.01 ms clock, 4720 bytes, 52 allocs
		_, figures, found := strings.Cut(line, " clock, ")
		if !found {
			continue
		}
		var o, a int
		if _, err := fmt.Sscanf(figures, "%d bytes, %d allocs", &o, &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines++
		if strings.HasPrefix(line, "init github.com/xdg-go/stringprep ") {
			tablesOctets, tablesAllocs = o, a
			continue
		}
		octets, allocs = octets+o, allocs+a
	}
	if lines < 20 || octets > maxInitOctets || allocs > maxInitAllocs {
		t.Errorf("%d packages allocate %d octets in %d allocations before main; the limits are %d and %d", lines, octets, allocs, maxInitOctets, maxInitAllocs)
	}
	if tablesOctets == 0 || tablesOctets > maxTablesOctets || tablesAllocs > maxTablesAllocs {
		t.Errorf("xdg-go/stringprep allocates %d octets in %d allocations before main", tablesOctets, tablesAllocs)
	}
	if info, err := os.Stat(program); err != nil || info.Size() > 12<<20 {
		t.Errorf("the program has %d octets: %v", info.Size(), err)
	}
}
