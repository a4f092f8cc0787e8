package compose

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
)

// leaf is a part as a reader finds it, by Go's own libraries.
type leaf struct {
	kind, charset, name, id string
	data                    []byte
}

// leaves takes a message apart.
func leaves(t testing.TB, text string) (mail.Header, []leaf) {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return msg.Header, inside(t, msg.Header.Get, msg.Body)
}

func inside(t testing.TB, field func(string) string, body io.Reader) (found []leaf) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(field("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return found
			}
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, inside(t, p.Header.Get, p)...)
		}
	}
	switch field("Content-Transfer-Encoding") {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	l := leaf{kind: kind, charset: params["charset"], id: strings.Trim(field("Content-Id"), "<>"), data: data}
	if disposition := field("Content-Disposition"); disposition != "" {
		_, params, err := mime.ParseMediaType(disposition)
		if err != nil {
			t.Fatalf("%q: %v", disposition, err)
		}
		l.name = params["filename"]
	}
	return []leaf{l}
}

// asText has the line ends of this machine.
func asText(data []byte) string { return string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))) }
