package alignment

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"
)

// TestLook has domains by what their records say of the account's host.
func TestLook(t *testing.T) {
	txt := func(text ...string) mockdns.Zone { return mockdns.Zone{TXT: text} }
	dns, err := mockdns.NewServerWithLogger(map[string]mockdns.Zone{
		"good.example.":          txt("v=spf1 include:_spf.provider.example -all", "other text"),
		"_dmarc.good.example.":   txt("v=DMARC1; p=reject; rua=mailto:a@good.example"),
		"deep.example.":          txt("v=spf1 redirect=_spf.deep.example"),
		"_spf.deep.example.":     txt("v=spf1 include:a.deep.example -all"),
		"a.deep.example.":        txt("v=spf1 ip4:192.0.2.0/24 ~all"),
		"_dmarc.deep.example.":   txt("v=DMARC1; p=reject; sp=none"),
		"other.example.":         txt("v=spf1 include:_spf.elsewhere.example -include:_spf.provider.example -all"),
		"_dmarc.other.example.":  txt("v=DMARC1; p=whatever"),
		"two.example.":           txt("v=spf1 -all", "v=spf1 +all"),
		"_dmarc.two.example.":    txt("v=DMARC1; p=none", "v=DMARC1; p=reject"),
		"anybody.example.":       txt("v=spf1 +all"),
		"own.provider.example.":  txt("v=spf1 mx -all"),
		"nobody.example.":        txt("v=spf1 -all"),
		"neutral.example.":       txt("v=spf1 include:_spf.elsewhere.example ?include:_spf.provider.example ?all"),
		"google.example.":        txt("v=spf1 include:_spf.google.com ~all"),
		"broken.example.":        {Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}},
		"smtp.provider.example.": {A: []string{"192.0.2.25"}},
		"smtp.gmail.com.":        {A: []string{"192.0.2.26"}},
	}, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	defer dns.Close()
	var resolver net.Resolver
	dns.PatchNet(&resolver)
	for _, c := range []struct{ domain, host, spf, dmarc string }{
		{"good.example", "smtp.provider.example", "good: good.example permits smtp.provider.example, as include:_spf.provider.example", "good: _dmarc.good.example: policy reject: what is neither"},
		{"deep.example", "smtp.provider.example", "good: deep.example permits smtp.provider.example, as ip4:192.0.2.0/24 of a.deep.example of _spf.deep.example", "good: _dmarc.deep.example: policy reject"},
		{"sub.deep.example", "smtp.provider.example", "bad: sub.deep.example has no SPF record", "good: _dmarc.deep.example: policy none"},
		{"other.example", "smtp.provider.example", "bad: the SPF record of other.example names _spf.elsewhere.example, and nobody that looks like smtp.provider.example", "bad: _dmarc.other.example has a policy that is none of"},
		{"two.example", "smtp.provider.example", "bad: two.example has 2 SPF records", "bad: _dmarc.two.example has 2 DMARC records"},
		{"anybody.example", "smtp.provider.example", "good: anybody.example permits smtp.provider.example, as all, which is everybody", "bad: anybody.example has no DMARC record"},
		{"own.provider.example", "smtp.provider.example", "good: own.provider.example permits smtp.provider.example, as mx", "bad: own.provider.example has no DMARC record"},
		{"nobody.example", "smtp.provider.example", "bad: the SPF record of nobody.example names nobody that looks like smtp.provider.example", "bad: nobody.example has no DMARC"},
		{"neutral.example", "smtp.provider.example", "bad: the SPF record of neutral.example names _spf.elsewhere.example, and nobody that looks like", "bad: neutral.example has no DMARC"},
		{"google.example", "smtp.gmail.com", "good: google.example permits smtp.gmail.com, as include:_spf.google.com", "bad: google.example has no DMARC"},
		{"missing.example", "smtp.provider.example", "bad: missing.example has no SPF record", "bad: missing.example has no DMARC record"},
	} {
		t.Run(c.domain, func(t *testing.T) {
			found, err := Look(context.Background(), &resolver, c.domain, []string{c.host})
			if err != nil || len(found) != 3 {
				t.Fatal(found, err)
			}
			for i, want := range []string{c.spf, c.dmarc} {
				got := "bad: " + found[i].Text
				if found[i].Good {
					got = "good: " + found[i].Text
				}
				if !strings.HasPrefix(got, want) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
			if !found[2].Unknown {
				t.Errorf("DKIM: %v", found[2])
			}
		})
	}
	var fault *net.DNSError
	if found, err := Look(context.Background(), &resolver, "broken.example", nil); !errors.As(err, &fault) {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestOrganisation(t *testing.T) {
	for name, want := range map[string]string{
		"smtp.example.org": "example.org", "example.org.": "example.org", "a.b.example.co.uk": "example.co.uk", "smtp.web.de": "web.de", "mail.gmx.ch": "gmx.ch", "Mail.T-Online.de": "t-online.de", "localhost": "localhost", "": "",
	} {
		if got := organisation(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
