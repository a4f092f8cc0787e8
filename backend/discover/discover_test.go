package discover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestProviders: each entry of the table can be meant, and no domain is in two of them.
func TestProviders(t *testing.T) {
	seen := map[string]string{}
	for _, p := range providers {
		ports := map[string]int{TLS: 465, StartTLS: 587}
		if p.server.Host == "127.0.0.1" {
			ports[StartTLS] = 1025
		}
		if p.name == "" || !hostLike(p.server.Host) || ports[p.server.Backend] != p.server.Port || p.server.User != "" {
			t.Errorf("%s: %+v", p.name, p.server)
		}
		if len(p.domains)+len(p.mx) == 0 || p.advice.OnlyOAuth && p.advice.OAuth == "" {
			t.Errorf("%s lacks something", p.name)
		}
		if u, err := url.Parse(p.advice.URL); err != nil || p.advice.URL != "" && (u.Scheme != "https" || u.Host == "") {
			t.Errorf("%s: %q", p.name, p.advice.URL)
		}
		for _, list := range [][]string{p.domains, p.mx} {
			for _, d := range list {
				if !hostLike(d) || !strings.Contains(d, ".") {
					t.Errorf("%s: %q is no domain", p.name, d)
				}
			}
		}
		for _, d := range p.domains {
			if seen[d] != "" {
				t.Errorf("%s is %s's and %s's", d, seen[d], p.name)
			}
			seen[d] = p.name
		}
		for _, d := range p.mx {
			if q, ok := byMX("mx1." + d + "."); !ok || q.name != p.name {
				t.Errorf("the MX mx1.%s is %s's and not %s's", d, q.name, p.name)
			}
		}
	}
	if len(providers) < 20 {
		t.Errorf("%d providers", len(providers))
	}
}

// describe is what was found, in lines.
func describe(f Found) string {
	var b strings.Builder
	if f.Provider != "" {
		fmt.Fprintf(&b, "provider %s\n", f.Provider)
	}
	for _, s := range f.Servers {
		fmt.Fprintf(&b, "%s:%d %s %s\n", s.Host, s.Port, s.Backend, s.User)
	}
	if f.Unproven {
		b.WriteString("unproven\n")
	}
	if f.Advice.OnlyOAuth {
		b.WriteString("only OAuth\n")
	}
	return b.String()
}

