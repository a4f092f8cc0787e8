package conf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"postern/auth/authtest"
	"postern/conf"
)

// transportKeys stand for a transport's own keys.
type transportKeys struct {
	Host string        `toml:"host"`
	Port int           `toml:"port"`
	Wait conf.Duration `toml:"timeout"`
	Pass conf.Password `toml:"password"`
	TLS  struct {
		CA  conf.Strings `toml:"ca"`
		Pin conf.Strings `toml:"pin"`
	} `toml:"tls"`
}

func (k *transportKeys) ResolvePaths(abs func(string) string) {
	for i := range k.TLS.CA {
		k.TLS.CA[i] = abs(k.TLS.CA[i])
	}
}

// write puts files into a folder, readable by their owner alone.
func write(t *testing.T, archive string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads one text as a configuration, with the second pass of every account.
func load(t *testing.T, text string) (*conf.Config, map[string]transportKeys, error) {
	t.Helper()
	dir := write(t, "-- c.toml --\n"+text)
	config, err := conf.Load([]string{filepath.Join(dir, "c.toml")}, true)
	if err != nil {
		return nil, nil, err
	}
	all := map[string]transportKeys{}
	for _, a := range config.Accounts {
		var k transportKeys
		_ = a.Decode(&k) // Check tells
		all[a.Name] = k
	}
	return config, all, config.Check()
}

// TestFaults has each fault with the place and the words that name it.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"default = \"a\"\n[account.a]\nhots = \"x\"\n", `c.toml:3: account.a.hots: unknown key; did you mean "host"?`},
		{"[account.a]\nhost = \"x\"\ncolour = 1\n", `c.toml:3: account.a.colour: unknown key`},
		{"[account.a]\nHost = \"x\"\n", `c.toml:2: account.a.Host: unknown key; did you mean "host"?`},
		{"[Account.a]\nhost = \"x\"\n", `c.toml:1: Account: unknown key; did you mean "account"?`},
		{"[acount.a]\nhost = \"x\"\n", `c.toml:1: acount: unknown key; did you mean "account"?`},
		{"defualt = \"a\"\n[account.a]\n", `c.toml:1: defualt: unknown key; did you mean "default"?`},
		{"[account.a]\ntls = { cs = \"x\" }\n", `c.toml:2: account.a.tls.cs: unknown key; did you mean "ca"?`},
		{"[account.a.tls]\nca = \"x\"\npim = \"y\"\n", `c.toml:3: account.a.tls.pim: unknown key; did you mean "pin"?`},
		{"[queue]\nretries = [\"1m\"]\n[account.a]\n", `c.toml:2: queue.retries: unknown key; did you mean "retry"?`},
		{"[account.a]\ntls = \"x\"\n", `c.toml:2: account.a.tls: wrong type: it is string, and should be table`},
		{"account = \"x\"\n", `c.toml:1: account: wrong type: it is string, and should be table`},
		{"aliases = 1\n", `c.toml:1: aliases: wrong type: it is integer, and should be table`},
		{"[[account.a]]\n", `c.toml:1: account.a: wrong type: it is list, and should be table`},
		{"[account.a]\ntimeout = \"0d\"\n", `c.toml:2: account.a.timeout: "0d" is not a length of time`},
		{"[account.a]\nport = \"25\"\n", `c.toml:2: account.a.port: wrong type: it is string, and should be integer`},
		{"[account.a]\n\nmatch = \"*@y\"\n", `c.toml:3: account.a.match: wrong type: it is string, and should be list`},
		{"[account.a]\ntimeout = \"5 minutes\"\n", `c.toml:2: account.a.timeout: "5 minutes" is not a length of time such as "30s", "5m" or "5d"`},
		{"[account.a]\nhost = \"x\n", `c.toml:2: strings cannot contain newlines`},
		{"[account.a]\nhost = x\n", `c.toml:2: `},
		{"[account.a]\nhost = \"x\"\nhost = \"y\"\n", `c.toml:3: Key 'account.a.host' has already been defined.`},
		{"[account.a]\npassword = { keyfob = \"x\" }\n", `c.toml:2: account.a.password: unknown source "keyfob"; known are command, file, env, keyring, credential, netrc, git_credential`},
		{"[account.a]\npassword = { command = \"pass show\" }\n", `c.toml:2: account.a.password: command should be a list of words`},
		{"[account.a]\npassword = \"\"\n", `c.toml:2: account.a.password: the password is empty`},
		{"[account.a]\npassword = { file = \"x\", env = \"y\" }\n", `c.toml:2: account.a.password: should be a string or a table with one of command, file, env, keyring, credential, netrc, git_credential`},
		{"[account.a]\npassword = { keyring = false }\n", `c.toml:2: account.a.password: keyring should be true, or a string that is not empty`},
		{"[account.a]\npassword = { netrc = \"\" }\n", `c.toml:2: account.a.password: netrc should be true, or a string that is not empty`},
		{"[account.a]\npassword = { git_credential = \"store\" }\n", `c.toml:2: account.a.password: git_credential should be true`},
		{"[account.a]\npassword = { credential = true }\n", `c.toml:2: account.a.password: credential should be a string that is not empty`},
		{"[account.a]\npassword = { credential = \"../x\" }\n", `c.toml:2: account.a.password: credential should be a name, as LoadCredential= has it, and no path`},
		{"[account.a]\npassword = { file = true }\n", `c.toml:2: account.a.password: file should be a string that is not empty`},
		{"[account.a]\npassword = { command = [] }\n", `c.toml:2: account.a.password: command should be a list of words that is not empty`},
		{"[account.a]\nextends = \"b\"\n", `c.toml:2: account.a.extends: there is no account "b"`},
		{"[account.a]\nextends = \"b\"\n[account.b]\nextends = \"a\"\n", `c.toml:4: account.b.extends: accounts extend each other in a loop: a -> b -> a`},
		{"[account.a]\nextends = \"a\"\n", `c.toml:2: account.a.extends: accounts extend each other in a loop: a -> a`},
		{"default = \"x\"\n[account.a]\n[account.b]\n", `c.toml:1: default: there is no account "x" (there are a, b)`},
		{"log = \"disk\"\n[account.a]\n", `c.toml:1: log: "disk" is none of off, file, syslog, journal, stderr`},
		{"log = true\n[account.a]\n", `c.toml:1: log: should be a string, or a table with one of file, syslog, journal`},
		{"log = { fiel = \"x\" }\n[account.a]\n", `c.toml:1: log: unknown log "fiel"; with a path there are file, syslog, journal`},
		{"log = { file = \"\" }\n[account.a]\n", `c.toml:1: log: file should be a path`},
		{"[log]\n[account.a]\n", `c.toml:1: log: should be a string, or a table with one of file, syslog, journal`},
		{"[account.a]\nqueue = \"sometimes\"\n", `c.toml:2: account.a.queue: "sometimes" is none of off, fallback, always`},
		{"[queue]\nparallel = 101\n[account.a]\n", `c.toml:2: queue.parallel: 101 is not from 1 to 100`},
		{"[queue]\nmax_size = \"many\"\n[account.a]\n", `c.toml:2: queue.max_size: "many" is no size such as "500K", "20M" or "2G"`},
		{"[queue]\nmin_free = \"0\"\n[account.a]\n", `c.toml:2: queue.min_free: "0" is no size such as "500K", "20M" or "2G"`},
		{"[queue]\nrate = \"100\"\n[account.a]\n", `c.toml:2: queue.rate: should be a number of messages in a time, such as "100/h", "10/m" or "500/d"`},
		{"[account.a]\ndomain = \"a b\"\n", `c.toml:2: account.a.domain: "a b" is not a domain`},
		{"[account.a]\ndomain = \"a\\nb\"\n", `c.toml:2: account.a.domain: "a\nb" is not a domain`},
		{"[account.a]\npassword = hunter2\n", `c.toml:2: this is not TOML; a password stands in quotation marks`},
		{"[account.a]\npassword = 2024-13-45x\n", `c.toml:2: this is not TOML; a password stands in quotation marks`},
		{"[account.a]\npassword = \"hunter2\nx = 1\n", `c.toml:2: strings cannot contain newlines`},
		{"[account.a]\npasswort = hunter2\n", `c.toml:2: this is not TOML; a password stands in quotation marks`},
		{"[account.a]\npassword = [\"hunter2\"]\n", `c.toml:2: account.a.password: should be a string or a table with one of`},
		{"[account.a]\npassword = { text = \"hunter2\" }\n", `c.toml:2: account.a.password: unknown source "text"`},
		{"[account.a]\npassword = \"hunter2\"\npassword = \"sesame open\"\n", `c.toml:3: Key 'account.a.password' has already been defined.`},
		{"[account.a]\npassword = \"hunter2\\q\"\n", `c.toml:2: `},
		{"[account.a]\npassword = 'hunter2\n", `c.toml:2: `},
		{"[account.a]\npassword = \"hunter2\" sesame open\n", `c.toml:2: `},
		{"[account.a]\npassword hunter2\n", `c.toml:2: `},
		{"[account.a]\npassword: hunter2\n", `c.toml:2: `},
		{"[account.a]\npassword = { command = \"echo hunter2\" }\n", `c.toml:2: account.a.password: command should be a list of words`},
		{"[account.a]\npassword = { command = [\"echo\", [\"hunter2\"]] }\n", `c.toml:2: account.a.password: command should be a list of words`},
		{"[account.a]\npassword = { credential = \"hunter2/x\" }\n", `c.toml:2: account.a.password: credential should be a name`},
		{"[account.a]\npassword = { git_credential = \"hunter2\" }\n", `c.toml:2: account.a.password: git_credential should be true`},
		{"[account.a]\npassword = \"\"\"\nhunter2\n", `c.toml:`},
		{"[account.a]\nmatch = [\"[\"]\n", `c.toml:2: account.a.match: "[" is not a pattern`},
		{"[aliases]\nroot = 5\n[account.a]\n", `c.toml:2: aliases.root: should be a string or a list of strings`},
	} {
		_, _, err := load(t, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", c.text, err, c.want)
		}
		if secret, _ := authtest.Leak(fmt.Sprint(err)); secret != "" {
			t.Errorf("%q shows in %v", secret, err)
		}
	}
}

