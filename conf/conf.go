// Package conf reads postern's profiles: it finds the files, decodes them strictly, and chooses the account for a message.
//
// Decoding goes in two passes. The first one, in Load, reads what every account has (Keys); the second one, in
// Account.Decode, is the transport's own and reads the keys that only it knows. A key that neither pass read is an
// error of the file (Config.Check), so a misspelt option is never silently without effect.
package conf

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Config is what the configuration files say together.
type Config struct {
	Accounts []*Account // in the order the files define them
	Default  string     // the account when nothing else selects one; may be empty
	Queue    Queue
	Log      Log

	aliases map[string][]string
	others  string // the file of aliases that was read
	files   []*file
	tables  map[string]table
	known   map[string]bool // every key some pass reads, as "host" or "tls.ca" within an account, for the nearest-key advice
	problem error           // the first error that a second pass met
}

// Keys are the keys of an account that have a meaning whatever its backend.
type Keys struct {
	Extends string   `toml:"extends"` // the account whose keys this one starts from
	Backend string   `toml:"backend"` // the transport's name; "" means tls (RFC 8314)
	From    string   `toml:"from"`    // envelope sender, and From: where the message has none
	Match   []string `toml:"match"`   // glob patterns: this account is chosen for these senders
	Domain  string   `toml:"domain"`  // completes bare names
	Queue   string   `toml:"queue"`   // see QueueOff
	Undo    Duration `toml:"undo"`    // how long a message is kept before it is sent, so that it can be taken back

	MatchRecipient []string `toml:"match_recipient"` // glob patterns: recipients that go by this account, whoever sends
	SetFrom        string   `toml:"set_from"`        // when From: is written: missing (or empty), always, never
	OverrideFrom   bool     `toml:"override_from"`   // the envelope sender is from, whatever -f says
}

// What SetFrom can be.
const (
	SetFromMissing = "missing" // From: is added where there is none; the default
	SetFromAlways  = "always"  // From: gets the account's address, the name stays
	SetFromNever   = "never"   // From: and Sender: are the caller's alone
)

// Account is one profile, with the keys of the accounts it extends already merged in.
type Account struct {
	Name string
	Keys

	config *Config
	tables []table // from the farthest ancestor to the account's own table
}

// table is one [account.NAME] table, not yet decoded.
type table struct {
	file *file
	name string
	body toml.Primitive
}

// DefaultBackend is the transport of an account that names none: implicit TLS, as RFC 8314 section 3 recommends.
const DefaultBackend = "tls"

// ErrNoFile says that there is no configuration at all.
var ErrNoFile = errors.New("no configuration")

// Load reads the files in order; accounts of a later file replace those of the same name, and so does default. A
// file that is missing is passed over, and so is the system's where this user may not read it, unless there is no
// other or it was asked for by name (required). The error is an *Error when it has a place in a file.
func Load(files []string, required bool) (*Config, error) {
	c := &Config{aliases: map[string][]string{}, known: map[string]bool{}, tables: map[string]table{}}
	var order []string
	var skipped error
	for _, name := range files {
		f, err := readFile(name)
		if errors.Is(err, fs.ErrNotExist) && !required {
			continue
		}
		if errors.Is(err, fs.ErrPermission) && name == SystemFile && !required { // it may be for root alone
			skipped = err
			continue
		}
		if err != nil {
			return nil, err
		}
		c.files = append(c.files, f)
		if err := c.add(f, &order); err != nil {
			return nil, err
		}
	}
	switch {
	case len(c.files) == 0 && skipped != nil:
		return nil, fmt.Errorf("cannot read the configuration: %w", skipped)
	case len(c.files) == 0:
		return nil, fmt.Errorf("%w: none of %s exists", ErrNoFile, strings.Join(files, ", "))
	}
	return c.settle(order)
}

