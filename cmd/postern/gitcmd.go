package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"postern/backend/discover"
	"postern/conf"
)

func gitCommand(std streams, status *int) *cobra.Command {
	var global, remove, author bool
	c := &cobra.Command{
		Use:   "git ACCOUNT",
		Short: "have git send-email send by an account, in this repository",
		Long: `git writes sendemail.sendmailCmd, sendemail.from and sendemail.envelopeSender of the repository it is called in, so that
git send-email there sends as the account's from, by the account. Keys of sendemail.identity and others that you have set
stay; sendmailCmd comes before any sendemail.smtpServer. What a key was before is told. The worktrees of a repository share
its configuration. It takes git 2.33 or later.`,
		Example: `  postern git work
  postern git work --author
  postern git home --global
  postern git work --unset`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAccounts,
		Run: func(_ *cobra.Command, args []string) {
			ctx, stop := interruptible()
			defer stop()
			g := git{ctx: ctx, std: std, scope: "--local"}
			if global {
				g.scope = "--global"
			}
			if err := g.configure(args[0], author, remove); err != nil {
				*status = report(std.err, "postern", []error{err})
			}
		},
	}
	c.Flags().BoolVar(&global, "global", false, "write your own git configuration, for all repositories that say nothing else")
	c.Flags().BoolVar(&author, "author", false, "write user.email too, for the commits that you make")
	c.Flags().BoolVar(&remove, "unset", false, "take out what was written for the account, with --author user.email as well")
	return c
}

// git changes a configuration of git's.
type git struct {
	ctx   context.Context
	std   streams
	scope string
}

// configure writes what has git send-email use the account, or takes it out.
func (g git) configure(name string, author, remove bool) error {
	account, err := accountNamed(name)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("git"); err != nil {
		return unavailableError{errors.New("git is not installed: there is no git in PATH")}
	}
	if _, err := g.run("rev-parse", "--git-dir"); g.scope == "--local" && err != nil {
		return unavailableError{fmt.Errorf("this is no git repository (%w): go to one, or use --global", err)}
	}
	if version, err := g.run("version"); err != nil || before233(version) {
		return unavailableError{fmt.Errorf("%s: git send-email knows sendmailCmd from 2.33 on", cmp.Or(version, "git version"))}
	}
	settings, err := sendEmail(account)
	if err != nil {
		return err
	}
	if author && account.From != "" {
		settings = append(settings, conf.Setting{Key: "user.email", Value: inASCII(account.From)})
	}
	if remove {
		return g.unset(name, settings)
	}
	for _, s := range settings {
		note := ""
		if was, err := g.run("config", g.scope, "--get-all", s.Key); err == nil && was != s.Value {
			note = "   # was " + oneLine(was)
		}
		if _, err := g.run("config", g.scope, "--replace-all", s.Key, s.Value); err != nil {
			return createError{fmt.Errorf("git config: %w", err)}
		}
		fmt.Fprintf(g.std.out, "git config %s %s %s%s\n", g.scope, s.Key, shellWord(s.Value), note)
	}
	if account.From == "" {
		fmt.Fprintf(g.std.err, "postern: account.%s has no from: git sends as the author of the commits, and asks\n", name)
	}
	return nil
}

// unset takes the settings out where they are as configure has written them, and the account's: where another one has
// taken its place, they are that one's. The program may have been elsewhere then.
func (g git) unset(name string, settings []conf.Setting) error {
	if was, _ := g.run("config", g.scope, "--get", sendmailCmd); !strings.HasSuffix(was, callOf(name)) {
		fmt.Fprintln(g.std.out, "nothing of it was set")
		return nil
	}
	for _, s := range settings {
		if was, err := g.run("config", g.scope, "--get", s.Key); err != nil || was != s.Value && s.Key != sendmailCmd {
			continue
		}
		if _, err := g.run("config", g.scope, "--unset-all", s.Key); err != nil {
			return createError{fmt.Errorf("git config: %w", err)}
		}
		fmt.Fprintf(g.std.out, "git config %s --unset %s\n", g.scope, s.Key)
	}
	return nil
}

// before233 reads what git version prints.
func before233(version string) bool {
	var major, minor int
	n, _ := fmt.Sscanf(version, "git version %d.%d", &major, &minor)
	return n == 2 && (major < 2 || major == 2 && minor < 33)
}

const sendmailCmd = "sendemail.sendmailCmd"

// callOf is how sendmailCmd goes on behind the program.
func callOf(account string) string { return " sendmail --account " + shellWord(account) }

// inASCII is an address with its domain as the DNS has it: git knows no other, and would send from nobody.
func inASCII(address string) string {
	local, domain, err := discover.Split(address)
	if err != nil || strings.HasSuffix(strings.ToLower(address), "@"+domain) {
		return address
	}
	return local + "@" + domain
}

// sendEmail is what git send-email has to be told. A shell reads sendmailCmd, and git puts options behind it. The
// envelope sender has to be said, since git leaves it to sendmail otherwise.
func sendEmail(account *conf.Account) ([]conf.Setting, error) {
	program, err := ownPath()
	if err != nil {
		return nil, err
	}
	settings := []conf.Setting{{Key: sendmailCmd, Value: shellWord(program) + callOf(account.Name)}}
	if account.From != "" {
		settings = append(settings,
			conf.Setting{Key: "sendemail.from", Value: inASCII(account.From)},
			conf.Setting{Key: "sendemail.envelopeSender", Value: "auto"})
	}
	return settings, nil
}

// ownPath is where this program is: by the name that stays when it is updated, if PATH has one.
func ownPath() (string, error) {
	program, err := os.Executable()
	if err != nil { // there is no /proc
		if program, err = exec.LookPath(os.Args[0]); err == nil {
			program, err = filepath.Abs(program)
		}
	}
	if err != nil {
		return "", err
	}
	if named, err := exec.LookPath("postern"); err == nil && filepath.IsAbs(named) {
		mine, errOwn := os.Stat(program)
		other, errOther := os.Stat(named)
		if errOwn == nil && errOther == nil && os.SameFile(mine, other) {
			return named, nil
		}
	}
	return program, nil
}

// run has git do something, and gives what it prints without the end of the line.
func (g git) run(args ...string) (string, error) {
	out, complaint, err := runTool(g.ctx, append([]string{"git"}, args...)...)
	if err != nil && complaint != "" {
		err = errors.New(strings.TrimPrefix(complaint, "fatal: "))
	}
	return strings.TrimSuffix(out, "\n"), err
}

// shellWord is a word as a shell has to be given it.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
