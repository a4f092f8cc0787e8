package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"postern/backend/discover"
	"postern/conf"
)

// finish shows the account, writes it, and offers what may come next.
func (s *setup) finish(ctx context.Context, found discover.Found, server discover.Server) error {
	settings := s.settings(server, false)
	if !s.asJSON {
		fmt.Fprintf(s.std.out, "\n%s\n", conf.TableText(s.name, settings))
	}
	if s.ask.person && !s.yes && !s.ask.yes(ctx, "Write this to "+s.file+"?") {
		return dataError{errors.New("nothing is written")}
	}
	undo, err := s.keep(ctx, server)
	if err != nil {
		return err
	}
	edit := conf.Edit{Account: s.name, Settings: settings, Replace: s.replace}
	if s.makeDefault || s.first {
		edit.Default = s.name
	}
	if err := edit.Write(s.file); err != nil {
		undo()
		return editError(err)
	}
	if s.asJSON {
		return writeJSON(s.std.out, struct {
			Account  string `json:"account"`
			File     string `json:"file"`
			Backend  string `json:"backend"`
			Host     string `json:"host"`
			Port     int    `json:"port"`
			User     string `json:"user"`
			Provider string `json:"provider,omitempty"`
			How      string `json:"found_by"`
			Checked  bool   `json:"checked"`
			Default  bool   `json:"default"`
		}{s.name, s.file, server.Backend, server.Host, server.Port, server.User, found.Provider, found.How, s.checked(), edit.Default != ""})
	}
	fmt.Fprintf(s.std.out, "%s is in %s\n", s.name, s.file)
	if s.oauth != "" && !s.checked() {
		fmt.Fprintf(s.std.out, "postern login %s signs in, before anything can be sent\n", shellWord(s.name))
	}
	return s.offer(ctx)
}

// checked tells whether somebody has signed in.
func (s *setup) checked() bool {
	return !s.offline && !s.noCheck && (s.oauth == "" || s.ask.person)
}

// offer is what may come next: on a terminal it is done where the person likes, else it is told.
func (s *setup) offer(ctx context.Context) error {
	g := git{ctx: ctx, std: s.std, scope: "--local"}
	_, err := g.run("rev-parse", "--git-dir")
	inRepository := err == nil
	switch {
	case inRepository && s.ask.person && !s.yes && os.Getenv("POSTERN_CONFIG") == "":
		if s.ask.yes(ctx, "Have git send-email use the account in this repository?") {
			if err := g.configure(s.name, false, false); err != nil {
				return err
			}
		}
	default:
		fmt.Fprintf(s.std.out, "to have git send-email use it in a repository: postern git %s\n", shellWord(s.name))
	}
	program, err := ownPath()
	switch {
	case err != nil || leadsTo("/usr/sbin/sendmail", program):
	case os.Geteuid() == 0 && s.ask.person && !s.yes:
		if s.ask.yes(ctx, "Make postern the system's sendmail?") {
			return installSendmail(ctx, installSystem(s.std), false)
		}
	default:
		fmt.Fprintln(s.std.out, "to make it the system's sendmail: sudo postern install-sendmail")
	}
	return nil
}

// leadsTo tells whether a name is the program's, by whatever links.
func leadsTo(name, program string) bool {
	at, err := filepath.EvalSymlinks(name)
	to, errProgram := filepath.EvalSymlinks(program)
	return err == nil && errProgram == nil && at == to
}
