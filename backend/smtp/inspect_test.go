package smtp

import (
	"context"
	"errors"
	"testing"

	"postern/backend"
)

// TestInspectUsualPorts: a host without a port is asked at the first of the usual ports that answers.
func TestInspectUsualPorts(t *testing.T) {
	const lists = "S: 220 hi\nC: EHLO client.example.org\nS: 250-mail.example.org\nS: 250 SIZE 1000\nC: QUIT\n"
	surroundings := backend.Surroundings{Hostname: "client.example.org"}
	for _, c := range []struct {
		name, host, by string
		scripts        map[string]string
		port           int
	}{
		{"587", "192.0.2.1", "", map[string]string{"192.0.2.1:587": lists}, 587},
		{"25", "192.0.2.1", "", map[string]string{"192.0.2.1:25": lists}, 25},
		{"no TLS at 465", "192.0.2.1", "", map[string]string{"192.0.2.1:465": "* close\n", "192.0.2.1:587": lists}, 587},
		{"by plain", "192.0.2.1", "plain", map[string]string{"192.0.2.1:25": lists}, 25},
		{"a port", "192.0.2.1:2525", "", map[string]string{"192.0.2.1:2525": lists}, 2525},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, err := ServerOf(c.host, c.by, surroundings)
			if err != nil {
				t.Fatal(err)
			}
			p := i.(*inspector).prober(context.Background())
			var wait func()
			p.dial, wait = network(t, c.scripts)
			l, err := p.inspect(i.(*inspector).securityAt)
			if err != nil {
				t.Fatal(err)
			}
			wait()
			if l.Port != c.port || l.Host != "192.0.2.1" || l.Offers.Size != 1000 {
				t.Errorf("got %+v", *l)
			}
		})
	}
	i, err := ServerOf("192.0.2.1", "", surroundings)
	if err != nil {
		t.Fatal(err)
	}
	p := i.(*inspector).prober(context.Background())
	p.dial, _ = network(t, nil)
	var reach *ReachError
	if _, err := p.inspect(i.(*inspector).securityAt); !errors.As(err, &reach) || !reach.Alive || reach.Blocked || len(reach.Open) > 0 {
		t.Errorf("got %v", err)
	}
}

// TestListingSignsNobodyIn: where a certificate that is not trusted ends nothing, nothing secret may follow.
func TestListingSignsNobodyIn(t *testing.T) {
	a := accountOf(t, signingKeys+"host = \"192.0.2.1\"\n")
	s := &session{transport: a, server: a.servers[0], ctx: context.Background(), listing: true}
	if err := s.authenticate(); err == nil || err.Kind != backend.Refused {
		t.Errorf("got %v", err)
	}
}

// TestMeaning: what a server of today offers is explained, with where it is defined.
func TestMeaning(t *testing.T) {
	var nameless []string
	for _, keyword := range []string{
		"8BITMIME", "AUTH", "BINARYMIME", "BURL", "CHUNKING", "DELIVERBY", "DSN", "ENHANCEDSTATUSCODES", "ETRN", "FUTURERELEASE", "HELP",
		"LIMITS", "MT-PRIORITY", "PIPELINING", "REQUIRETLS", "SIZE", "SMTPUTF8", "STARTTLS", "VRFY",
	} {
		if means, rfc := meaning(keyword); means == "" || rfc == "" {
			nameless = append(nameless, keyword)
		}
	}
	if len(nameless) > 0 {
		t.Errorf("nothing is said of %v", nameless)
	}
	if means, rfc := meaning("NEWTHING"); means != "" || rfc != "" {
		t.Errorf("of what nobody knows it is said: %s %s", means, rfc)
	}
}
