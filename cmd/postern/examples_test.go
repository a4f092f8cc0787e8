package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"postern/backend"
	"postern/conf"
)

// TestExamples: every configuration in the README and in postern.toml(5) can be used as it stands there.
func TestExamples(t *testing.T) {
	for page, form := range map[string]string{
		"README.md": "(?s)(?:```toml|<<'X')\n(.*?)\n(?:```|X\n)", "docs/postern.toml.5": `(?s)\n\.nf\n([^/]*?\[.*?)\n\.fi`,
	} {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		configs := regexp.MustCompile(form).FindAllStringSubmatch(string(text), -1)
		if len(configs) < 5 {
			t.Errorf("%s has %d examples", page, len(configs))
		}
		for _, c := range configs {
			name := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(name, []byte(c[1]), 0o600); err != nil {
				t.Fatal(err)
			}
			config, err := conf.Load([]string{name}, true)
			if err != nil {
				t.Errorf("%s: %v\n%s", page, err, c[1])
				continue
			}
			transports, err := openAll(config, backend.Surroundings{})
			if err != nil {
				t.Errorf("%s: %v\n%s", page, err, c[1])
			}
			for _, opened := range transports {
				if opened.err != nil {
					t.Errorf("%s: %v\n%s", page, opened.err, c[1])
				}
			}
		}
	}
}