// LoadDraft reads the text of a file that isn't written yet; name is where it would be. It may hold secrets.
func LoadDraft(name, text string) (*Config, error) {
	c := &Config{aliases: map[string][]string{}, known: map[string]bool{}, tables: map[string]table{}}
	f := &file{name: name, data: text, draft: true}
	c.files = append(c.files, f)
	var order []string
	if err := c.add(f, &order); err != nil {
		return nil, err
	}
	return c.settle(order)
}

// settle makes the accounts of the tables that the files have.
func (c *Config) settle(order []string) (*Config, error) {
	for _, name := range order {
		a, err := c.account(name)
		if err != nil {
			return nil, err
		}
		c.Accounts = append(c.Accounts, a)
	}
	if err := c.completeQueue(); err != nil {
		return nil, err
	}
	if c.Default != "" {
		if _, err := c.Named(c.Default); err != nil {
			return nil, c.errorf("default", "%v", err)
		}
	}
	return c, c.readAliasFile()
}

// add decodes the first pass of one file into c.
func (c *Config) add(f *file, order *[]string) error {
	var top struct {
		Default string                    `toml:"default"`
		Account map[string]toml.Primitive `toml:"account"`
		Aliases map[string]Strings        `toml:"aliases"`
		Queue   *Queue                    `toml:"queue"`
		Log     *Log                      `toml:"log"`
	}
	top.Queue = &c.Queue
	if err := f.decode(&top); err != nil {
		return err
	}
	collectKeys(c.known, "/", &top)
	c.Queue.Dir = f.abs(c.Queue.Dir)
	// The toml package takes anything for a map, and leaves it empty.
	if f.meta.IsDefined("account") && top.Account == nil || f.meta.IsDefined("aliases") && top.Aliases == nil {
		return f.notTable()
	}
	if top.Log != nil {
		c.Log = Log{top.Log.To, f.abs(top.Log.Path)}
	}
	if top.Default != "" {
		c.Default = top.Default
	}
	for name, to := range top.Aliases {
		if name == "file" && len(to) == 1 {
			to[0] = f.abs(to[0])
		}
		c.aliases[strings.ToLower(name)] = to
	}
	for _, k := range f.meta.Keys() {
		if len(k) < 2 || k[0] != "account" {
			continue
		}
		if _, seen := c.tables[k[1]]; !seen {
			*order = append(*order, k[1])
		}
		c.tables[k[1]] = table{f, k[1], top.Account[k[1]]}
	}
	return f.checkInlinePasswords()
}

// account builds the account called name from its table and those it extends.
func (c *Config) account(name string) (*Account, error) {
	a := &Account{Name: name, config: c}
	chain := []string{name}
	for at := name; ; {
		t := c.tables[at]
		a.tables = slices.Insert(a.tables, 0, t)
		var own Keys
		if err := t.decode(&own); err != nil {
			return nil, err
		}
		if own.Extends == "" {
			break
		}
		if _, ok := c.tables[own.Extends]; !ok {
			return nil, t.errorf("extends", "there is no account %q", own.Extends)
		}
		if slices.Contains(chain, own.Extends) {
			return nil, t.errorf("extends", "accounts extend each other in a loop: %s -> %s", strings.Join(chain, " -> "), own.Extends)
		}
		at = own.Extends
		chain = append(chain, at)
	}
	if err := a.Decode(&a.Keys); err != nil {
		return nil, err
	}
	if a.Backend == "" {
		a.Backend = DefaultBackend
	}
	if strings.ContainsFunc(a.Domain, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\x7f@<>,;:\"()", r) }) {
		return nil, a.Errorf("domain", "%q is not a domain", a.Domain)
	}
	for key, patterns := range map[string][]string{"match": a.Match, "match_recipient": a.MatchRecipient} {
		for _, pattern := range patterns {
			if _, err := path.Match(pattern, ""); err != nil {
				return nil, a.Errorf(key, "%q is not a pattern", pattern)
			}
		}
	}
	switch a.SetFrom {
	case "", SetFromMissing, SetFromAlways, SetFromNever:
	default:
		return nil, a.Errorf("set_from", "%q is none of missing, always, never", a.SetFrom)
	}
	if a.From == "" && (a.OverrideFrom || a.SetFrom == SetFromAlways) {
		key := "set_from"
		if a.OverrideFrom {
			key = "override_from"
		}
		return nil, a.Errorf(key, "the account has no from to set")
	}
	if err := a.checkQueue(); err != nil {
		return nil, err
	}
	return a, nil
}

