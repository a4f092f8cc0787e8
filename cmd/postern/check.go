package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"postern/backend"
	"postern/conf"
)

// checker tells of the steps of a check, and keeps the first failure, which the exit status is of.
type checker struct {
	std     streams
	show    func(told)    // prints a step
	account *conf.Account // the one that is checked, once it is known
	first   error
	at      string       // the step that first is of
	proxied bool         // the account's servers are reached through a proxy
	last    backend.Step // the last step that passed
	noted   string       // the first advice about what passed
}

// told is a step with what is to be done about it.
type told struct {
	backend.Step
	account string
	hint    string
	label   string // in place of the step's name, for people
}

func newChecker(std streams, asJSON bool) *checker {
	if asJSON {
		return &checker{std: std, show: jsonSteps(std.out)}
	}
	return &checker{std: std, show: newStepLines(std.out).show}
}

// step tells of one step.
func (k *checker) step(s backend.Step) {
	t := told{Step: s, hint: s.Advice}
	if k.account != nil {
		t.account = k.account.Name
	}
	if s.Verdict == backend.Failed {
		err := s.Err
		if k.account != nil {
			err = withAccount{err, k.account}
		}
		if k.first == nil {
			k.first, k.at = err, s.Name
		}
		t.hint = hint(err)
	}
	switch {
	case s.Name == "proxy":
		k.proxied = true
	case s.Verdict == backend.Noted && k.noted == "":
		k.noted = s.Advice
	}
	if s.Verdict == backend.Passed && s.Name != "pin" {
		k.last = s
	}
	k.show(t)
}

// passed tells of a failure, and whether there is none.
func (k *checker) passed(name string, err error) bool {
	if err != nil {
		k.step(backend.Step{Name: name, Verdict: backend.Failed, Err: err})
	}
	return err == nil
}

func stepOf(name, text string) backend.Step { return backend.Step{Name: name, Text: text} }

// configuration reads the files, and tells of them. It is nil where they can't be used.
func (k *checker) configuration(verbose bool) *mailer {
	m, err := (&invocation{verbose: verbose, learns: true}).mailer("postern", k.std)
	if !k.passed("configuration", err) {
		return nil
	}
	step := backend.Step{Name: "configuration"}
	var files []string
	var names []string
	candidates, _ := conf.Files("")
	for _, name := range candidates {
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		names = append(names, name)
		files = append(files, fmt.Sprintf("%s (mode %04o)", name, info.Mode().Perm()))
		if othersWrite(info) {
			step.Verdict, step.Advice = backend.Noted, "others may write to "+name+", and with it decide where mail and passwords go: run chmod go-w "+name
		}
	}
	step.Text, step.Facts = strings.Join(files, ", "), map[string]any{"files": names}
	k.step(step)
	return m
}

// othersWrite tells whether somebody besides the owner may write to a file.
func othersWrite(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o022 != 0
}

// try has the account's transport tell of itself.
func (k *checker) try(ctx context.Context, m *mailer) {
	if err := m.usable(k.account); err != nil {
		k.passed("settings", err)
		return
	}
	if p, ok := m.transports[k.account.Name].transport.(backend.Prober); ok {
		p.Probe(ctx, k.step)
	}
}
