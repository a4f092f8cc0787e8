package main

import (
	"cmp"
	"context"
	"io"

	"postern/conf"
)

// accountRecord is an account for programs. Nothing in it is secret.
type accountRecord struct {
	Name    string   `json:"name"`
	Default bool     `json:"default"`
	Backend string   `json:"backend"`
	Hosts   []string `json:"hosts,omitempty"`
	Port    int      `json:"port,omitempty"` // where it is set
	From    string   `json:"from,omitempty"`
	Match   []string `json:"match,omitempty"`
	User    string   `json:"user,omitempty"`
	Auth    string   `json:"auth"`
	Queue   string   `json:"queue"`
	Token   string   `json:"token,omitempty"` // how its tokens are, in words; only with oauth
}

// writeAccounts has a line of JSON for each account.
func writeAccounts(ctx context.Context, out io.Writer, config *conf.Config) error {
	for _, a := range config.Accounts {
		k, err := serverKeysOf(a)
		if err != nil {
			return err
		}
		r := accountRecord{
			Name: a.Name, Default: a.Name == config.Default, Backend: a.Backend, Hosts: k.Hosts, Port: k.Port, From: a.From,
			Match: a.Match, User: k.User, Auth: cmp.Or(k.Auth, "none"), Queue: cmp.Or(a.Queue, conf.QueueOff),
		}
		if token := tokenHealth(ctx, a); token != "-" {
			r.Token = token
		}
		if err := writeJSON(out, r); err != nil {
			return err
		}
	}
	return nil
}