// TestAutoconfig has files, and what is found in them.
func TestAutoconfig(t *testing.T) {
	names, err := filepath.Glob("testdata/autoconfig/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found, err := parse(archive.Files[0].Data, "ann", "example.org")
		got := describe(found)
		if err != nil {
			got = err.Error() + "\n"
		}
		if want := archive.Files[1]; got != string(want.Data) || (err != nil) != (want.Name == "error") {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}

// world has the DNS say what is in zones, and a web server that has one file, or something else to do.
func world(t *testing.T, zones map[string]mockdns.Zone, web http.HandlerFunc) (f *Finder, told *[]string) {
	t.Helper()
	dns, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	resolver := &net.Resolver{PreferGo: true}
	dns.PatchNet(resolver)
	server := httptest.NewTLSServer(web)
	t.Cleanup(server.Close)
	told = new([]string)
	f = &Finder{
		Resolver: resolver, Client: NewClient(), autoconfig: []string{server.URL + "/mail/config-v1.1.xml"},
		Confirm: func(context.Context, Server) error { return errors.New("nobody listens") },
		Tell:    func(asked string, err error) { *told = append(*told, asked+": "+err.Error()) },
	}
	f.Client.Transport = server.Client().Transport
	return f, told
}

const file = `<clientConfig><emailProvider><outgoingServer type="smtp"><hostname>smtp.hosting.example</hostname>
<port>465</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username></outgoingServer></emailProvider></clientConfig>`

func serve(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// TestFind asks in all ways, with more and more of them without an answer.
func TestFind(t *testing.T) {
	srv := func(host string, port uint16) []net.SRV { return []net.SRV{{Target: host, Port: port}} }
	mx := mockdns.Zone{MX: []net.MX{{Host: "aspmx.l.google.com.", Pref: 1}}}
	for _, c := range []struct {
		name, address string
		zones         map[string]mockdns.Zone
		web           http.HandlerFunc
		listens       string
		want, how     string
	}{
		{"a provider of the table", "ann@GMail.com", nil, nil, "", "provider Gmail\nsmtp.gmail.com:465 tls ann@gmail.com\n", "table"},
		{"a user without a domain", "ann@free.fr", nil, nil, "", "provider Free\nsmtp.free.fr:465 tls ann\n", "table"},
		{"SRV", "ann@example.org", map[string]mockdns.Zone{
			"_submission._tcp.example.org.":  {SRV: srv("mail.example.org.", 587)},
			"_submissions._tcp.example.org.": {SRV: srv("mail.example.org.", 465)},
		}, nil, "", "mail.example.org:465 tls ann@example.org\nmail.example.org:587 starttls ann@example.org\n", "SRV"},
		{"SRV with one kind refused", "ann@example.org", map[string]mockdns.Zone{
			"_submission._tcp.example.org.":  {SRV: srv("mail.example.org.", 587)},
			"_submissions._tcp.example.org.": {SRV: srv(".", 0)},
		}, nil, "", "mail.example.org:587 starttls ann@example.org\n", "SRV"},
		{"SRV to elsewhere", "ann@example.org", map[string]mockdns.Zone{"_submissions._tcp.example.org.": {SRV: srv("mail.notexample.org.", 465)}}, nil, "", "mail.notexample.org:465 tls ann@example.org\nunproven\n", "SRV"},
		{"SRV beyond US-ASCII", "ann@bücher.example", map[string]mockdns.Zone{"_submissions._tcp.xn--bcher-kva.example.": {SRV: srv("mail.xn--bcher-kva.example.", 465)}}, nil, "", "mail.xn--bcher-kva.example:465 tls ann@xn--bcher-kva.example\n", "SRV"},
		{"MX of a provider", "ann@example.org", map[string]mockdns.Zone{"example.org.": mx}, nil, "", "provider Gmail\nsmtp.gmail.com:465 tls ann@example.org\nunproven\n", "MX"},
		{"autoconfig", "ann@example.org", map[string]mockdns.Zone{"example.org.": {MX: []net.MX{{Host: "mail.example.org."}}}}, serve(file), "", "smtp.hosting.example:465 tls ann@example.org\n", "autoconfig"},
		{"a guess", "ann@example.org", nil, http.NotFound, "mail.example.org:465", "mail.example.org:465 tls ann@example.org\n", "usual name"},
		{"a guess with STARTTLS", "ann@example.org", nil, http.NotFound, "smtp.example.org:587", "smtp.example.org:587 starttls ann@example.org\n", "usual name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, told := world(t, c.zones, c.web)
			f.Confirm = func(_ context.Context, s Server) error {
				if fmt.Sprintf("%s:%d", s.Host, s.Port) == c.listens {
					return nil
				}
				return errors.New("nobody listens")
			}
			found, err := f.Find(t.Context(), c.address)
			if err != nil || describe(found) != c.want || !strings.Contains(found.How, c.how) {
				t.Errorf("%q by %q, %v, %q", describe(found), found.How, err, *told)
			}
		})
	}
}

// TestFindNone: what is tried, and why it came to nothing.
func TestFindNone(t *testing.T) {
	f, told := world(t, nil, http.NotFound)
	_, err := f.Find(t.Context(), "ann@example.org")
	want := "the SRV records of example.org: nothing there|the MX records of example.org: nothing there|autoconfig of example.org: SERVER says 404|" +
		"Mozilla's database: not asked, since it would get to know the domain|the usual names: nobody listens"
	got := strings.ReplaceAll(strings.Join(*told, "|"), strings.TrimSuffix(strings.TrimPrefix(f.autoconfig[0], "https://"), "/mail/config-v1.1.xml"), "SERVER")
	if !errors.Is(err, ErrNone) || got != want {
		t.Errorf("%v, %s", err, got)
	}
	// A domain that says that there is nothing to send by is believed.
	refusing := []net.SRV{{Target: "."}}
	f, told = world(t, map[string]mockdns.Zone{"_submissions._tcp.example.org.": {SRV: refusing}, "_submission._tcp.example.org.": {SRV: refusing}}, serve(file))
	if _, err := f.Find(t.Context(), "ann@example.org"); !errors.Is(err, errRefuses) || len(*told) != 1 {
		t.Error(err, *told)
	}
	// A DNS that gives no answer is no domain without servers.
	f, _ = world(t, map[string]mockdns.Zone{"_submissions._tcp.example.org.": {Err: &net.DNSError{Err: "it is down", IsTemporary: true}}}, http.NotFound)
	if _, err := f.Find(t.Context(), "ann@example.org"); !errors.Is(err, ErrUnasked) || errors.Is(err, ErrNone) {
		t.Error(err)
	}
	for _, bad := range []string{"", "ann", "@example.org", "ann@", "ann@example", "ann <ann@example.org>", "a b@example.org", "ann@exa mple.org", "ann@-.org"} {
		if _, err := f.Find(t.Context(), bad); err == nil || errors.Is(err, ErrNone) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	if _, err := f.Find(ctx, "ann@elsewhere.example"); err == nil || err.Error() != "stopped" {
		t.Error(err)
	}
}

// TestFetch has web servers that don't keep to the rules.
func TestFetch(t *testing.T) {
	for want, web := range map[string]http.HandlerFunc{
		"has more than 262144 octets": serve(file[:20] + strings.Repeat(" ", maxFile) + file[20:]),
		"it leads away from HTTPS": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/x", http.StatusFound)
		},
		"more than 3 redirects":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) },
		"it is no autoconfig file": serve("nothing"),
	} {
		f, _ := world(t, nil, web)
		if _, err := f.own(t.Context(), "ann", "example.org"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f, _ := world(t, nil, serve(file))
	f.Client = NewClient() // which doesn't know the server's authority
	if _, err := f.own(t.Context(), "ann", "example.org"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
	f.autoconfig = []string{"https://127.0.0.1:1/?emailaddress=ann%40example.org"}
	if _, err := f.own(t.Context(), "ann", "example.org"); err == nil || strings.Contains(err.Error(), "ann") {
		t.Error(err)
	}
}

// FuzzParse: what comes from anywhere gives servers that could stand in a configuration, or an error.
func FuzzParse(f *testing.F) {
	names, _ := filepath.Glob("testdata/autoconfig/*.txt")
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := parse(data, "ann", "example.org")
		if err != nil {
			return
		}
		for _, s := range found.Servers {
			if !hostLike(s.Host) || s.Port < 1 || s.Port > 65535 || s.Backend != TLS && s.Backend != StartTLS || s.User != clean(s.User) {
				t.Errorf("%+v", s)
			}
		}
	})
}
