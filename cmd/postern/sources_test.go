package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postern/conf"
)

// TestSourceCells: for each place that a secret comes from the scripts have a section with the right, the wrong and the
// missing one, under a comment "# SOURCE: CELL", and with the exit status that each comes to. That each has its slow one
// is for TestSlowSources of backend/smtp to see; what has none is inline or in the environment, and is there or not.
// backend/smtp's TestSignInCells has the same for the mechanisms.
func TestSourceCells(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	begins := regexp.MustCompile(`^# ([a-z_]+): (right|wrong|missing)$`)
	exits := regexp.MustCompile(`^exits (\d+) `)
	got := map[string][]string{} // the exit statuses by the section
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		section := ""
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "-- ") {
				break
			}
			if strings.HasPrefix(line, "#") {
				section = ""
			}
			if m := begins.FindStringSubmatch(line); m != nil {
				section = m[1] + ": " + m[2]
			}
			if m := exits.FindStringSubmatch(line); m != nil && section != "" {
				got[section] = append(got[section], m[1])
			}
		}
	}
	var password conf.Password
	_, list, known := strings.Cut(fmt.Sprint(password.UnmarshalTOML(map[string]any{"?": ""})), "known are ")
	if !known {
		t.Fatal("the sources of passwords are not told")
	}
	sources := append(strings.Split(list, ", "), "inline", "ask", "client_secret", "certificate")
	for _, source := range sources {
		for cell, statuses := range map[string][]string{"right": {"0"}, "wrong": {"77", "78"}, "missing": {"77", "78"}} {
			section := source + ": " + cell
			if len(got[section]) == 0 {
				t.Errorf("no script has %q", section)
			}
			for _, status := range got[section] {
				if !slices.Contains(statuses, status) {
					t.Errorf("%q ends with %s", section, status)
				}
			}
			delete(got, section)
		}
	}
	for section := range got {
		t.Errorf("%q is none of the sources'", section)
	}
}
