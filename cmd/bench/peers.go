//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// The names in the tables. The bases are what postern is compared with.
const (
	namePostern = "postern"
	nameMsmtp   = "msmtp"
	nameNoNagle = "msmtp, no Nagle"
	nameEmptyGo = "empty Go program"
)

// noNagle is preloaded into msmtp for the harder base. msmtp writes line by line and waits: Nagle's algorithm
// holds each small segment back until the server's delayed ACK, 40 ms later, and would drown all else that
// the comparison of wall times is to show.
const noNagle = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t);
	int on = 1;

	*(void **)&next = dlsym(RTLD_NEXT, "connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return next(fd, to, length);
}
`

// buildNoNagle returns the library's path.
func buildNoNagle(dir string) (string, error) {
	source, library := filepath.Join(dir, "nonagle.c"), filepath.Join(dir, "nonagle.so")
	if err := os.WriteFile(source, []byte(noNagle), 0o644); err != nil {
		return "", err
	}
	_, err := output(dir, "cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl")
	return library, err
}

// buildEmptyGo returns the path of a Go program that does nothing: what the runtime alone takes to start.
func buildEmptyGo(dir string) (string, error) {
	return buildGo(dir, "empty", "package main\n\nfunc main() {}\n")
}

// buildGo returns the path of a Go program.
func buildGo(dir, name, text string) (string, error) {
	source, program := filepath.Join(dir, name+".go"), filepath.Join(dir, name)
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		return "", err
	}
	_, err := output(dir, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, source)
	return program, err
}

// peers is what stands ready to be compared.
type peers struct {
	dir     string // scratch
	postern string
	msmtp   *peer
	noNagle string // the library; empty where it could not be built
	bundle  string
}

// senders returns the commands that hand a message on stdin to the sink at port, and writes their configurations.
func (p *peers) senders(m mode, port int) ([]command, error) {
	toml := filepath.Join(p.dir, "postern-"+string(m)+".toml")
	rc := filepath.Join(p.dir, "msmtp-"+string(m)+".rc")
	if err := os.WriteFile(toml, []byte(p.posternConfig(m, port)), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(rc, []byte(p.msmtpConfig(m, port)), 0o600); err != nil {
		return nil, err
	}
	msmtp := command{name: nameMsmtp, argv: []string{p.msmtp.path, "-C", rc, "-t"}, env: p.msmtp.env}
	cs := []command{{name: namePostern, argv: []string{p.postern, "-C", toml, "-t"}}, msmtp}
	if p.noNagle != "" {
		msmtp.name = nameNoNagle
		msmtp.env = append([]string{"LD_PRELOAD=" + p.noNagle}, msmtp.env...)
		cs = append(cs, msmtp)
	}
	return cs, nil
}

func (p *peers) posternConfig(m mode, port int) string {
	c := fmt.Sprintf("[account.bench]\nbackend = %q\nhost = %q\nport = %d\nfrom = \"sender@example.org\"\n", m, sinkHost, port)
	if m != modePlain {
		c += fmt.Sprintf("auth = \"plain\"\nuser = %q\npassword = %q\ntls = { ca = %q }\n", sinkUser, sinkPassword, p.bundle)
	}
	return c
}

func (p *peers) msmtpConfig(m mode, port int) string {
	c := fmt.Sprintf("account default\nhost %s\nport %d\nfrom sender@example.org\n", sinkHost, port)
	if m != modePlain {
		c += fmt.Sprintf("auth plain\nuser %s\npassword %s\ntls on\ntls_trust_file %s\n", sinkUser, sinkPassword, p.bundle)
	}
	switch m {
	case modeStartTLS:
		c += "tls_starttls on\n"
	case modeTLS:
		c += "tls_starttls off\n"
	}
	return c
}

// starters returns the commands that start and do nothing.
func (p *peers) starters() ([]command, error) {
	empty, err := buildEmptyGo(p.dir)
	if err != nil {
		return nil, err
	}
	return []command{
		{name: namePostern, argv: []string{p.postern, "--version"}},
		{name: nameMsmtp, argv: []string{p.msmtp.path, "--version"}, env: p.msmtp.env},
		{name: nameEmptyGo, argv: []string{empty}},
	}, nil
}
