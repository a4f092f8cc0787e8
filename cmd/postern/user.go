package main

import (
	"os"
	"os/user"
	"strconv"
	"strings"
)

// person is the user who runs the program.
type person struct {
	login string // the name to complete with a domain
	name  string // in full, perhaps empty
}

// whoami finds the user. The user id decides: LOGNAME and USER only choose among the names that it has in the password
// file, or name it where it has none and nobody else has the name. Without any of them it is the number. The full
// name is $NAME, as with Sendmail, else what the password file has.
func whoami() person {
	uid := strconv.Itoa(os.Getuid())
	account, err := user.LookupId(uid)
	login := uid
	if err == nil {
		login = account.Username
	}
	for _, variable := range []string{"LOGNAME", "USER"} {
		claimed := os.Getenv(variable)
		if claimed == "" || claimed == login {
			continue
		}
		named, unknown := user.Lookup(claimed)
		switch {
		case unknown == nil && named.Uid == uid:
			account, login = named, claimed
		case unknown != nil && err != nil && login == uid && isLogin(claimed):
			login = claimed
		}
	}
	p := person{login, os.Getenv("NAME")}
	if p.name == "" && account != nil {
		p.name = fullName(account.Name, login)
	}
	if p.name == login { // it says nothing that the address doesn't
		p.name = ""
	}
	return p
}

// fullName is the name in a password file's comment: what stands before the first comma, where "&" is the login name
// with a capital.
func fullName(comment, login string) string {
	comment, _, _ = strings.Cut(comment, ",")
	if login == "" {
		return comment
	}
	return strings.TrimSpace(strings.ReplaceAll(comment, "&", strings.ToUpper(login[:1])+login[1:]))
}

// isLogin tells whether a name can be a login name, and so the local part of an address as it stands.
func isLogin(name string) bool {
	return len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}) && !strings.Contains("."+name+".", "..")
}
