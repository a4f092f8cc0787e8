package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/backend"
	"postern/backend/smtp/smtptest"
	"postern/conf"
)

// accountOf opens an account with keys.
func accountOf(t *testing.T, keys string) *transport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(file, []byte("[account.a]\n"+keys), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	opens := backend.Registry{"plain": Plain, "starttls": StartTLS, "tls": TLS, "lmtp": LMTP}
	opened, err := opens.Open(config.Accounts[0], backend.Surroundings{Hostname: "client.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return opened.(*transport)
}

// probe gives the steps of a probe, whose network is dial where that is not nil.
func probe(ctx context.Context, t *transport, dial dialFunc) (steps []backend.Step) {
	p := &prober{transport: t, ctx: ctx, dial: dial, tell: func(s backend.Step) { steps = append(steps, s) }}
	p.run()
	return steps
}

// shownSteps has a line for each step.
func shownSteps(steps []backend.Step) string {
	var b strings.Builder
	for _, s := range steps {
		text := s.Text
		if s.Err != nil {
			text = s.Err.Error()
		}
		fmt.Fprintf(&b, "%s %s: %s\n", [...]string{"ok", "note", "skipped", "failed"}[s.Verdict], s.Name, text)
	}
	return b.String()
}

// timedOut is the error of a connection that nobody answers.
type timedOut struct{}

func (timedOut) Error() string   { return "i/o timeout" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

// TestProbeUnreachable has networks where the server can't be connected to, by what becomes of each port.
func TestProbeUnreachable(t *testing.T) {
	const answers, silent = "answers", "silent"
	const refuses, unreachable, noWay, prohibited, hole = "refuses", "unreachable", "no way", "prohibited", "hole"
	errnos := map[string]syscall.Errno{
		refuses: syscall.ECONNREFUSED, unreachable: syscall.ENETUNREACH, noWay: syscall.EHOSTUNREACH, prohibited: syscall.EACCES, hole: syscall.EINVAL,
	}
	for _, c := range []struct {
		name    string
		ports   map[string]string // "*" is any other
		want    ReachError
		knocked []string
	}{
		{"the port is blocked", map[string]string{"25": silent, "587": answers, "465": silent}, ReachError{Port: 25, Blocked: true, Alive: true, Open: []int{587}}, []string{"25", "465", "587"}},
		{"all other ports answer", map[string]string{"25": silent, "*": answers}, ReachError{Port: 25, Blocked: true, Alive: true, Open: []int{465, 587}}, nil},
		{"the port is blocked, and no other is open", map[string]string{"25": silent, "*": refuses}, ReachError{Port: 25, Blocked: true, Alive: true}, nil},
		{"nothing listens", map[string]string{"*": refuses}, ReachError{Port: 25, Alive: true}, nil},
		{"nothing listens there", map[string]string{"25": refuses, "*": answers}, ReachError{Port: 25, Alive: true, Open: []int{465, 587}}, nil},
		{"nobody is there", map[string]string{"*": silent}, ReachError{Port: 25, Blocked: true}, nil},
		{"a firewall turns the port away", map[string]string{"25": noWay, "587": answers, "465": noWay}, ReachError{Port: 25, Blocked: true, Alive: true, Open: []int{587}}, []string{"25", "465", "587"}},
		{"nobody of the local network has the address", map[string]string{"*": noWay}, ReachError{Port: 25, Blocked: true}, nil},
		{"a rule of this machine", map[string]string{"*": prohibited}, ReachError{Port: 25, Blocked: true, Forbidden: true}, nil},
		{"a black hole", map[string]string{"*": hole}, ReachError{Port: 25, NoRoute: true}, nil},
		{"a rule for the port alone", map[string]string{"25": unreachable, "*": answers}, ReachError{Port: 25, NoRoute: true, Alive: true, Open: []int{465, 587}}, nil},
		{"no network", map[string]string{"*": unreachable}, ReachError{Port: 25, NoRoute: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			knocked := make(chan string, 10)
			dial := func(_ context.Context, addr string) (net.Conn, error) {
				_, port, _ := net.SplitHostPort(addr)
				knocked <- port
				what := c.ports[port]
				if what == "" {
					what = c.ports["*"]
				}
				if errno := errnos[what]; errno != 0 {
					return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}
				}
				if what == answers {
					here, there := net.Pipe()
					there.Close()
					return here, nil
				}
				return nil, &net.OpError{Op: "dial", Err: timedOut{}}
			}
			steps := probe(context.Background(), accountOf(t, "backend = \"plain\"\nhost = \"192.0.2.1\"\n"), dial)
			last := steps[len(steps)-1]
			var got *ReachError
			if len(steps) != 1 || last.Verdict != backend.Failed || !errors.As(last.Err, &got) || !backend.Temporary(last.Err) {
				t.Fatalf("got %s", shownSteps(steps))
			}
			if got.Host != "192.0.2.1" || got.Port != c.want.Port || got.Blocked != c.want.Blocked || got.Forbidden != c.want.Forbidden || got.Alive != c.want.Alive ||
				got.NoRoute != c.want.NoRoute || !slices.Equal(got.Open, c.want.Open) {
				t.Errorf("got %+v", *got)
			}
			close(knocked)
			var all []string
			for port := range knocked {
				all = append(all, port)
			}
			slices.Sort(all)
			if c.knocked != nil && !slices.Equal(all, c.knocked) {
				t.Errorf("tried %v", all)
			}
		})
	}
}

// signs is a server that lets ann in.
const signs = "S: 220 hi\nC: EHLO client.example.org\nS: 250-mail.example.org\nS: 250 AUTH PLAIN\n" +
	"* hear \"AUTH PLAIN \" \"\\x00ann\\x00hunter2\"\nS: 235 welcome\nC: QUIT\n"

const greets = "S: 220 hi\nC: EHLO client.example.org\nS: 250-mail.example.org\nS: 250 AUTH PLAIN\nC: QUIT\n"

// network has what is dialled served by scripts; what has none can't be reached.
func network(t *testing.T, scripts map[string]string) (dialFunc, func()) {
	t.Helper()
	servers := map[string]*smtptest.Server{}
	for addr, script := range scripts {
		s, err := smtptest.Serve(script, nil)
		if err != nil {
			t.Fatal(err)
		}
		servers[addr] = s
	}
	dial := func(ctx context.Context, addr string) (net.Conn, error) {
		if s := servers[addr]; s != nil {
			return new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
		}
		err := syscall.ECONNREFUSED
		if strings.HasPrefix(addr, "[") {
			err = syscall.ENETUNREACH
		}
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", err)}
	}
	return dial, func() {
		for addr, s := range servers {
			if _, err := s.Wait(); err != nil {
				t.Errorf("%s: %v", addr, err)
			}
		}
	}
}

const signingKeys = "backend = \"plain\"\nuser = \"ann\"\npassword = \"hunter2\"\ninsecure_auth = true\n"

// timeless takes the milliseconds out.
func timeless(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if at := strings.Index(line, " in "); at >= 0 && strings.HasSuffix(line, " ms\n") {
			line = line[:at] + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestProbeAddresses: each address is tried, and who signs in does so once for each host; one that can't be reached is no
// failure where another can.
func TestProbeAddresses(t *testing.T) {
	const told = "ok greeting: hi\nok extensions: AUTH PLAIN\nok size limit: none is told\nok mechanisms: PLAIN; PLAIN is taken\n"
	for _, c := range []struct {
		name, hosts string
		scripts     map[string]string
		want        string
	}{
		{
			"two hosts", `["192.0.2.1", "192.0.2.2"]`,
			map[string]string{"192.0.2.1:25": signs, "192.0.2.2:25": signs},
			"ok secret: password\nok connect: 192.0.2.1:25\n" + told + "ok sign in: as ann\nok connect: 192.0.2.2:25\n" + told + "ok sign in: as ann\n",
		},
		{
			"one refuses the password, and the other isn't told", `["192.0.2.1", "192.0.2.2"]`,
			map[string]string{"192.0.2.1:25": strings.Replace(signs, "235 welcome", "535 5.7.8 no", 1), "192.0.2.2:25": greets},
			"ok secret: password\nok connect: 192.0.2.1:25\n" + told + "failed sign in: 192.0.2.1: AUTH: 535 5.7.8 no\n" +
				"ok connect: 192.0.2.2:25\n" + told + "skipped sign in: the sign-in was refused before\n",
		},
		{
			"the first host is down", `["192.0.2.1", "192.0.2.2"]`,
			map[string]string{"192.0.2.2:25": signs},
			"ok secret: password\nfailed connect: 192.0.2.1: connect: 192.0.2.1:25: connection refused\nok connect: 192.0.2.2:25\n" + told + "ok sign in: as ann\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dial, wait := network(t, c.scripts)
			a := accountOf(t, signingKeys+"host = "+c.hosts+"\n")
			got := timeless(shownSteps(probe(context.Background(), a, dial)))
			wait()
			if got = strings.ReplaceAll(got, "password in the configuration", "password"); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestProbeFamilies has hosts of which some addresses fail, as on a machine without IPv6.
func TestProbeFamilies(t *testing.T) {
	const met = "ok greeting: hi\nok extensions: AUTH PLAIN\nok size limit: none is told\nok mechanisms: PLAIN; PLAIN is taken\nok sign in: as ann\n"
	for _, c := range []struct {
		name    string
		addrs   []string
		scripts map[string]string
		want    string
	}{
		{
			"not all can be reached",
			[]string{"192.0.2.1:25", "[2001:db8::1]:25", "192.0.2.2:25", "192.0.2.3:25"},
			map[string]string{"192.0.2.1:25": signs, "192.0.2.3:25": greets},
			"ok DNS: mail.example.org: 192.0.2.1, 2001:db8::1, 192.0.2.2, 192.0.2.3 (IPv4 and IPv6)\n" +
				"ok connect: 192.0.2.1:25\n" +
				"skipped connect: [2001:db8::1]:25: this machine has no IPv6 that leads there\n" +
				"note connect: mail.example.org: connect: 192.0.2.2:25: connection refused\n" +
				"ok connect: 192.0.2.3:25\n" + met,
		},
		{
			"the first is busy",
			[]string{"192.0.2.1:25", "192.0.2.2:25"},
			map[string]string{"192.0.2.1:25": "S: 421 busy\n* hangup\n", "192.0.2.2:25": signs},
			"ok DNS: mail.example.org: 192.0.2.1, 192.0.2.2 (IPv4 alone)\n" +
				"ok connect: 192.0.2.1:25\nok connect: 192.0.2.2:25\nfailed greeting: mail.example.org: greeting: 421 busy\n" + met,
		},
		{
			"the second is busy",
			[]string{"192.0.2.1:25", "192.0.2.2:25"},
			map[string]string{"192.0.2.1:25": signs, "192.0.2.2:25": "S: 421 busy\n* hangup\n"},
			"ok DNS: mail.example.org: 192.0.2.1, 192.0.2.2 (IPv4 alone)\n" +
				"ok connect: 192.0.2.1:25\nok connect: 192.0.2.2:25\n" + met + "failed greeting: mail.example.org: greeting: 421 busy\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := accountOf(t, signingKeys+"host = \"mail.example.org\"\n")
			dial, wait := network(t, c.scripts)
			w := &way{server: a.servers[0]}
			for _, addr := range c.addrs {
				w.tries = append(w.tries, dialTimed(context.Background(), dial, addr))
			}
			var steps []backend.Step
			p := &prober{transport: a, ctx: context.Background(), tell: func(s backend.Step) { steps = append(steps, s) }}
			defer p.hasten()()
			p.visit(w)
			wait()
			if got := timeless(shownSteps(steps)); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestProbeInterrupted: a signal ends a probe wherever it is, and it has failed.
func TestProbeInterrupted(t *testing.T) {
	for _, c := range []struct{ name, script string }{
		{"while it connects", ""},
		{"before the greeting", "* hangup\n"},
		{"before the reply to EHLO", "S: 220 hi\nC: EHLO client.example.org\n* hangup\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			server, err := smtptest.Serve(c.script, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Abandon()
			dial := func(ctx context.Context, _ string) (net.Conn, error) {
				if c.script == "" {
					cancel()
					<-ctx.Done()
					return nil, ctx.Err()
				}
				conn, err := new(net.Dialer).DialContext(ctx, "tcp", server.Addr)
				time.AfterFunc(10*time.Millisecond, cancel) // at any time: what is waited for never comes
				return conn, err
			}
			begun := time.Now()
			steps := probe(ctx, accountOf(t, "backend = \"plain\"\nhost = [\"192.0.2.1\", \"192.0.2.2\"]\n"), dial)
			last := steps[len(steps)-1]
			if last.Verdict != backend.Failed || !strings.HasSuffix(last.Err.Error(), "interrupted") || !backend.Temporary(last.Err) {
				t.Errorf("got %s", shownSteps(steps))
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestProbeLeavesLimits: what is hastened for a person is not for the messages that follow.
func TestProbeLeavesLimits(t *testing.T) {
	dial, wait := network(t, map[string]string{"192.0.2.1:25": signs})
	a := accountOf(t, signingKeys+"host = \"192.0.2.1\"\n")
	probe(context.Background(), a, func(ctx context.Context, addr string) (net.Conn, error) {
		if a.connectLimit() != probeConnect {
			t.Errorf("a connection may take %v", a.connectLimit())
		}
		return dial(ctx, addr)
	})
	wait()
	if a.Timeout != 0 || a.connectLimit() != stageConnect.limit {
		t.Errorf("the time limit is %v", time.Duration(a.Timeout))
	}
}

// TestDays: nothing ends in 0 days.
func TestDays(t *testing.T) {
	for left, want := range map[time.Duration]string{5 * time.Hour: "less than a day", 24 * time.Hour: "1 day", 95 * time.Hour: "3 days"} {
		if got := days(left); got != want {
			t.Errorf("%v: got %q, want %q", left, got, want)
		}
	}
}
