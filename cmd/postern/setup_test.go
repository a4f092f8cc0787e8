package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postern/auth/authtest"
)

// setupWorld has a server with TLS, and a DNS that says what zones say; PORT in them is the server's.
func setupWorld(t *testing.T, zones map[string]mockdns.Zone) (port int) {
	t.Helper()
	server, err := startDemoServer(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	for name, zone := range zones {
		for i := range zone.SRV {
			zone.SRV[i].Port = uint16(server.Port())
		}
		zones[name] = zone
	}
	dns, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	dns.PatchNet(net.DefaultResolver)
	t.Cleanup(func() {
		mockdns.UnpatchNet(net.DefaultResolver)
		dns.Close()
	})
	home := t.TempDir()
	authority := filepath.Join(home, "ca.pem")
	if err := os.WriteFile(authority, server.Authority(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "SSL_CERT_FILE": authority, "POSTERN_CONFIG": ""} {
		t.Setenv(name, value)
	}
	return server.Port()
}

// TestSetupFinds has addresses whose domains name their servers in the DNS, and nobody who could be asked.
func TestSetupFinds(t *testing.T) {
	srv := func(target string) mockdns.Zone { return mockdns.Zone{SRV: []net.SRV{{Target: target}}} }
	for _, c := range []struct {
		name    string
		zones   map[string]mockdns.Zone
		args    []string
		status  int
		says    string // in what is printed
		written bool
	}{
		{"within the domain", map[string]mockdns.Zone{"_submissions._tcp.localhost.": srv("localhost.")}, nil, exOK, "localhost, by the SRV records of localhost", true},
		{"outside of it", map[string]mockdns.Zone{"_submissions._tcp.example.org.": srv("localhost.")}, nil, exNoPerm, "only the DNS says that the servers of ann@example.org are localhost: --yes agrees", false},
		{"outside of it, agreed", map[string]mockdns.Zone{"_submissions._tcp.example.org.": srv("localhost.")}, []string{"--yes"}, exOK, "example is in", true},
		{"refused", map[string]mockdns.Zone{"_submissions._tcp.example.org.": srv(".")}, nil, exNoHost, "the domain says that it has no servers for sending: --server host:port names one", false},
		{"MX of a provider", map[string]mockdns.Zone{"example.org.": {MX: []net.MX{{Host: "aspmx.l.google.com."}}}}, nil, exNoPerm, "smtp.gmail.com", false},
		{"nothing, and no network", nil, nil, exNoHost, "no server was found for example.org: --server host:port names one", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			setupWorld(t, c.zones)
			domain := "example.org"
			if _, own := c.zones["_submissions._tcp.localhost."]; own {
				domain = "localhost"
			}
			var out, complaint bytes.Buffer
			std := streams{strings.NewReader(demoPassword + "\n"), &out, &complaint}
			status := companion(append([]string{"setup", "ann@" + domain, "--user", demoUser}, c.args...), std)
			said := out.String() + complaint.String()
			if status != c.status || !strings.Contains(said, c.says) {
				t.Errorf("status %d, and it said\n%s", status, said)
			}
			if secret, form := authtest.Leak(said); secret != "" {
				t.Errorf("%q shows as %q", secret, form)
			}
			_, err := os.Stat(filepath.Join(os.Getenv("HOME"), "postern", "config.toml"))
			if (err == nil) != c.written {
				t.Errorf("the configuration: %v", err)
			}
		})
	}
}

// TestSetupKeepsThePassword: it is in one file, and nowhere else.
func TestSetupKeepsThePassword(t *testing.T) {
	port := setupWorld(t, nil)
	var out, complaint bytes.Buffer
	std := streams{strings.NewReader(demoPassword), &out, &complaint}
	if status := companion([]string{"setup", "ann@example.org", "--user", demoUser, "--server", fmt.Sprint("localhost:", port)}, std); status != exOK {
		t.Fatal(status, complaint.String())
	}
	holds := 0
	for name, text := range files(os.Getenv("HOME")) {
		if secret, _ := authtest.Leak(text); secret == "" {
			continue
		}
		holds++
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 || filepath.Base(name) != "example.password" {
			t.Errorf("%s has it, with mode %v, %v", name, info.Mode(), err)
		}
	}
	if secret, form := authtest.Leak(out.String() + complaint.String()); secret != "" || holds != 1 {
		t.Errorf("%d files have it; %q shows as %q", holds, secret, form)
	}
}

// TestAskerStops: a signal ends a question that nobody answers.
func TestAskerStops(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	ctx, cancel := context.WithCancel(t.Context())
	asked := new(bytes.Buffer)
	a := &asker{true, bufio.NewReader(in), writerFunc(func(p []byte) (int, error) {
		cancel() // the question is there
		return asked.Write(p)
	})}
	if a.yes(ctx, "Well?") || asked.String() != "Well? [y/N] \n" {
		t.Errorf("%q", asked)
	}
	if a.yes(ctx, "Well?") || strings.Count(asked.String(), "Well") != 1 {
		t.Errorf("asked once more: %q", asked)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestBefore233(t *testing.T) {
	for version, want := range map[string]bool{"git version 2.32.7": true, "git version 1.9.1": true, "git version 2.33.0.rc1": false, "git version 2.39.5 (Apple Git-154)": false, "git version 3.0": false} {
		if before233(version) != want {
			t.Error(version)
		}
	}
}

func TestSplitServer(t *testing.T) {
	for text, want := range map[string]string{
		"mail.example.org": "mail.example.org 0", "mail.example.org:587": "mail.example.org 587", "[::1]:2525": "::1 2525", "::1": "::1 0",
		"": "should be host:port", "h:": "has no port", "h:0": "has no port", "h:70000": "has no port", "ann:x@h": "has no port", "ann@h": "should be", ":25": "should be",
	} {
		host, port, err := splitServer(text)
		got := fmt.Sprint(host, " ", port)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q is %s", text, got)
		}
	}
}
