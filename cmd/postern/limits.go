package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postern/backend"
	"postern/conf"
)

// sizeLimit is the longest message that an account's server takes, as it said (SIZE, RFC 1870).
type sizeLimit struct {
	Octets int64     `json:"octets"`
	Hosts  string    `json:"hosts"` // the account's then
	Seen   time.Time `json:"seen"`
}

// limitLasts is how long a limit is believed: servers change theirs.
const limitLasts = 7 * 24 * time.Hour

// limitFile is where an account's is kept.
func limitFile(a *conf.Account) string {
	dir := conf.StateDir()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "limits", url.PathEscape(a.Name)+".json")
}

// hostsOf are the servers of an account.
func hostsOf(a *conf.Account) string {
	k, err := serverKeysOf(a)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d", strings.Join(k.Hosts, ","), k.Port)
}

// knownLimit is what an account's server said the last time, or zero.
func knownLimit(a *conf.Account) (l sizeLimit) {
	data, err := os.ReadFile(limitFile(a))
	if err != nil || json.Unmarshal(data, &l) != nil || l.Hosts != hostsOf(a) || time.Since(l.Seen) > limitLasts {
		return sizeLimit{}
	}
	return l
}

// rememberLimit keeps what a server has said. It is for the next message only, so that a failure matters to nobody.
func rememberLimit(a *conf.Account, limit int64) {
	file := limitFile(a)
	if limit <= 0 || file == "" {
		return
	}
	data, err := json.Marshal(sizeLimit{limit, hostsOf(a), time.Now().UTC().Truncate(time.Second)})
	if err == nil && os.MkdirAll(filepath.Dir(file), 0o700) == nil {
		_ = os.WriteFile(file, data, 0o600)
	}
}

// tooLarge refuses a message of so many octets, or more, where that is longer than the servers take, before any is called.
func (m *mailer) tooLarge(p *plan, size int64) (errs []error) {
	for _, r := range p.routes {
		if l := knownLimit(r.account); l.Octets > 0 && size > l.Octets {
			host, _, _ := strings.Cut(l.Hosts, " ")
			errs = append(errs, withAccount{&backend.Error{Kind: backend.Refused, Server: host, Stage: "SIZE", Text: fmt.Sprintf(
				"the message has %d octets at least, the server takes %d at most, as it said on %s", size, l.Octets, l.Seen.Local().Format(time.DateOnly),
			)}, r.account})
		}
	}
	return errs
}
