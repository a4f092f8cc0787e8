# make demo    build, and send a message to a server of its own
# make test    all tests
# make help    the rest

PREFIX  ?= /usr/local
DESTDIR ?=
VERSION ?= $(shell git describe --tags --always 2>/dev/null || echo devel)

GO      ?= go
TOOL     = $(GO) tool -modfile=.ci/tools.mod
LDFLAGS  = -s -w -buildid= -X main.version=$(VERSION)
TAGS     = nethttpomithttp2
LINKS    = sendmail mailq newaliases

help:
	@sed -n 's/^# //p; s/^\([a-z]*\):.*##/make \1\t/p' $(MAKEFILE_LIST)

build: man ## bin/postern, its links and its manual pages
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/postern ./cmd/postern
	@for name in $(LINKS); do ln -sf postern bin/$$name; done

man: ## the companion's manual pages, from its commands, into bin/man
	rm -rf bin/man
	CGO_ENABLED=0 $(GO) run -tags $(TAGS),manpages ./cmd/postern bin/man

demo: build
	bin/postern demo

test:
	@[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || echo "not root, or no apt-get: the tests against a real Postfix and Dovecot are skipped"
	CGO_ENABLED=0 $(GO) test -timeout 30m ./...

race: ## the tests with the race detector; needs a C compiler
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...

fuzz: ## each fuzz target for ten seconds
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z]*' . | sed 's/:func / /' | while read -r file name; do \
		echo "$$name"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime 10s -fuzzminimizetime 10x "$$(dirname "$$file")" || exit 1; done

KILLS ?= 1

kills: ## the program killed, and its disk failing, at every system call (KILLS=10: at each tenth); needs strace
	POSTERN_KILLS=$(KILLS) CGO_ENABLED=0 $(GO) test -count=1 -timeout 30m -run 'TestKilled' ./cmd/postern

check: ## formatting, vet, staticcheck, tidy
	@test -z "$$($(TOOL) gofumpt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) vet -tags manpages ./cmd/postern
	$(TOOL) staticcheck ./...
	$(GO) mod tidy -diff

bench: build ## side by side with msmtp; see docs/BENCHMARKS.md
	$(GO) run ./cmd/bench -postern bin/sendmail

install: ## into $(DESTDIR)$(PREFIX); what build made, so that root needs no Go
	@[ -x bin/postern -a -d bin/man ] || $(MAKE) build
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/sbin' '$(DESTDIR)$(PREFIX)/share/man/man1' '$(DESTDIR)$(PREFIX)/share/man/man5'
	install -m 755 bin/postern '$(DESTDIR)$(PREFIX)/bin/postern'
	ln -sf ../bin/postern '$(DESTDIR)$(PREFIX)/sbin/sendmail'
	ln -sf postern '$(DESTDIR)$(PREFIX)/bin/mailq'
	ln -sf postern '$(DESTDIR)$(PREFIX)/bin/newaliases'
	install -m 644 bin/man/*.1 docs/postern-sendmail.1 '$(DESTDIR)$(PREFIX)/share/man/man1/'
	install -m 644 docs/postern.toml.5 '$(DESTDIR)$(PREFIX)/share/man/man5/'

clean: ## what build made
	rm -rf bin

.PHONY: help build man demo test race fuzz kills check bench install clean