// TestFaultOfSecondPassIsKept: a fault in an account that is not chosen is one all the same.
func TestFaultOfSecondPassIsKept(t *testing.T) {
	config, _, err := load(t, "[account.a]\nhost = \"x\"\n[account.b]\nport = true\n")
	if err == nil || !strings.Contains(err.Error(), "c.toml:4: account.b.port: wrong type") {
		t.Errorf("got %v (%v)", err, config)
	}
}

func TestInlinePassword(t *testing.T) {
	text := "[account.a]\nhost = \"x\"\npassword = \"hunter2\"\n"
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true, 0o660: true} {
		file := filepath.Join(write(t, "-- c.toml --\n"+text), "c.toml")
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		_, err := conf.Load([]string{file}, true)
		want := fmt.Sprintf("%s:3: account.a.password: a password in a file with mode %04o, which others can read: run chmod 600 %s", file, mode, file)
		switch {
		case !refused && err != nil:
			t.Errorf("%o: %v", mode, err)
		case refused && (err == nil || err.Error() != want):
			t.Errorf("%o: got %v, want %s", mode, err, want)
		}
	}
	// A password that is elsewhere is no secret of the file's.
	file := filepath.Join(write(t, "-- c.toml --\n[account.a]\npassword = { env = \"X\" }\n"), "c.toml")
	os.Chmod(file, 0o644)
	if _, err := conf.Load([]string{file}, true); err != nil {
		t.Error(err)
	}
}

