package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	maxFile      = 256 << 10 // octets of an autoconfig file
	maxRedirects = 3
	maxServers   = 20 // that a file may name
)

// mozilla is where Mozilla keeps the files of providers that have none of their own place.
const mozilla = "https://autoconfig.thunderbird.net/v1.1/"

// NewClient is a client for autoconfig files: HTTPS alone, few redirects, no cookies, no proxy of the environment.
func NewClient() *http.Client {
	return &http.Client{
		Timeout: questionLimit,
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if to.URL.Scheme != "https" {
				return errors.New("it leads away from HTTPS")
			}
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return nil
		},
	}
}

// own asks the domain for its autoconfig file, at the two places that it may be. The domain gets to know the address,
// whose mail it has anyway.
func (f *Finder) own(ctx context.Context, local, domain string) (Found, error) {
	address := url.QueryEscape(local + "@" + domain)
	places := f.autoconfig
	if places == nil {
		places = []string{
			"https://autoconfig." + domain + "/mail/config-v1.1.xml?emailaddress=" + address,
			"https://" + domain + "/.well-known/autoconfig/mail/config-v1.1.xml",
		}
	}
	var failed error
	for _, place := range places {
		found, err := f.file(ctx, place, local, domain)
		if err == nil {
			return found, nil
		}
		failed = err
	}
	return Found{}, failed
}

// database asks Mozilla, if it may.
func (f *Finder) database(ctx context.Context, local, domain string) (Found, error) {
	if !f.Database {
		return Found{}, errors.New("not asked, since it would get to know the domain")
	}
	return f.file(ctx, mozilla+domain, local, domain)
}

// file gets an autoconfig file, and reads it.
func (f *Finder) file(ctx context.Context, place, local, domain string) (Found, error) {
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return Found{}, err
	}
	request.Header.Set("User-Agent", "postern")
	response, err := f.Client.Do(request)
	if err != nil {
		var failed *url.Error // its text has the address in it
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return Found{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Found{}, fmt.Errorf("%s says %d", request.URL.Host, response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxFile+1))
	if err != nil {
		return Found{}, err
	}
	if len(data) > maxFile {
		return Found{}, fmt.Errorf("the file of %s has more than %d octets", request.URL.Host, maxFile)
	}
	found, err := parse(data, local, domain)
	found.How = "the autoconfig file of " + request.URL.Host
	return found, err
}

// parse reads an autoconfig file. Servers without TLS don't count, nor does what is no host name.
func parse(data []byte, local, domain string) (Found, error) {
	document, err := parseXML(strings.ToValidUTF8(string(data), ""))
	if err != nil {
		return Found{}, fmt.Errorf("it is no autoconfig file: %w", err)
	}
	var providers []*element
	for _, config := range document.all("clientConfig") {
		providers = append(providers, config.all("emailProvider")...)
	}
	if len(providers) == 0 {
		return Found{}, errors.New("it is no autoconfig file")
	}
	fill := strings.NewReplacer("%EMAILADDRESS%", local+"@"+domain, "%EMAILLOCALPART%", local, "%EMAILDOMAIN%", domain)
	found := Found{Provider: clean(providers[0].child("displayName"))}
	password := false // some server takes one
	servers := providers[0].all("outgoingServer")
	for _, s := range servers[:min(len(servers), maxServers)] {
		backend := map[string]string{"SSL": TLS, "STARTTLS": StartTLS}[s.child("socketType")]
		host := strings.ToLower(fill.Replace(s.child("hostname")))
		port, err := strconv.ParseUint(s.child("port"), 10, 16)
		if s.attributes["type"] != "smtp" || backend == "" || err != nil || port == 0 || !hostLike(host) {
			continue
		}
		server := Server{Host: host, Port: int(port), Backend: backend, User: clean(fill.Replace(s.child("username")))}
		found.Servers = append(found.Servers, server)
		ways := s.all("authentication")
		password = password || len(ways) == 0 || slices.ContainsFunc(ways, func(way *element) bool { return strings.TrimSpace(way.text.String()) != "OAuth2" })
	}
	slices.SortStableFunc(found.Servers, func(a, b Server) int { return cmp.Compare(b.Backend, a.Backend) }) // tls before starttls
	if len(found.Servers) == 0 {
		return Found{}, errors.New("it names no server for sending with TLS")
	}
	found.Advice.OnlyOAuth = !password
	return found, nil
}

// clean is a text of others' without signs that don't show, and not long.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) { // which no sign is that turns the direction of writing
			return r
		}
		return -1
	}, strings.TrimSpace(text))
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "")
	}
	return text
}

// hostLike tells whether a text can be a host name.
func hostLike(name string) bool {
	return name != "" && len(name) < 254 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	})
}
