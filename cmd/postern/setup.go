package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"postern/auth"
	"postern/backend"
	"postern/backend/discover"
	"postern/backend/smtp"
	"postern/conf"
)

// setup makes an account.
type setup struct {
	std streams
	ask *asker

	address, name, server, backend, user    string
	pin                                     string
	passwordFile, passwordCommand           string
	oauth, clientID, clientSecretFile       string
	file                                    string
	keyring, makeDefault, replace           bool
	offline, noCheck, database, yes, asJSON bool

	secret auth.Secret // what was typed, or piped in
	first  bool        // there is no account yet
}

// run goes from the address to the account.
func (s *setup) run(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	found, err := s.find(ctx)
	if err != nil {
		return err
	}
	if err := s.agree(ctx, found); err != nil {
		return err
	}
	if err := s.credentials(ctx, found); err != nil {
		return err
	}
	server, err := s.check(ctx, found.Servers)
	if err != nil {
		return err
	}
	return s.finish(ctx, found, server)
}

// begin settles what needs no network: the names of the account and of its file.
func (s *setup) begin(ctx context.Context) error {
	_, domain, err := discover.Split(s.address)
	if err != nil {
		return usageError{err}
	}
	label, _, _ := strings.Cut(domain, ".")
	s.name = cmp.Or(s.name, label)
	switch {
	case strings.ContainsAny(s.name, "/\n\r\t"):
		return usageError{fmt.Errorf("--name %q: should be a word", s.name)}
	case s.pin != "" && !smtp.IsPin(s.pin):
		return usageError{fmt.Errorf("--pin %s: should be sha256: and 64 hexadecimal digits", s.pin)}
	case s.backend != "" && s.server == "":
		return usageError{errors.New("--backend is for --server")}
	case s.backend != "" && s.backend != discover.TLS && s.backend != discover.StartTLS:
		return usageError{fmt.Errorf("--backend %q: should be tls or starttls", s.backend)}
	}
	files, _ := conf.Files(s.file)
	s.file = files[len(files)-1]
	names, _, err := conf.Tables(files, false)
	if err != nil {
		return configError{err}
	}
	s.first = len(names) == 0
	if !slices.Contains(names, s.name) || s.replace {
		return nil
	}
	own, _, err := conf.Tables([]string{s.file}, false)
	if err != nil {
		return configError{err}
	}
	if slices.Contains(own, s.name) {
		if !s.ask.yes(ctx, fmt.Sprintf("There is an account %s already. Write it anew?", s.name)) {
			return configError{fmt.Errorf("%w: --replace writes it anew, and --name gives this one another name", conf.ExistsError{Account: s.name})}
		}
		s.replace = true
	}
	return nil
}

// find finds the servers.
func (s *setup) find(ctx context.Context) (discover.Found, error) {
	_, domain, err := discover.Split(s.address)
	if err != nil {
		return discover.Found{}, usageError{err}
	}
	if s.server != "" {
		return s.given()
	}
	if s.offline {
		if _, known := discover.Known(domain); !known {
			return discover.Found{}, configError{fmt.Errorf("the table of providers has no %s: without --offline others are asked, and --server names a server", domain)}
		}
	}
	progress := s.say()
	f := &discover.Finder{
		Resolver: net.DefaultResolver, Client: discover.NewClient(), Database: s.database, Confirm: s.confirm,
		Tell: func(asked string, err error) { fmt.Fprintf(progress, "%s: %s\n", asked, oneLine(err.Error())) },
	}
	found, err := f.Find(ctx, s.address)
	switch {
	case errors.Is(err, discover.ErrUnasked):
		return found, &backend.Error{Kind: backend.Again, Stage: "setup", Err: fmt.Errorf("%w: --server host:port names a server", err)}
	case errors.Is(err, discover.ErrNone):
		return found, &backend.Error{Kind: backend.NoHost, Stage: "setup", Err: fmt.Errorf("%w: --server host:port names one", err)}
	case err != nil:
		return found, err
	}
	for i := range found.Servers {
		found.Servers[i].User = cmp.Or(s.user, found.Servers[i].User)
	}
	return found, nil
}

// given is the server that the command line names.
func (s *setup) given() (discover.Found, error) {
	host, port, err := splitServer(s.server)
	if err != nil {
		return discover.Found{}, usageError{fmt.Errorf("--server %q: %w", s.server, err)}
	}
	server := discover.Server{Host: host, Port: port, Backend: s.backend, User: cmp.Or(s.user, s.address)}
	if server.Backend == "" {
		server.Backend = discover.TLS
		if port == usualPort(discover.StartTLS) {
			server.Backend = discover.StartTLS
		}
	}
	if server.Port == 0 {
		server.Port = usualPort(server.Backend)
	}
	return discover.Found{How: "the command line", Servers: []discover.Server{server}, Advice: discover.Advises(host)}, nil
}

