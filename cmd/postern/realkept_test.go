//go:build linux

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"postern/backend"
	"postern/backend/smtp"
	"postern/conf"
	"postern/message"
)

// realKept is how many messages go by one connection: more than are on their way at a time. One of them is for nobody,
// and one is large.
const (
	realKept       = 20
	realKeptNobody = 5
	realKeptLarge  = 12
)

// sendMany sends many messages to where there is a connection ahead of them.
func (v realVariant) sendMany(t *testing.T) {
	boxes := realNumbered(v.name+"-kept-", realKept)
	texts := make([]string, realKept)
	var items []*backend.Item
	for i, box := range boxes {
		env := &message.Envelope{From: "sender@example.org", To: realTo(box)}
		body := strconv.Itoa(i+1) + "\n" + realBody
		switch i + 1 {
		case realKeptNobody:
			env.To = realTo("nobody")
		case realKeptLarge:
			body = realLargeBody()
		}
		texts[i] = fmt.Sprintf(realHead, box, "") + body
		msg, err := message.Read(strings.NewReader(texts[i]), message.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer msg.Close()
		items = append(items, &backend.Item{Env: env, Msg: msg, Done: func(statuses []backend.Status, err error) {
			if err != nil || len(statuses) != 1 || (statuses[0].Err != nil) != (i+1 == realKeptNobody) {
				t.Errorf("message %d: %+v, %v", i+1, statuses, err)
			}
			items[i] = nil
		}})
	}
	transport := v.open(t)
	defer transport.Close()
	transport.(backend.Preparer).Prepare()
	next := 0
	err := transport.(backend.Carrier).SendEach(t.Context(), func() *backend.Item {
		if next == len(items) {
			return nil
		}
		next++
		return items[next-1]
	})
	if err != nil {
		t.Error(err)
	}
	for i, box := range boxes {
		if items[i] != nil {
			t.Errorf("message %d has no fate", i+1)
		}
		if i+1 != realKeptNobody {
			v.servers.arrived(t, box, texts[i])
		}
	}
}

// open opens the transport of an account for the service.
func (v realVariant) open(t *testing.T) backend.Transport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("[account.real]\n"+v.keys()), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := conf.Load([]string{file}, true)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := smtp.Plain(config.Accounts[0], backend.Surroundings{Hostname: "client.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return transport
}
