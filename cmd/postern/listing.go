package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"postern/backend"
	"postern/backend/smtp"
)

// writeListing prints what a server says of itself, for people. All that is the server's goes through oneLine.
func writeListing(w io.Writer, l *smtp.Listing) error {
	p := newPaint(w)
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s port %d, by %s (%s)\n", p.bold(l.Host), l.Port, l.Backend, l.Address)
	fmt.Fprintf(out, "greeting: %s\n", oneLine(l.Greeting))
	if l.Before != nil {
		fmt.Fprintln(out, "\n"+p.bold("In clear, before STARTTLS"))
		writeOffers(out, l.Before, l.Offers)
	}
	if l.TLS == nil {
		fmt.Fprintln(out, "\n"+p.bold("In clear")+", as there is no TLS on this connection")
		writeOffers(out, l.Offers, nil)
		return written(out.Flush())
	}
	fmt.Fprintln(out, "\n"+p.bold("TLS"))
	writeTLS(out, p, l.TLS)
	fmt.Fprintln(out, "\n"+p.bold("Over TLS"))
	writeOffers(out, l.Offers, nil)
	return written(out.Flush())
}

func writeTLS(out io.Writer, p paint, t *smtp.TLSListing) {
	trust := p.good("trusted")
	if t.Fault != nil {
		trust = p.bad("not trusted") + ": " + faultOf(t)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range [...][2]string{
		{"version", t.Version + ", " + t.Cipher},
		{"certificate", trust},
		{"owner", t.Subject},
		{"issuer", t.Issuer},
		{"names", cmp.Or(strings.Join(t.Names, ", "), "none")},
		{"valid", t.NotBefore.Format(time.DateOnly) + " to " + t.NotAfter.Format(time.DateOnly)},
		{"certificate's pin", "sha256:" + t.CertificatePin},
		{"key's pin", "sha256:" + t.KeyPin},
	} {
		fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
	}
	table.Flush()
}

// writeOffers prints the extensions. Those that are in later as well are named alone.
func writeOffers(out io.Writer, o, later *smtp.Offers) {
	if len(o.Extensions) == 0 {
		fmt.Fprintln(out, "  no extensions")
	}
	var names []string
	width := 0
	for _, e := range o.Extensions {
		name := e.Keyword
		if e.Parameters != "" && e.Keyword != "SIZE" { // which has a line of its own
			name += " " + e.Parameters
		}
		names = append(names, oneLine(name))
		width = max(width, len(names[len(names)-1]))
	}
	for i, e := range o.Extensions {
		means := strings.TrimSpace(e.Means + " " + inBrackets(e.RFC))
		if later != nil && slices.Contains(later.Extensions, e) {
			means = ""
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %-*s  %s", width, names[i], means), " "))
	}
	mechanisms := cmp.Or(strings.Join(o.Mechanisms, ", "), "none")
	fmt.Fprintf(out, "  mechanisms to sign in with: %s\n", oneLine(mechanisms))
	size := "no limit is told"
	if o.Size > 0 {
		size = backend.Octets(o.Size)
	}
	fmt.Fprintf(out, "  size of a message: %s\n", size)
}

// faultOf is why a certificate is not trusted; the rest of what the error says stands beside it.
func faultOf(t *smtp.TLSListing) string {
	var distrust *smtp.CertificateError
	if errors.As(t.Fault, &distrust) {
		return oneLine(distrust.Reason())
	}
	return oneLine(t.Fault.Error())
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// listingRecord is a listing for programs.
type listingRecord struct {
	Host     string        `json:"host"`
	Port     int           `json:"port"`
	Address  string        `json:"address"`
	Backend  string        `json:"backend"`
	Greeting string        `json:"greeting"`
	Before   *offersRecord `json:"before_tls,omitempty"`
	TLS      *tlsRecord    `json:"tls,omitempty"`
	Offers   *offersRecord `json:"offers"`
}

type offersRecord struct {
	Extensions []extensionRecord `json:"extensions"`
	Mechanisms []string          `json:"mechanisms"`
	Size       int64             `json:"size,omitempty"`
}

type extensionRecord struct {
	Keyword    string `json:"keyword"`
	Parameters string `json:"parameters,omitempty"`
	Means      string `json:"means,omitempty"`
	RFC        string `json:"rfc,omitempty"`
}

type tlsRecord struct {
	Version     string    `json:"version"`
	Cipher      string    `json:"cipher"`
	Trusted     bool      `json:"trusted"`
	Fault       string    `json:"fault,omitempty"`
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Names       []string  `json:"names"`
	Chain       []string  `json:"chain"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	Certificate string    `json:"certificate_pin"`
	Key         string    `json:"key_pin"`
}

func recordOf(l *smtp.Listing) listingRecord {
	r := listingRecord{l.Host, l.Port, l.Address, l.Backend, l.Greeting, offersOf(l.Before), nil, offersOf(l.Offers)}
	if t := l.TLS; t != nil {
		r.TLS = &tlsRecord{
			t.Version, t.Cipher, t.Fault == nil, "", t.Subject, t.Issuer, t.Names, t.Chain, t.NotBefore.UTC(), t.NotAfter.UTC(),
			"sha256:" + t.CertificatePin, "sha256:" + t.KeyPin,
		}
		if t.Fault != nil {
			r.TLS.Fault = faultOf(t)
		}
	}
	return r
}

func offersOf(o *smtp.Offers) *offersRecord {
	if o == nil {
		return nil
	}
	r := &offersRecord{Extensions: []extensionRecord{}, Mechanisms: append([]string{}, o.Mechanisms...), Size: o.Size}
	for _, e := range o.Extensions {
		r.Extensions = append(r.Extensions, extensionRecord(e))
	}
	return r
}
