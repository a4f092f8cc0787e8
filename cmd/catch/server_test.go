package catch_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/cmd/catch"
)

const mail = "MAIL FROM:<ann@example.org>\nRCPT TO:<bob@example.org>\n"

// TestTellsBeforeItAnswers: who waits for the client finds the message told.
func TestTellsBeforeItAnswers(t *testing.T) {
	s := serve(t, catch.Options{Extensions: true})
	c := s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n", "250")
	c.say("MAIL FROM:<ann@example.org> SIZE=7 BODY=8BITMIME RET=HDRS ENVID=e1 SMTPUTF8 AUTH=<>\n", "250")
	c.say("RCPT TO:<bob@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@example.org BY=60;RT MT-PRIORITY=3\n", "250")
	c.say("DATA\n", "354")
	c.say("..dot\n.\n", "250")
	got := s.told(catch.MessageEvent)
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	m := got[0].Message
	if s.bodies[0] != ".dot\r\n" || m.Size != 6 || m.Hello != "me" || m.TLS != "" || m.User != "" {
		t.Errorf("%q, %+v", s.bodies[0], m)
	}
	if want := []string{"SIZE=7", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=e1", "AUTH=<>"}; !slices.Equal(m.Parameters, want) {
		t.Errorf("MAIL with %q", m.Parameters)
	}
	if want := []string{"NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;b@example.org", "BY=60;RT", "MT-PRIORITY=3"}; !slices.Equal(m.To[0].Parameters, want) {
		t.Errorf("RCPT with %q", m.To[0].Parameters)
	}
	c.say("QUIT\n", "221")
}

// TestBrokenOff: a message that doesn't come whole is none, and the next one is not mixed up with it.
func TestBrokenOff(t *testing.T) {
	s := serve(t, catch.Options{EML: t.TempDir()})
	c := s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n"+mail+"BDAT 4\nhalf", "250", "250", "250", "250")
	c.Close()
	c = s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n"+mail+"BDAT 5\nwhole", "250", "250", "250", "250")
	c.say("BDAT 0 LAST\n", "250")
	c.say(mail+"RSET\n"+mail+"DATA\n", "250", "250", "250", "250", "250", "354")
	c.say("half a li")
	c.Close()
	c = s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n"+mail+"BDAT 6 LAST\nsecond", "250", "250", "250", "250")
	if want := []string{"whole", "second"}; !slices.Equal(s.bodies, want) {
		t.Errorf("the server has %q, want %q", s.bodies, want)
	}
	for i, e := range s.told(catch.MessageEvent) {
		if kept, err := os.ReadFile(e.Message.File); err != nil || string(kept) != s.bodies[i] {
			t.Errorf("%s has %q: %v", e.Message.File, kept, err)
		}
		if rest, err := filepath.Glob(filepath.Dir(e.Message.File) + "/.*"); len(rest) > 0 {
			t.Errorf("%q is left: %v", rest, err)
		}
	}
	if failed := s.told(catch.ErrorEvent); len(failed) > 0 {
		t.Errorf("a client's fault is told as one of the server: %+v", failed)
	}
}

// TestOnce: the first message is answered and its client may say QUIT; no other message is taken.
func TestOnce(t *testing.T) {
	s := serve(t, catch.Options{Once: true})
	late := s.dial(t)
	late.say("", "220")
	late.say("EHLO late\n"+mail, "250", "250", "250")
	c := s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n"+mail+"DATA\n", "250", "250", "250", "354")
	c.say("text\n.\n", "250")
	late.say("DATA\n", "354")
	late.say("text\n.\n", "421")
	c.say("MAIL FROM:<ann@example.org>\n", "421")
	late.say("QUIT\n", "221")
	c.say("QUIT\n", "221")
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	if got := len(s.told(catch.MessageEvent)); got != 1 {
		t.Errorf("%d messages", got)
	}
}

// TestSignIn: any user may sign in by PLAIN or LOGIN, and nobody else may send.
func TestSignIn(t *testing.T) {
	for _, c := range []struct {
		name, text string
		replies    []string
		by         string
	}{
		{"PLAIN at once", "AUTH PLAIN AGFubgBwdw==\n", []string{"235"}, "PLAIN"},
		{"PLAIN asked", "AUTH PLAIN\nAGFubgBwdw==\n", []string{"334", "235"}, "PLAIN"},
		{"LOGIN", "AUTH LOGIN\nYW5u\ncHc=\n", []string{"334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235"}, "LOGIN"},
		{"LOGIN with the user", "AUTH LOGIN YW5u\ncHc=\n", []string{"334 UGFzc3dvcmQ6", "235"}, "LOGIN"},
		{"unknown", "AUTH CRAM-MD5\n", []string{"504"}, ""},
		{"given up", "AUTH LOGIN\n*\n", []string{"334", "501"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, catch.Options{Auth: true})
			k := s.dial(t)
			k.say("", "220")
			k.say("EHLO me\n", "250")
			k.say("MAIL FROM:<ann@example.org>\n", "530")
			k.say(c.text, c.replies...)
			if c.by == "" {
				k.say("MAIL FROM:<ann@example.org>\n", "530")
				return
			}
			k.say(mail+"DATA\n", "250", "250", "354")
			k.say("text\n.\n", "250")
			if m := s.told(catch.MessageEvent)[0].Message; m.User != "ann" || m.Mechanism != c.by {
				t.Errorf("%s signed in by %s", m.User, m.Mechanism)
			}
		})
	}
}

