package main

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"postern/message"
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
		{"--priority -9 x", invocation{dotEnds: true, terms: message.Terms{Priority: -9}, recipients: []string{"x"}}},
		{"--priority=+3", invocation{dotEnds: true, terms: message.Terms{Priority: 3}}},
		{"--submitter ann+a=b@example.org x", invocation{dotEnds: true, terms: message.Terms{Submitter: addr("ann+a=b@example.org")}, recipients: []string{"x"}}},
		{"--submitter=", invocation{dotEnds: true, terms: message.Terms{Submitter: addr("")}}},
		{"--submitter <>", invocation{dotEnds: true, terms: message.Terms{Submitter: addr("")}}},
		{"--require-tls x", invocation{dotEnds: true, terms: message.Terms{RequireTLS: true}, recipients: []string{"x"}}},
		{"--deliver-by 2h", invocation{dotEnds: true, terms: message.Terms{DeliverBy: message.DeliverBy{Within: 2 * time.Hour, Return: true}}}},
		{"--deliver-by 90s,return", invocation{dotEnds: true, terms: message.Terms{DeliverBy: message.DeliverBy{Within: 90 * time.Second, Return: true}}}},
		{"--deliver-by=1d,Notify", invocation{dotEnds: true, terms: message.Terms{DeliverBy: message.DeliverBy{Within: 24 * time.Hour}}}},
		{"--deliver-by 2h,trace", invocation{dotEnds: true, terms: message.Terms{DeliverBy: message.DeliverBy{Within: 2 * time.Hour, Return: true, Trace: true}}}},
		{"--deliver-by 2h,return,trace", invocation{dotEnds: true, terms: message.Terms{DeliverBy: message.DeliverBy{Within: 2 * time.Hour, Return: true, Trace: true}}}},
		{"--deliver-by 2h,notify,trace", invocation{dotEnds: true, terms: message.Terms{DeliverBy: message.DeliverBy{Within: 2 * time.Hour, Trace: true}}}},
		{"--hold-for 1h30m x", invocation{dotEnds: true, terms: message.Terms{HoldFor: 90 * time.Minute}, recipients: []string{"x"}}},
		{"--hold-for=2d", invocation{dotEnds: true, terms: message.Terms{HoldFor: 48 * time.Hour}}},
		{"--hold-until 2026-12-01T08:00:00Z", invocation{dotEnds: true, terms: message.Terms{HoldUntil: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}}},
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

// TestTermsRefused has values of the options for the message's way that can't be meant.
func TestTermsRefused(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{"--deliver-by ,notify", `--deliver-by: "" is not a length of time`},
		{"--deliver-by 0s", `--deliver-by: "0s" is not a length of time`},
		{"--deliver-by 2h,bounce", "--deliver-by 2h,bounce: behind the time there should be return or notify, and perhaps trace"},
		{"--deliver-by 2h,notify,return", "--deliver-by 2h,notify,return: behind the time"},
		{"--hold-for soon", `--hold-for: "soon" is not a length of time`},
		{"--hold-for -2h", `--hold-for: "-2h" is not a length of time`},
		{"--hold-for 1500ms", "--hold-for 1500ms: should be whole seconds, 999999999 at most"},
		{"--hold-for 12000d", "--hold-for 12000d: should be whole seconds, 999999999 at most"},
		{"--hold-until tomorrow", "--hold-until tomorrow: should be a time such as 2026-12-01T08:00:00Z or"},
		{"--hold-until 2026-12-01T08:00:00", "--hold-until 2026-12-01T08:00:00: should be"},
		{"--hold-until 2026-12-01T08:00:00.5Z", "--hold-until 2026-12-01T08:00:00.5Z: should be"},
		{"--hold-until 9999-12-31T23:00:00-02:00", "--hold-until 9999-12-31T23:00:00-02:00: should be"},
		{"--hold-for 2h --hold-until 2026-12-01T08:00:00Z", "--hold-for and --hold-until don't go together"},
		{"--priority 10", "--priority 10: should be a number from -9, the least urgent, to 9"},
		{"--priority high", "--priority high: should be a number"},
		{"--submitter ann", `--submitter "ann": should be an address such as ann@example.org, or <>`},
		{"--submitter a@y,b@y", `--submitter "a@y,b@y": should be`},
		{"--submitter <a@y>", `--submitter "<a@y>": should be`},
		{"--submitter ünal@y", `--submitter "ünal@y": should be`},
		{"--require-tls=no", "--require-tls takes no value"},
	} {
		_, err := parseOptions(strings.Fields(c.words))
		if !errors.As(err, new(usageError)) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want a usageError: %s", c.words, err, c.want)
		}
	}
}

func sameInvocation(a, b invocation) bool {
	if (a.sender == nil) != (b.sender == nil) || a.sender != nil && *a.sender != *b.sender {
		return false
	}
	return a.noAliases == b.noAliases && a.eightBit == b.eightBit && a.notify == b.notify && a.dsnReturn == b.dsnReturn &&
		a.dsnID == b.dsnID && reflect.DeepEqual(a.terms, b.terms) && a.quiet == b.quiet && a.dryRun == b.dryRun && a.mode == b.mode && a.fromHeader == b.fromHeader && a.dotEnds == b.dotEnds && a.fullName == b.fullName &&
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