// PathResolver is implemented by a transport's keys that hold file names. ResolvePaths replaces each of them by
// abs of it: "~/" is the home folder, and a relative name is relative to the configuration file that holds it.
type PathResolver interface {
	ResolvePaths(abs func(string) string)
}

// Decode reads the account's keys into the struct that v points to, those of extended accounts first. The keys
// that v has no field for are left for another pass. The error is an *Error with file, line and key.
func (a *Account) Decode(v any) error {
	collectKeys(a.config.known, "", v)
	for _, t := range a.tables {
		if err := t.decode(v); err != nil {
			if a.config.problem == nil {
				a.config.problem = err
			}
			return err
		}
		if r, ok := v.(PathResolver); ok {
			r.ResolvePaths(t.file.abs)
		}
	}
	return nil
}

// Errorf is an *Error at the place where the account sets key, or else the table in it that key belongs to, or at the
// account's table where it sets neither.
func (a *Account) Errorf(key, format string, args ...any) error {
	for parts := strings.Split(key, "."); len(parts) > 0; parts = parts[:len(parts)-1] {
		for _, t := range slices.Backward(a.tables) {
			if t.file.meta.IsDefined(append([]string{"account", t.name}, parts...)...) {
				return t.errorf(strings.Join(parts, "."), format, args...)
			}
		}
	}
	t := a.tables[len(a.tables)-1]
	return &Error{t.file.name, t.file.line("account", t.name), "account." + t.name, fmt.Sprintf(format, args...)}
}

func (t table) decode(v any) error {
	return t.file.position(t.file.meta.PrimitiveDecode(t.body, v))
}

func (t table) errorf(key, format string, args ...any) error {
	full := append([]string{"account", t.name}, strings.Split(key, ".")...)
	return &Error{t.file.name, t.file.line(full...), strings.Join(full, "."), fmt.Sprintf(format, args...)}
}

// errorf is an *Error at a top-level key, in the last file that sets it.
func (c *Config) errorf(key, format string, args ...any) error {
	for _, f := range slices.Backward(c.files) {
		if parts := strings.Split(key, "."); f.meta.IsDefined(parts...) {
			return &Error{f.name, f.line(parts...), key, fmt.Sprintf(format, args...)}
		}
	}
	return fmt.Errorf(key+": "+format, args...)
}

// abs is the file name that a key of this file means by name.
func (f *file) abs(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return filepath.Join(HomeDir(), rest)
	}
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(f.name), name)
}

// Names are the accounts' names in the order of definition.
func (c *Config) Names() []string {
	var names []string
	for _, a := range c.Accounts {
		names = append(names, a.Name)
	}
	return names
}

// NoAccountError is a name that no account has.
type NoAccountError struct {
	Name  string
	There []string // the names that there are
}

func (e *NoAccountError) Error() string {
	return fmt.Sprintf("there is no account %q (there are %s)", e.Name, cmp.Or(strings.Join(e.There, ", "), "none"))
}

// Named is the account called name. The error is a *NoAccountError.
func (c *Config) Named(name string) (*Account, error) {
	for _, a := range c.Accounts {
		if a.Name == name {
			return a, nil
		}
	}
	return nil, &NoAccountError{name, c.Names()}
}

func readFile(name string) (*file, error) {
	abs, err := filepath.Abs(name)
	if err != nil { // an unreadable working folder: the name has to do
		abs = name
	}
	data, err := os.ReadFile(abs)
	if err != nil {
		return nil, err
	}
	return &file{name: abs, data: string(data)}, nil
}
