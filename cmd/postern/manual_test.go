package main

import (
	"iter"
	"os"
	"os/exec"
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

// TestCompanionManual: each command has a page, which has its words, its flags and its examples.
func TestCompanionManual(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("go", "run", "-tags=nethttpomithttp2,manpages", ".", dir)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pages := 0
	for c := range companionCommands() {
		page, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		pages++
		text := strings.ReplaceAll(string(page), `\-`, "-")
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(text, "--"+f.Name) {
				t.Errorf("the page of %s lacks --%s", c.CommandPath(), f.Name)
			}
			if argument, _ := pflag.UnquoteUsage(f); strings.HasPrefix(argument, "string") {
				t.Errorf("%s --%s: the usage names no argument", c.CommandPath(), f.Name)
			}
		})
		for line := range strings.Lines(c.Example) {
			if !strings.Contains(text, strings.ReplaceAll(strings.TrimSpace(line), `\`, `\\`)) {
				t.Errorf("the page of %s lacks the example %s", c.CommandPath(), line)
			}
		}
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(files) != pages || pages < 15 {
		t.Errorf("%d pages for %d commands", len(files), pages)
	}
}

// TestCommandsHaveExamples: each command has examples, whose flags and arguments it takes.
func TestCommandsHaveExamples(t *testing.T) {
	for c := range companionCommands() {
		if c.Example == "" {
			t.Errorf("%s lacks an example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			words := exampleWords(line)
			if len(words) == 0 || words[0] != "postern" {
				continue // what goes with it
			}
			status := 0
			got, rest, err := rootCommand(streams{}, &status).Find(words[1:])
			group := c.HasSubCommands() && !c.Runnable() // whose examples are those of what is below it
			if err == nil && got.CommandPath() != c.CommandPath() && !(group && got.HasParent() && got.Parent().CommandPath() == c.CommandPath()) {
				t.Errorf("%s is an example of %s", strings.TrimSpace(line), c.CommandPath())
			}
			if err == nil && !got.DisableFlagParsing {
				if err = got.ParseFlags(rest); err == nil {
					err = got.ValidateArgs(got.Flags().Args())
				}
			}
			if err != nil {
				t.Errorf("%s: %v", strings.TrimSpace(line), err)
			}
		}
	}
}

// exampleWords are the words of the first program on an example's line, as a shell takes them.
func exampleWords(line string) (words []string) {
	for _, m := range regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`).FindAllString(line, -1) {
		if m == "|" && len(words) > 0 && words[0] != "postern" {
			words = nil
			continue
		}
		if strings.ContainsAny(m[:1], "|<>#") {
			break
		}
		words = append(words, strings.Trim(m, `'"`))
	}
	return words
}

// companionCommands are the commands that people see, but for those that have postern-sendmail(1).
func companionCommands() iter.Seq[*cobra.Command] {
	return func(yield func(*cobra.Command) bool) {
		status := 0
		todo := []*cobra.Command{rootCommand(streams{}, &status)}
		for len(todo) > 0 {
			c := todo[0]
			todo = todo[1:]
			for _, sub := range c.Commands() {
				if _, ok := forms[sub.Name()]; (!ok || sub.Long != "") && !sub.Hidden {
					todo = append(todo, sub)
				}
			}
			if !yield(c) {
				return
			}
		}
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
