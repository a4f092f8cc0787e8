package main

import (
	"errors"
	"strings"
	"testing"
)

// TestParseOptions has words and what they mean, as a caller of sendmail expects.
func TestParseOptions(t *testing.T) {
	addr := func(s string) *string { return &s }
	for _, c := range []struct {
		words string
		want  invocation
	}{
		{"", invocation{dotEnds: true}},
		{"-t", invocation{dotEnds: true, fromHeader: true}},
		{"-t -i", invocation{fromHeader: true}},
		{"-ti", invocation{fromHeader: true}},
		{"-it", invocation{fromHeader: true}},
		{"-oi", invocation{}},
		{"-o i", invocation{}},
		{"-oem -oi -odb", invocation{}},
		{"-oitrue", invocation{}},
		{"-oiFalse", invocation{dotEnds: true}},
		{"-OIgnoreDots=true", invocation{}},
		{"-O ignoredots", invocation{}},
		{"-i -OIgnoreDots=no", invocation{dotEnds: true}},
		{"-tif ann@y bob@y", invocation{fromHeader: true, sender: addr("ann@y"), recipients: []string{"bob@y"}}},
		{"-fann@y", invocation{dotEnds: true, sender: addr("ann@y")}},
		{"-f=x", invocation{dotEnds: true, sender: addr("=x")}},
		{"-r ann@y", invocation{dotEnds: true, sender: addr("ann@y")}},
		{"-f a@y -f b@y", invocation{dotEnds: true, sender: addr("b@y")}},
		{"bob@y -t carol@y", invocation{dotEnds: true, fromHeader: true, recipients: []string{"bob@y", "carol@y"}}},
		{"-- -t", invocation{dotEnds: true, recipients: []string{"-t"}}},
		{"-i -- -t --account", invocation{recipients: []string{"-t", "--account"}}},
		{"-", invocation{dotEnds: true, recipients: []string{"-"}}},
		{"-FName -v", invocation{dotEnds: true, fullName: "Name", verbose: true}},
		{"-vX /tmp/x", invocation{dotEnds: true, verbose: true, transcript: "/tmp/x"}},
		{"-a work", invocation{dotEnds: true, account: "work"}},
		{"--account=work=x", invocation{dotEnds: true, account: "work=x"}},
		{"--account work x", invocation{dotEnds: true, account: "work", recipients: []string{"x"}}},
		{"-C/etc/x", invocation{dotEnds: true, config: "/etc/x"}},
		{"-bm", invocation{dotEnds: true}},
		{"-b p", invocation{dotEnds: true, mode: modeQueueList}},
		{"-bp -bm", invocation{dotEnds: true}},
		{"-bi", invocation{dotEnds: true, mode: modeAliases}},
		{"-I", invocation{dotEnds: true, mode: modeAliases}},
		{"-q", invocation{dotEnds: true, mode: modeQueueRun}},
		{"-qRexample.org", invocation{dotEnds: true, mode: modeQueueRun}},
		{"-d0.1 x", invocation{dotEnds: true, recipients: []string{"x"}}},
		{"-d x", invocation{dotEnds: true, recipients: []string{"x"}}},
		{"-B8BITMIME -B 7BIT -h 3 -GUmsx -L t -p x -O a=b -Ac -em -M id -D f x", invocation{dotEnds: true, recipients: []string{"x"}}},
		{"-B8bitmime x", invocation{dotEnds: true, eightBit: true, recipients: []string{"x"}}},
		{"-N failure,Delay -R hdrs -Venv x", invocation{dotEnds: true, notify: "FAILURE,DELAY", dsnReturn: "HDRS", dsnID: "env", recipients: []string{"x"}}},
		{"-Nnever -Rfull", invocation{dotEnds: true, notify: "NEVER", dsnReturn: "FULL"}},
		{"-n -oeq -ov", invocation{dotEnds: true, noAliases: true, quiet: true, verbose: true}},
		{"-oeq -oem", invocation{dotEnds: true}},
		{"-OErrorMode=q -OVerbose", invocation{dotEnds: true, quiet: true, verbose: true}},
		{"--dry-run -t", invocation{dotEnds: true, dryRun: true, fromHeader: true}},
		{"-bs -odb -oem", invocation{dotEnds: true, mode: modeSession}},
		{"-bv a@y", invocation{dotEnds: true, mode: modeVerify, recipients: []string{"a@y"}}},
		{"-q!Iabc", invocation{dotEnds: true, mode: modeQueueRun}},
		{"-qf", invocation{dotEnds: true, mode: modeQueueRun}},
	} {
		got, err := parseOptions(strings.Fields(c.words))
		if err != nil {
			t.Errorf("%q: %v", c.words, err)
			continue
		}
		if !sameInvocation(*got, c.want) {
			t.Errorf("%q: got %+v, want %+v", c.words, *got, c.want)
		}
	}
}

func sameInvocation(a, b invocation) bool {
	if (a.sender == nil) != (b.sender == nil) || a.sender != nil && *a.sender != *b.sender {
		return false
	}
	return a.noAliases == b.noAliases && a.eightBit == b.eightBit && a.notify == b.notify && a.dsnReturn == b.dsnReturn &&
		a.dsnID == b.dsnID && a.quiet == b.quiet && a.dryRun == b.dryRun && a.mode == b.mode && a.fromHeader == b.fromHeader && a.dotEnds == b.dotEnds && a.fullName == b.fullName &&
		a.account == b.account && a.config == b.config && a.verbose == b.verbose && a.transcript == b.transcript &&
		strings.Join(a.recipients, "\x00") == strings.Join(b.recipients, "\x00") && len(a.recipients) == len(b.recipients)
}

// TestOptionTable: each row is found by its name, and each letter once.
func TestOptionTable(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range options {
		if seen[o.name] || o.name == "" {
			t.Errorf("%q stands twice", o.name)
		}
		seen[o.name] = true
		if len(o.name) > 1 && o.set == nil {
			t.Errorf("--%s has no effect", o.name)
		}
	}
}

// FuzzParseOptions: no command line panics, every failure is one of the two kinds, what stands behind "--" is a
// recipient, and a command line split into single letters means the same.
func FuzzParseOptions(f *testing.F) {
	for _, words := range []string{"-t -i a@y", "-tif a b", "-- -x", "--account=x", "-q30m -d", "-oi -oem", "- -- -", "-\xff", "-bs", "--"} {
		f.Add(words)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		inv, err := parseOptions(words)
		var usage usageError
		var un unoffered
		if err != nil {
			if !errors.As(err, &usage) && !errors.As(err, &un) || strings.ContainsAny(err.Error(), "\n\x1b") && !strings.ContainsAny(line, "\n\x1b") {
				t.Fatalf("%q: %v", words, err)
			}
			return
		}
		for i, w := range words {
			if w == "--" && len(inv.recipients) < len(words)-i-1 && !strings.HasPrefix(strings.Join(words[:i], " "), "-") {
				t.Fatalf("%q: %q", words, inv.recipients)
			}
		}
		again, err := parseOptions(append(append([]string{}, words...), "--", "last@y"))
		if err == nil && (len(again.recipients) == 0 || again.recipients[len(again.recipients)-1] != "last@y") {
			t.Fatalf("%q: %q", words, again.recipients)
		}
	})
}
