package conf

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/rogpeppe/go-internal/txtar"
)

var work = []Setting{{"host", Quote("smtp.example.org")}, {"user", Quote("ann")}, {"password", InlineTable(Setting{"file", Quote("work.password")})}}

// TestEdit has archives of a file before, and after: "work.toml" has got an account called work, in place of the one
// that may be there, and "default.toml" has it as the default. An archive with "refused" is left alone, for that reason.
func TestEdit(t *testing.T) {
	names, err := filepath.Glob("testdata/edit/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			section := map[string]string{}
			for _, f := range archive.Files {
				section[f.Name] = string(f.Data)
			}
			for what, e := range map[string]Edit{
				"work.toml":    {Account: "work", Settings: work, Replace: true},
				"default.toml": {Default: "work"},
			} {
				got, err := e.apply("config.toml", section["before"])
				if refused, ok := section["refused"]; ok {
					if err == nil || err.Error() != strings.TrimSpace(refused) {
						t.Errorf("%s: %v", what, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
				if got != section[what] {
					t.Errorf("%s is\n%s\nand should be\n%s", what, got, section[what])
				}
			}
		})
	}
}

func TestEditKeepsLineEnds(t *testing.T) {
	got, err := Edit{Default: "work", Account: "work", Settings: work[:1]}.apply("config.toml", bom+"queue.dir = 'q'\r\n[account.a]\r\nhost = 'h'")
	want := bom + "queue.dir = 'q'\r\ndefault = \"work\"\r\n[account.a]\r\nhost = 'h'\r\n\r\n[account.work]\r\nhost = \"smtp.example.org\"\r\n"
	if err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEditKnowsAnAccountThatIsThere(t *testing.T) {
	for _, text := range []string{"[account.work]\n", "account.work.host = 'h'\n", "[account]\nwork = { host = 'h' }\n", "[account.\"w\\u006frk\".tls]\n"} {
		_, err := Edit{Account: "work", Settings: work}.apply("config.toml", text)
		if exists := new(ExistsError); !errors.As(err, exists) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestWrite has files of several kinds, and looks at what is left on the disk.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "new", "postern", "config.toml")
	edit := Edit{Default: "work", Account: "work", Settings: work}
	mode := func(name string) os.FileMode {
		info, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	if err := edit.Write(name); err != nil {
		t.Fatal(err)
	}
	if mode(name) != 0o600 || mode(filepath.Dir(name)) != os.ModeDir|0o700 {
		t.Errorf("the file has mode %v, its folder %v", mode(name), mode(filepath.Dir(name)))
	}
	c, err := Load([]string{name}, true)
	if err != nil || c.Default != "work" || !slices.Equal(c.Names(), []string{"work"}) {
		t.Errorf("loaded as %v, %v", c, err)
	}
	for _, m := range []struct{ before, after os.FileMode }{{0o644, 0o600}, {0o400, 0o400}, {0o600, 0o600}} {
		if err := os.WriteFile(name, []byte("# mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, m.before); err != nil {
			t.Fatal(err)
		}
		if err := edit.Write(name); err != nil || mode(name) != m.after {
			t.Errorf("mode %v became %v, %v", m.before, mode(name), err)
		}
	}
	// A change of default brings no secret in: who may read the file still may.
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (Edit{Default: "other"}).Write(name); err != nil || mode(name) != 0o644 {
		t.Errorf("mode 0644 became %v, %v", mode(name), err)
	}
	link := filepath.Join(dir, "config.toml")
	if err := os.Symlink("new/postern/config.toml", link); err != nil {
		t.Fatal(err)
	}
	if err := (Edit{Default: "home", Account: "home", Settings: work}).Write(link); err != nil {
		t.Error(err)
	}
	c, err = Load([]string{name}, true)
	if mode(link)&os.ModeSymlink == 0 || err != nil || c.Default != "home" {
		t.Errorf("by a link: %v, %v", mode(link), err)
	}
	dangling := filepath.Join(dir, "dangling.toml")
	if err := os.Symlink("gone", dangling); err != nil {
		t.Fatal(err)
	}
	if err := edit.Write(dangling); err == nil || !strings.Contains(err.Error(), "is a link to gone") {
		t.Errorf("a link to nothing: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "new", "postern", ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestEditRefuses: what can't be changed by putting text in between, or compared afterwards, is left to the person.
func TestEditRefuses(t *testing.T) {
	for _, text := range []string{"account = 1\n", "[[account]]\nhost = 'h'\n", "x = nan\n"} {
		got, err := Edit{Account: "work", Settings: work}.apply("config.toml", text)
		if err == nil || !strings.Contains(err.Error(), "edit it by hand") {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
}

func TestTables(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	one := write("one", "default = 'gone'\n[account.b]\nnonsense = 1\n[account.a.tls]\n")
	two := write("two", "[account.b]\n[account.c]\n")
	names, with, err := Tables([]string{one, two, filepath.Join(dir, "missing")}, false)
	if !slices.Equal(names, []string{"b", "a", "c"}) || with != one || err != nil {
		t.Error(names, with, err)
	}
	var place *Error
	if _, _, err := Tables([]string{write("bad", "x = 1\n[[[")}, true); !errors.As(err, &place) || place.Line != 2 {
		t.Error(err)
	}
}

// FuzzQuote: what is quoted reads as it was.
func FuzzQuote(f *testing.F) {
	for _, text := range []string{"", "a\"b\\c", "line\nline\ttab\x7f", "\u2028ünï\x00", "\xff", "'''"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var read struct{ X string }
		if _, err := toml.Decode("x = "+Quote(text), &read); err != nil || read.X != strings.ToValidUTF8(text, "\uFFFD") {
			t.Errorf("%q became %q, %v", text, read.X, err)
		}
	})
}

// FuzzEdit: whatever file toml reads, an edit is refused or leaves all other keys, all comments and all lines that are
// not about it.
func FuzzEdit(f *testing.F) {
	names, _ := filepath.Glob("testdata/edit/*.txt")
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		before := map[string]any{}
		if _, err := toml.Decode(text, &before); err != nil {
			return
		}
		got, err := Edit{Default: "work", Account: "work", Settings: work, Replace: true}.apply("config.toml", text)
		if err != nil {
			return
		}
		after := map[string]any{}
		if _, err := toml.Decode(got, &after); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		accounts, _ := after["account"].(map[string]any)
		if after["default"] != "work" || accounts["work"] == nil {
			t.Errorf("not done: %q", got)
		}
		for _, m := range []map[string]any{before, after} {
			delete(m, "default")
			if a, ok := m["account"].(map[string]any); ok {
				if delete(a, "work"); len(a) == 0 {
					delete(m, "account")
				}
			}
		}
		if !same(before, after) {
			t.Errorf("other keys changed: %q became %q", text, got)
		}
		there, left := comments(t, text), comments(t, got)
		if !slices.Equal(there, left) {
			t.Errorf("the comments %q became %q", there, left)
		}
		again, err := Edit{Default: "work", Account: "work", Settings: work, Replace: true}.apply("config.toml", got)
		if err != nil || again != got {
			t.Errorf("once more: %q became %q, %v", got, again, err)
		}
	})
}

// same is DeepEqual; a NaN is the same as another.
func same(a, b any) bool {
	if x, ok := a.(float64); ok && math.IsNaN(x) {
		y, ok := b.(float64)
		return ok && math.IsNaN(y)
	}
	return reflect.DeepEqual(a, b)
}

// comments are those of a text, sorted, found by another way than the edit's: what can be cut off the end of a line
// without a change of what the text says, and with one of its own in place is none.
func comments(t *testing.T, text string) (found []string) {
	t.Helper()
	s, err := statements(text)
	if err != nil {
		t.Fatal(err)
	}
	covered := func(at int) bool {
		return slices.ContainsFunc(s, func(s statement) bool { return s.start <= at && at < s.end })
	}
	for _, one := range s {
		found = append(found, one.comments...)
	}
	for at := 0; at < len(text); at++ {
		if text[at] == '#' && !covered(at) {
			end := lineEnd(text, at)
			found = append(found, strings.TrimRight(text[at:end], "\r\n"))
			at = end - 1
		}
	}
	slices.Sort(found)
	return found
}