func TestPasswordMasksItself(t *testing.T) {
	_, keys, err := load(t, "[account.a]\npassword = \"hunter2\"\n")
	if err != nil {
		t.Fatal(err)
	}
	k := keys["a"]
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, text := range []string{fmt.Sprintf(format, k), fmt.Sprintf(format, k.Pass), fmt.Sprintf(format, &k.Pass)} {
			if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s shows the password: %s", format, text)
			}
		}
	}
}

// TestExtends merges along the chain, the account's own keys last; a file name is relative to the file that has it.
func TestExtends(t *testing.T) {
	dir := write(t, `
-- system.toml --
default = "work"
[account.base]
host = "smtp.example.org"
port = 587
timeout = "2m"
domain = "example.org"
tls = { ca = "base.pem", pin = "sha256:00" }
[account.work]
host = "system"
[account.gone]
host = "x"
-- user.toml --
[account.work]
extends = "base"
from = "ann@example.org"
port = 25
tls = { ca = ["~/own.pem", "own.pem"] }
[account.home]
extends = "work"
from = "ann@home.example"
timeout = "5d"
`)
	t.Setenv("HOME", "/home/ann")
	config, err := conf.Load([]string{dir + "/system.toml", dir + "/user.toml"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(config.Names(), " "); got != "base work gone home" {
		t.Errorf("accounts: %s", got)
	}
	want := map[string]string{
		"work": "ann@example.org example.org smtp.example.org:25 2m0s [/home/ann/own.pem " + dir + "/own.pem] [sha256:00]",
		"home": "ann@home.example example.org smtp.example.org:25 120h0m0s [/home/ann/own.pem " + dir + "/own.pem] [sha256:00]",
		"base": " example.org smtp.example.org:587 2m0s [" + dir + "/base.pem] [sha256:00]",
	}
	for _, a := range config.Accounts {
		var k transportKeys
		if err := a.Decode(&k); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%s %s %s:%d %v %v %v", a.From, a.Domain, k.Host, k.Port, time.Duration(k.Wait), k.TLS.CA, k.TLS.Pin)
		if want[a.Name] != "" && got != want[a.Name] {
			t.Errorf("%s: got %s, want %s", a.Name, got, want[a.Name])
		}
	}
	if err := config.Check(); err != nil {
		t.Error(err)
	}
	if a, why, err := config.Choose(conf.Wanted{}); err != nil || a.Name != "work" || why != "default" {
		t.Errorf("%v %s %v", a, why, err)
	}
}

// TestLog: the later file's log counts, "off" is one, and a path is relative to its own file.
func TestLog(t *testing.T) {
	for _, c := range []struct {
		system, user string
		want         conf.Log
		on           bool
	}{
		{"", "", conf.Log{}, false},
		{"log = \"syslog\"", "", conf.Log{To: "syslog"}, true},
		{"log = \"syslog\"", "log = \"off\"", conf.Log{To: "off"}, false},
		{"log = { journal = \"/run/j\" }", "log = \"file\"", conf.Log{To: "file"}, true},
		{"log = \"stderr\"", "log = { file = \"~/mail.log\" }", conf.Log{To: "file", Path: "/home/ann/mail.log"}, true},
		{"", "[log]\nsyslog = \"s\"", conf.Log{To: "syslog", Path: "DIR/s"}, true},
	} {
		t.Setenv("HOME", "/home/ann")
		dir := write(t, "-- system.toml --\n"+c.system+"\n[account.a]\n-- user.toml --\n"+c.user+"\n[account.b]\n")
		config, err := conf.Load([]string{dir + "/system.toml", dir + "/user.toml"}, false)
		if err != nil {
			t.Fatal(err)
		}
		c.want.Path = strings.Replace(c.want.Path, "DIR", dir, 1)
		if config.Log != c.want || config.Log.On() != c.on || config.Check() != nil {
			t.Errorf("%s, then %s: %+v, %v; %v", c.system, c.user, config.Log, config.Log.On(), config.Check())
		}
	}
}

// TestLogFile: root's is the system's, unless the environment says where it keeps such files.
func TestLogFile(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	t.Setenv("XDG_STATE_HOME", "/state")
	if got := conf.LogFile(); got != "/state/postern/log" {
		t.Error(got)
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	want := "/home/ann/.local/state/postern/log"
	if os.Getuid() == 0 {
		want = "/var/log/postern.log"
	}
	if got := conf.LogFile(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestChoose has the order of selection.
func TestChoose(t *testing.T) {
	config, _, err := load(t, `
default = "work"
[account.home]
from = "ann@home.example"
match = ["*@home.example", "a/b*@slash.example"]
[account.work]
from = "ann@example.org"
match = ["*@*.example.org", "root", "*@home.example"]
[account.exact]
from = "bob@home.example"
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		w    conf.Wanted
		want string
	}{
		{conf.Wanted{}, "work by default"},
		{conf.Wanted{From: []string{"ann@home.example"}}, "home by From: ann@home.example"},
		{conf.Wanted{From: []string{"ANN@Home.Example"}}, "home by From: ANN@Home.Example"},
		{conf.Wanted{From: []string{"x@home.example"}}, "home by From: x@home.example"},
		{conf.Wanted{From: []string{"bob@home.example"}}, "exact by From: bob@home.example"},
		{conf.Wanted{From: []string{"x@lab.example.org"}}, "work by From: x@lab.example.org"},
		{conf.Wanted{From: []string{"x@elsewhere.example", "x@home.example"}}, "home by From: x@home.example"},
		{conf.Wanted{From: []string{"a/bc@slash.example"}}, "home by From: a/bc@slash.example"},
		{conf.Wanted{From: []string{"root"}}, "work by From: root"},
		{conf.Wanted{From: []string{"x@elsewhere.example"}}, "work by default"},
		{conf.Wanted{Sender: "x@home.example", From: []string{"x@lab.example.org"}}, "home by -f x@home.example"},
		{conf.Wanted{Sender: "x@elsewhere.example", From: []string{"x@home.example"}}, "home by From: x@home.example"},
		{conf.Wanted{Env: "exact", Sender: "x@home.example"}, "exact by POSTERN_ACCOUNT"},
		{conf.Wanted{Account: "home", Env: "exact"}, "home by --account"},
		{conf.Wanted{Account: "hom"}, `--account: there is no account "hom" (there are home, work, exact)`},
		{conf.Wanted{Env: "x"}, `POSTERN_ACCOUNT: there is no account "x" (there are home, work, exact)`},
	} {
		a, why, err := config.Choose(c.w)
		got := fmt.Sprint(err)
		if err == nil {
			got = a.Name + " by " + why
		}
		if got != c.want {
			t.Errorf("%+v: got %s, want %s", c.w, got, c.want)
		}
	}
}

func TestChooseWithoutDefault(t *testing.T) {
	only, _, err := load(t, "[account.one]\nhost = \"x\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if a, why, err := only.Choose(conf.Wanted{}); err != nil || a.Name != "one" || why != "being the only one" {
		t.Errorf("%v %s %v", a, why, err)
	}
	two, _, err := load(t, "[account.one]\n[account.two]\n")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = two.Choose(conf.Wanted{From: []string{"x@y"}})
	if err == nil || err.Error() != "no account fits this message and no default is set (there are one, two)" {
		t.Errorf("%v", err)
	}
}

func TestFiles(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("POSTERN_CONFIG", "")
	check := func(option, want string) {
		t.Helper()
		files, required := conf.Files(option)
		if got := fmt.Sprint(files, required); got != want {
			t.Errorf("%q: got %s, want %s", option, got, want)
		}
	}
	check("", "[/etc/postern/config.toml /home/ann/.config/postern/config.toml] false")
	t.Setenv("XDG_CONFIG_HOME", "/xdg")
	check("", "[/etc/postern/config.toml /xdg/postern/config.toml] false")
	t.Setenv("XDG_CONFIG_HOME", "relative")
	check("", "[/etc/postern/config.toml /home/ann/.config/postern/config.toml] false")
	t.Setenv("POSTERN_CONFIG", "/env.toml")
	check("", "[/env.toml] true")
	check("/option.toml", "[/option.toml] true")
}

func TestMissingFiles(t *testing.T) {
	dir := write(t, "-- c.toml --\n[account.a]\n")
	if _, err := conf.Load([]string{dir + "/no.toml", dir + "/c.toml"}, false); err != nil {
		t.Error(err)
	}
	if _, err := conf.Load([]string{dir + "/no.toml"}, true); err == nil || !strings.Contains(err.Error(), dir+"/no.toml") {
		t.Errorf("%v", err)
	}
	if _, err := conf.Load([]string{dir + "/no.toml", dir + "/no2.toml"}, false); err == nil || !strings.Contains(err.Error(), "no configuration: none of ") {
		t.Errorf("%v", err)
	}
}

// TestAliases reads the table and the file; the table goes first.
func TestAliases(t *testing.T) {
	dir := write(t, `
-- c.toml --
[account.a]
[aliases]
file = "aliases"
root = ["ann@example.org", "Bob <bob@example.org>"]
comma = "\"a,b\"@example.org"
Cron = "root"
-- aliases --
# the usual ones
postmaster: root
root: nobody@example.org
News:	ann@example.org, "x,y" <xy@example.org>,
	bob@example.org,
# in between
    "carol@example.org"
"quoted name": dave@example.org
pipe: "|/bin/program"
-- none.toml --
[account.a]
[aliases]
file = ""
-- bad.toml --
[account.a]
[aliases]
file = "bad"
-- bad --
a: b
no colon here
`)
	config, err := conf.Load([]string{dir + "/c.toml"}, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"root": "ann@example.org|Bob <bob@example.org>", "ROOT": "ann@example.org|Bob <bob@example.org>", "cron": "root", "postmaster": "root",
		"news": `ann@example.org|"x,y" <xy@example.org>|bob@example.org|"carol@example.org"`, "quoted name": "dave@example.org", "pipe": `"|/bin/program"`, "file": "", "other": "",
	} {
		to, ok := config.Alias(name)
		if got := strings.Join(to, "|"); got != want || ok != (want != "") {
			t.Errorf("%s: got %s %v, want %s", name, got, ok, want)
		}
	}
	if config, err = conf.Load([]string{dir + "/none.toml"}, true); err != nil {
		t.Fatal(err)
	}
	if to, ok := config.Alias("postmaster"); ok {
		t.Errorf("without a file: %v", to)
	}
	_, err = conf.Load([]string{dir + "/bad.toml"}, true)
	if want := dir + `/bad:2: "no colon here" should be "name: address, address"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// FuzzLoad checks that no text makes the reading panic, and that an error of a text names its file.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"[account.a]\nhost = \"x\"\n", "default = 1", "[account]\na = 5", "account = []", "[[account.a]]", "[account.\"a.b\"]\nx.y.z = 1", "[aliases]\n\"\" = \"\"", "[account.a]\ntls.ca = [[]]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") { // it could name any file of this machine
			return
		}
		_, _, err := load(t, text)
		if err != nil && !strings.Contains(err.Error(), "c.toml") {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// TestForRecipient has recipients and the account that match_recipient sends them by.
func TestForRecipient(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.toml")
	text := "[account.a]\nhost = \"x\"\n[account.local]\nhost = \"x\"\nmatch_recipient = [\"*\", \"*@host.example\"]\n" +
		"[account.late]\nhost = \"x\"\nmatch_recipient = [\"*@*\"]\nmatch = [\"*@late.example\"]\nfrom = \"ann@late.example.org\"\n[aliases]\nfile = \"\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{"root": "local", "Bob@HOST.example": "local", "bob@elsewhere.example": "late", "a/b": "local"} {
		if a := c.ForRecipient(addr, !strings.Contains(addr, "@")); a == nil || a.Name != want {
			t.Errorf("%s goes by %v, want %s", addr, a, want)
		}
	}
	for addr, want := range map[string]bool{"x@LATE.example": true, "Ann@late.example.org": true, "ann@example.org": false, "": false} {
		if c.Accounts[2].Owns(addr) != want {
			t.Errorf("%q: %v", addr, !want)
		}
	}
}
