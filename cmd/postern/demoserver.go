package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"postern/cmd/catch"
)

// demoServer is a server that takes messages from the user of demo's profile.
type demoServer struct {
	*catch.Server
	received chan received
}

// received is a message as the server got it.
type received struct {
	from string
	to   []string
	data string
}

// startDemoServer listens on a free port of the loopback: with TLS at once, or with STARTTLS.
func startDemoServer(implicit bool) (*demoServer, error) {
	d := &demoServer{received: make(chan received, 16)}
	var err error
	d.Server, err = catch.Listen("127.0.0.1:0", catch.Options{
		TLS: implicit, StartTLS: !implicit, MaxSize: 1 << 20,
		Auth: true, Check: func(user, password string) bool { return user == demoUser && password == demoPassword },
		Show: d.show,
	})
	if err != nil {
		return nil, err
	}
	go d.Serve(context.Background()) // it ends with Close
	return d, nil
}

func (d *demoServer) show(e catch.Event) {
	if e.Message == nil {
		return
	}
	data, err := io.ReadAll(e.Message.Open())
	if err != nil {
		data = []byte(err.Error())
	}
	got := received{from: e.Message.From, data: strings.ReplaceAll(string(data), "\r\n", "\n")}
	for _, to := range e.Message.To {
		got.to = append(got.to, to.Address)
	}
	d.received <- got
}

// profile is the account for this server.
func (d *demoServer) profile(backendName, authorityFile string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[account.demo]\nbackend  = %q\nhost     = \"localhost\"\nport     = %d\n", backendName, d.Port())
	fmt.Fprintf(&b, "from     = \"ann@example.org\"\nuser     = %q\npassword = %q\n", demoUser, demoPassword)
	if backendName != "plain" {
		fmt.Fprintf(&b, "tls      = { ca = %q }\n", authorityFile)
	}
	b.WriteString("\n[aliases]\nfile = \"\"\n") // those of this machine have no part in it
	return b.String()
}
