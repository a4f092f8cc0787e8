package auth

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// fromGit asks git's credential helpers, first in the way that git send-email has them store a password: with the port
// in the host.
func (s Source) fromGit(ctx context.Context) (password string, err error) {
	for _, host := range []string{net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), s.Host} {
		// One "key=value" a line, so a line break in a value would be a key of its own.
		if strings.ContainsAny(host+s.User, "\n\r\x00") {
			return "", fmt.Errorf("it can't be asked for %q at %q", s.User, host)
		}
		out, failed := run(ctx, program{
			argv:  []string{"git", "-c", "credential.interactive=false", "credential", "fill"},
			input: fmt.Sprintf("protocol=smtp\nhost=%s\nusername=%s\n\n", host, s.User),
			// An empty GIT_ASKPASS goes before core.askPass and SSH_ASKPASS, and asks nobody.
			env: append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS="),
		})
		if failed != nil {
			if err = fmt.Errorf("nothing for %s at %s: %w", s.User, s.Host, failed); ctx.Err() != nil {
				break
			}
			continue
		}
		user, password := gitAnswer(out)
		if user != "" && !strings.EqualFold(user, s.User) { // a helper may know better for whom it is, and we don't
			return "", fmt.Errorf("it has a password of %q at %s, and none of %s", user, s.Host, s.User)
		}
		if password != "" {
			return password, nil
		}
	}
	return "", err
}

// gitAnswer is what git says.
func gitAnswer(out string) (user, password string) {
	for line := range strings.Lines(out) {
		switch key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "="); key {
		case "username":
			user = value
		case "password":
			password = value
		}
	}
	return user, password
}