// agree has the person see where the password will go, and asks where that isn't sure.
func (s *setup) agree(ctx context.Context, found discover.Found) error {
	out := s.say()
	what := found.Servers[0].Host
	if found.Provider != "" {
		what = fmt.Sprintf("%s (%s)", oneLine(found.Provider), what)
	}
	fmt.Fprintf(out, "%s, by %s\n", what, found.How)
	if found.Advice.Note != "" {
		fmt.Fprintf(out, "%s\n", strings.TrimSpace(found.Advice.Note+" "+found.Advice.URL))
	}
	if !found.Unproven || s.yes {
		return nil
	}
	var hosts []string
	for _, server := range found.Servers {
		if !slices.Contains(hosts, server.Host) {
			hosts = append(hosts, server.Host)
		}
	}
	list := strings.Join(hosts, ", ")
	if s.ask.yes(ctx, fmt.Sprintf("Only the DNS says that the servers of %s are %s, and its answers can be forged. Give them the password?", s.address, list)) {
		return nil
	}
	return permissionError{fmt.Errorf("only the DNS says that the servers of %s are %s: --yes agrees to it, and --server names others", s.address, list)}
}

// check tries the servers one after the other, and asks about a key that nobody vouches for, and again for a password
// that is refused.
func (s *setup) check(ctx context.Context, servers []discover.Server) (discover.Server, error) {
	for tries := 1; ; {
		server, err := s.checkEach(ctx, servers)
		trusted, no := s.trusts(ctx, err)
		if trusted {
			continue
		}
		if no != nil {
			return server, no
		}
		var failed *backend.Error
		refused := errors.As(err, &failed) && failed.Kind == backend.Denied && strings.HasPrefix(failed.Stage, "AUTH")
		if !refused || s.secret == "" || !s.ask.person || tries == 3 {
			return server, err
		}
		s.report(err)
		if s.secret, err = s.typed(ctx, server); err != nil {
			return server, err
		}
		tries++
	}
}

// checkEach is one round. After a sign-in that is refused no other server is asked.
func (s *setup) checkEach(ctx context.Context, servers []discover.Server) (discover.Server, error) {
	var first error
	for _, server := range servers {
		err := s.try(ctx, server, s.settings(server, true))
		if err == nil {
			return server, nil
		}
		if first == nil {
			first = err
		}
		if exitStatus(err) == exNoPerm || exitStatus(err) == exConfig || ctx.Err() != nil {
			return server, err
		}
	}
	return servers[0], first
}

// try opens an account that isn't written yet, and tries it, unless nothing is to be tried.
func (s *setup) try(ctx context.Context, server discover.Server, settings []conf.Setting) error {
	k := &checker{std: s.std, show: s.shortly(newStepLines(s.say()))}
	account, transport, err := s.draft(settings)
	if err != nil || s.offline || s.noCheck {
		return err
	}
	defer transport.Close()
	k.account = account
	tokens, err := smtp.OAuth(account)
	if err != nil {
		return err
	}
	if tokens != nil && !s.ask.person { // whoever signs in at the provider isn't here
		return s.confirm(ctx, server)
	}
	if tokens != nil {
		if err := signIn(ctx, streams{s.std.in, s.say(), s.std.err}, s.name, tokens, false); err != nil {
			return err
		}
	}
	transport.(backend.Prober).Probe(ctx, k.step)
	return k.first
}

// shortly shows the steps that a person waits for; what fails is reported in the end.
func (s *setup) shortly(lines *stepLines) func(told) {
	return func(t told) {
		if t.Verdict == backend.Passed && slices.Contains([]string{"connect", "TLS", "sign in"}, t.Name) {
			lines.show(t)
		}
	}
}

// confirm tells whether a server is there, with TLS and a certificate for its name.
func (s *setup) confirm(ctx context.Context, server discover.Server) error {
	_, transport, err := s.draft(s.serverSettings(server))
	if err != nil {
		return err
	}
	defer transport.Close()
	ctx, cancel := context.WithTimeout(ctx, confirmLimit)
	defer cancel()
	var failed error
	transport.(backend.Prober).Probe(ctx, func(step backend.Step) {
		if step.Verdict == backend.Failed && failed == nil {
			failed = step.Err
		}
	})
	return failed
}

// draft opens an account that isn't written.
func (s *setup) draft(settings []conf.Setting) (*conf.Account, backend.Transport, error) {
	config, err := conf.LoadDraft(s.file, conf.TableText(s.name, settings))
	if err != nil {
		return nil, nil, err
	}
	transports, err := openAll(config, backend.Surroundings{Hostname: fqdn()})
	if err != nil {
		return nil, nil, err
	}
	opened := transports[s.name]
	return config.Accounts[0], opened.transport, opened.err
}

// say is where words for the person go: not where a program reads.
func (s *setup) say() io.Writer {
	if s.asJSON {
		return s.std.err
	}
	return s.std.out
}

// absolute is a file's name that the configuration can have, wherever that is read.
func absolute(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return filepath.Join(conf.HomeDir(), rest)
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}