// TestGreylist: it is the triple that is known, not the client.
func TestGreylist(t *testing.T) {
	s := serve(t, catch.Options{Faults: catch.Faults{Greylist: true}})
	c := s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n"+mail, "250", "250", "451")
	c.say("RCPT TO:<BOB@example.org>\n", "250")
	c.say("RCPT TO:<carol@example.org>\n", "451")
	c.say("RSET\nMAIL FROM:<dave@example.org>\nRCPT TO:<bob@example.org>\n", "250", "250", "451")
	if got := len(s.told(catch.FaultEvent)); got != 3 {
		t.Errorf("%d of 3 faults are told", got)
	}
}

// TestDrop: the message is told, and the connection ends without a word.
func TestDrop(t *testing.T) {
	for _, text := range []string{mail + "BDAT 4 LAST\ntextQUIT\n", mail + "DATA\ntext\n.\nQUIT\n"} {
		s := serve(t, catch.Options{Faults: catch.Faults{Drop: true}})
		c := s.dial(t)
		c.say("", "220")
		c.say("EHLO me\n"+text, "250", "250", "250")
		if strings.Contains(text, "DATA") {
			c.say("", "354")
		}
		c.gone()
		if got := s.told(catch.MessageEvent); len(got) != 1 || !slices.Equal(got[0].Message.Faults, []string{"drop"}) {
			t.Errorf("%+v", got)
		}
	}
}

// TestSlow: each answer takes its time, and a server that is closed doesn't wait for it.
func TestSlow(t *testing.T) {
	const delay = 20 * time.Millisecond
	s := serve(t, catch.Options{Faults: catch.Faults{Slow: delay}})
	c := s.dial(t)
	begun := time.Now()
	c.say("", "220")
	c.say("EHLO me\n"+mail+"BDAT 4 LAST\ntext", "250", "250", "250", "250")
	if took := time.Since(begun); took < 4*delay {
		t.Errorf("four answers took %v", took)
	}
	s = serve(t, catch.Options{Faults: catch.Faults{Slow: time.Hour}})
	c = s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n")
	s.Close()
	if _, err := io.Copy(io.Discard, c.in); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
}

// TestLargeMessage: a message takes disk, and no memory.
func TestLargeMessage(t *testing.T) {
	const size = 64 << 20
	s := serve(t, catch.Options{})
	c := s.dial(t)
	c.say("", "220")
	c.say("EHLO me\n"+mail, "250", "250", "250")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.say(fmt.Sprintf("BDAT %d LAST\n", size))
	chunk := make([]byte, 64<<10)
	for range size / len(chunk) {
		if _, err := c.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	c.say("", "250")
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
		t.Errorf("%d octets were allocated for a message of %d", took, size)
	}
	if m := s.told(catch.MessageEvent)[0].Message; m.Size != size {
		t.Errorf("%d octets of %d", m.Size, size)
	}
}

// TestMany: several clients at once, for the race detector; no message is lost, and no two have a number.
func TestMany(t *testing.T) {
	s := serve(t, catch.Options{Maildir: filepath.Join(t.TempDir(), "box")})
	t.Run("clients", func(t *testing.T) {
		for range 8 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				c := s.dial(t)
				c.say("", "220")
				c.say("EHLO me\n", "250")
				for range 5 {
					c.say(mail+"BDAT 6 LAST\ntext\n", "250", "250", "250")
				}
			})
		}
	})
	numbers, files := map[int64]bool{}, map[string]bool{}
	for _, e := range s.told(catch.MessageEvent) {
		numbers[e.Message.Number], files[e.Message.File] = true, true
		if kept, err := os.ReadFile(e.Message.File); err != nil || string(kept) != "Return-Path: <ann@example.org>\nDelivered-To: bob@example.org\ntext\n" {
			t.Errorf("%q: %v", kept, err)
		}
	}
	if len(numbers) != 40 || len(files) != 40 {
		t.Errorf("%d numbers, %d files for 40 messages", len(numbers), len(files))
	}
}

// TestPostmaster holds the limit that the package comment names: it may go when go-smtp takes such an address.
func TestPostmaster(t *testing.T) {
	c := serve(t, catch.Options{}).dial(t)
	c.say("", "220")
	c.say("EHLO me\nMAIL FROM:<>\nRCPT TO:<postmaster>\n", "250", "250", "501")
}
