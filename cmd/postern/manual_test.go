package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"postern/backend"
	"postern/conf"
)

// tagged are the tags of a manual page's paragraphs: the section, and the macro line behind .TP or .TQ.
func tagged(t *testing.T, page string) (tags [][2]string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../docs", page))
	if err != nil {
		t.Fatal(err)
	}
	section, isTag := "", false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case isTag:
			tags = append(tags, [2]string{section, line})
		case strings.HasPrefix(line, ".SH "):
			section = strings.Trim(strings.TrimPrefix(line, ".SH "), `"`)
		}
		isTag = line == ".TP" || line == ".TQ"
	}
	return tags
}

// neededKeys are what an account of each backend can't do without.
var neededKeys = map[string]string{
	"plain": `host = "x"`, "starttls": `host = "x"`, "tls": `host = "x"`, "lmtp": `host = "x"`, "pipe": `command = ["x"]`, "maildir": `path = "x"`,
}

// TestConfigurationManual holds postern.toml(5) against the keys that the code reads, both ways.
func TestConfigurationManual(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.toml")
	var text strings.Builder
	for _, name := range backends.Names() {
		text.WriteString("[account." + name + "]\nbackend = \"" + name + "\"\n" + neededKeys[name] + "\n")
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	transports, err := openAll(config, backend.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	for name, opened := range transports {
		if opened.err != nil {
			t.Errorf("%s: %v", name, opened.err)
		}
	}
	var documented []string
	for _, tag := range tagged(t, "postern.toml.5") {
		key := strings.TrimPrefix(tag[1], ".B ")
		switch tag[0] {
		case "TOP-LEVEL KEYS":
			documented = append(documented, "/"+key)
		case "ACCOUNT KEYS":
			documented = append(documented, key)
		}
	}
	compare(t, config.KnownKeys(), documented)
}

// TestSendmailManual holds postern-sendmail(1) against the option table, both ways.
func TestSendmailManual(t *testing.T) {
	var read, documented []string
	for _, o := range options {
		read = append(read, o.name)
	}
	name := regexp.MustCompile(`\\-(?:\\-)?([A-Za-z]+(?:\\-[a-z]+)*)`)
	for _, tag := range tagged(t, "postern-sendmail.1") {
		if tag[0] != "OPTIONS" {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(tag[1], -1) {
			documented = append(documented, strings.ReplaceAll(m[1], `\-`, "-"))
		}
	}
	compare(t, read, documented)
}

// TestCompanionManual holds postern(1) against the commands and their flags, both ways.
func TestCompanionManual(t *testing.T) {
	var read, documented []string
	var walk func(c *cobra.Command, path string)
	walk = func(c *cobra.Command, path string) {
		if len(c.Commands()) == 0 {
			read = append(read, strings.TrimSpace(path+" "+c.Name()))
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if !f.Hidden {
					read = append(read, "--"+f.Name)
				}
			})
			return
		}
		for _, sub := range c.Commands() {
			walk(sub, strings.TrimSpace(path+" "+strings.TrimPrefix(c.Name(), "postern")))
		}
	}
	status := 0
	root := rootCommand(streams{}, &status)
	walk(root, "")
	for _, tag := range tagged(t, "postern.1") {
		if tag[0] == "COMMANDS" {
			name, isWhole := strings.CutPrefix(tag[1], ".B ")
			if !isWhole { // .BI name argument
				m := regexp.MustCompile(`^\.BI (?:"([^"]*)"|(\S+)) `).FindStringSubmatch(tag[1])
				name = m[1] + m[2]
			}
			documented = append(documented, strings.ReplaceAll(name, `\-`, "-"))
		}
	}
	page, err := os.ReadFile("../../docs/postern.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\n\.B \\-\\-([a-z]+)\n`).FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, "--"+m[1])
	}
	links := []string{"sendmail", "mailq", "newaliases"} // have postern-sendmail(1)
	read = slices.DeleteFunc(read, func(name string) bool { return slices.Contains(links, name) })
	slices.Sort(read)
	slices.Sort(documented)
	if !slices.Equal(read, documented) || len(read) < 8 {
		t.Errorf("the code has %q, the manual %q", read, documented)
	}
}

func compare(t *testing.T, read, documented []string) {
	t.Helper()
	if len(read) < 20 || len(documented) < 20 {
		t.Fatalf("%d in the code, %d in the manual: the test does not see them", len(read), len(documented))
	}
	for _, key := range read {
		if !slices.Contains(documented, key) {
			t.Errorf("%s is not in the manual", key)
		}
	}
	for _, key := range documented {
		if !slices.Contains(read, key) {
			t.Errorf("the manual has %s, which the code doesn't know", key)
		}
	}
}

// TestPasswordManual holds the section PASSWORDS of postern.toml(5) against the sources that the code knows, both ways.
func TestPasswordManual(t *testing.T) {
	load := func(password string) error {
		file := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(file, []byte("[account.a]\nhost = \"x\"\npassword = "+password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := conf.Load([]string{file}, true)
		if err == nil {
			_, err = openAll(config, backend.Surroundings{})
		}
		return err
	}
	err := load(`{ nowhere = "x" }`)
	if err == nil {
		t.Fatal("an unknown source is none")
	}
	_, list, _ := strings.Cut(err.Error(), "known are ")
	known := strings.Split(list, ", ")
	var documented []string
	for _, tag := range tagged(t, "postern.toml.5") {
		if tag[0] != "PASSWORDS" {
			continue
		}
		example := strings.NewReplacer(`\(dq`, `"`, ", ...", "").Replace(strings.TrimPrefix(tag[1], ".B "))
		documented = append(documented, strings.Fields(example)[1])
		if err := load(example); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
	slices.Sort(known)
	slices.Sort(documented)
	if len(known) < 7 || !slices.Equal(known, documented) {
		t.Errorf("the code knows %v, the manual %v", known, documented)
	}
}
