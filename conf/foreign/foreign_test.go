package foreign_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
	"postern/conf/foreign"
)

var update = flag.Bool("update", false, "rewrite what came of the files")

// program is the program of a file of testdata: its name up to a hyphen.
func program(name string) string {
	name, _, _ = strings.Cut(strings.TrimSuffix(filepath.Base(name), ".in"), "-")
	return name
}

// files are those of an archive.
func files(data []byte) (list []foreign.File) {
	for _, f := range txtar.Parse(data).Files {
		list = append(list, foreign.File{Name: f.Name, Text: string(f.Data)})
	}
	return list
}

// load has the configuration read as sendmail does, and each account opened.
func load(t *testing.T, text string) (*conf.Config, []error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{name}, true)
	var place *conf.Error
	if errors.As(err, new(*fs.PathError)) || errors.As(err, &place) && place.File != name {
		return nil, nil // the file of aliases, which is not ours
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var errs []error
	backends := backend.Registry{"plain": smtp.Plain, "starttls": smtp.StartTLS, "tls": smtp.TLS, "lmtp": smtp.LMTP}
	for _, a := range config.Accounts {
		if _, err := backends.Open(a, backend.Surroundings{}); err != nil {
			errs = append(errs, err)
		}
	}
	if err := config.Check(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return config, errs
}

// TestFiles compares what comes of the files of testdata with what did, and has it loaded.
func TestFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/*.in")
	if err != nil || len(names) < 12 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".in"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := foreign.Import(program(name), files(data))
			if err != nil {
				t.Fatal(err)
			}
			var notes strings.Builder
			for _, n := range p.Notes() {
				notes.WriteString(n.String() + "\n")
			}
			if secret := strings.Contains(notes.String(), "hunter2") || strings.Contains(notes.String(), "correct horse"); secret {
				t.Errorf("the notes show a secret:\n%s", notes.String())
			}
			got := txtar.Format(&txtar.Archive{Files: []txtar.File{
				{Name: "toml", Data: []byte(p.TOML())}, {Name: "notes", Data: []byte(notes.String())},
			}})
			golden := strings.TrimSuffix(name, ".in") + ".toml"
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != string(got) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if p.Empty() {
				return
			}
			config, errs := load(t, p.TOML())
			if config == nil || len(errs) > 0 {
				t.Errorf("%v\n%s", errs, p.TOML())
			}
		})
	}
}

// FuzzImport: whatever the files are, what comes of them loads, unless it is nothing.
func FuzzImport(f *testing.F) {
	names, err := filepath.Glob("testdata/*.in")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		list := files(data)
		list = append(list, foreign.File{}) // for those of one file
		f.Add(program(name), list[0].Text, list[1].Name, list[1].Text)
	}
	f.Fuzz(func(t *testing.T, program, main, name, text string) {
		p, err := foreign.Import(program, []foreign.File{{Name: "main", Text: main}, {Name: name, Text: text}})
		if err != nil {
			return
		}
		if !p.Empty() {
			load(t, p.TOML())
		}
		for _, n := range p.Notes() {
			if strings.ContainsAny(n.String(), "\n\r\x1b") {
				t.Errorf("%q is more than a line", n)
			}
		}
	})
}

// told is all that comes of files.
func told(t *testing.T, program string, list []foreign.File) string {
	t.Helper()
	p, err := foreign.Import(program, list)
	if err != nil {
		t.Fatal(err)
	}
	text := p.TOML()
	for _, n := range p.Notes() {
		text += n.String() + "\n"
	}
	return text
}

// withoutEffect are lines of testdata that change nothing.
func withoutEffect(line string) bool {
	switch line {
	case "port 465", "port 587", "PORT 587", "tls off", "smtpUser =", "set ssl_force_tls", "UseTLS=YES",
		"set use_from = yes; set envelope_from = yes": // what is so anyway
		return true
	case "[core]", "name = Ann Example", "editor = vim ; the one", "set folder = imaps://mail.example.org/",
		"bind index g noop # not about sending", "color status green default": // not about sending
		return true
	case "ALIASES /etc/aliases", "MAILNAME /etc/mailname", "host lmtp.example.org", "set from=ann@example.org": // of an account that is left out
		return true
	}
	return false
}

// TestEveryLine: each line is carried over or named. Without it something else comes out.
func TestEveryLine(t *testing.T) {
	names, err := filepath.Glob("testdata/*.in")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list := files(data)
		whole := told(t, program(name), list)
		for i, f := range list {
			lines := strings.Split(f.Text, "\n")
			for n, line := range lines {
				text := strings.TrimSpace(line)
				if text == "" || text[0] == '#' || withoutEffect(text) {
					continue
				}
				changed := append([]foreign.File(nil), list...)
				changed[i].Text = strings.Join(append(append(append([]string(nil), lines[:n]...), ""), lines[n+1:]...), "\n")
				if told(t, program(name), changed) == whole {
					t.Errorf("%s: %s:%d: %q is neither carried over nor named", name, f.Name, n+1, text)
				}
			}
		}
	}
}
