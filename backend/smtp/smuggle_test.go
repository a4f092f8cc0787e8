package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"postern/message"
)

// lineEnds are what servers take for the end of a line, sloppy ones included.
var lineEnds = []string{"\r\n", "\n", "\r"}

// nulls are those of servers that drop NUL.
var nulls = []string{"\r\n", "\r\n\x00", "\r\x00\n", "\n\x00", "\x00\n", "\r\x00"}

// endsInside tells which end of data a server finds in a message as DATA has it, without its last line.
func endsInside(wire string, ends []string) string {
	wire = "\r\n" + wire
	for _, before := range ends {
		for _, after := range ends {
			for _, dot := range []string{".", ".\x00"} {
				if end := before + dot + after; strings.Contains(wire, end) {
					return end
				}
			}
		}
	}
	return ""
}

// FuzzSmuggling checks that no server, however sloppy, finds an end of data inside a message: what came behind it would
// be another message, in our name.
func FuzzSmuggling(f *testing.F) {
	for i, in := range []string{
		"Subject: x\n\na\n.\nMAIL FROM:<b@example.org>\n", "\r\n\r.\r\nRCPT", "\n\n.\r", "\r\n\r\n\n.\r\n", "Subject: x\r.\r\n\r\n.", "\n\n\x00.\n", "\n\n.\x00\n",
		"\n\na\r\x00\n.\r\n", "Subject: a\x00\n.\n\n.\n", "\r\r\n.\r\r\n.\r.\n.",
	} {
		f.Add([]byte(in), i, i+1)
	}
	f.Fuzz(func(t *testing.T, in []byte, cut, pad int) {
		if len(in) > block/16 {
			return
		}
		cut = 1 + max(cut, -cut, 0)%(len(in)+1)
		msg, err := message.Read(slicesOf{bytes.NewReader(in), cut}, message.ReadOptions{})
		var bad message.HeaderError
		switch {
		case errors.As(err, &bad):
			return
		case err != nil:
			t.Fatal(err)
		}
		defer msg.Close()
		stuffed(t, in, msg, cut, lineEnds)
		if msg.Unfit() { // NUL goes out as it is only where the server takes it, or what is signed can't do without
			seven, err := msg.SevenBit()
			var cannot message.ConversionError
			switch {
			case errors.As(err, &cannot):
				return
			case err != nil:
				t.Fatal(err)
			}
			defer seven.Close()
			stuffed(t, in, seven, cut, append(nulls, lineEnds...))
		}
		// The same in a body, wherever the buffers of the reader end in it.
		long := "\n\n" + strings.Repeat("x", 1+max(pad, -pad, 0)%(block+1)) + string(in)
		again, err := message.Read(slicesOf{strings.NewReader(long), block}, message.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		wire, err := io.ReadAll(again.Open())
		if err != nil {
			t.Fatal(err)
		}
		if rest := strings.ReplaceAll(string(wire), "\r\n", ""); strings.ContainsAny(rest, "\r\n") || !bytes.HasSuffix(wire, []byte("\r\n")) {
			t.Fatalf("%q behind %d octets is %q on the wire", in, pad, wire[max(0, len(wire)-2*len(in)-10):])
		}
	})
}

// stuffed has the writer write a message, and the servers look at it.
func stuffed(t *testing.T, in []byte, msg *message.Message, cut int, ends []string) {
	t.Helper()
	text, err := io.ReadAll(msg.Open())
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > block/4 {
		return
	}
	wire, ok := strings.CutSuffix(written(string(text), cut, true), ".\r\nQUIT\r\n")
	if !ok || !strings.HasSuffix(wire, "\r\n") {
		t.Fatalf("%q has no end: %q", in, wire)
	}
	if end := endsInside(wire, ends); end != "" {
		t.Fatalf("%q has the end of data %q inside: %q", in, end, wire)
	}
}

var replyLine = regexp.MustCompile(`(?s)^([2-5][0-9][0-9])(?:([ -]).*)?$`)

// otherReply is a reply as its definition has it (RFC 5321 section 4.2): its code and its last line.
func otherReply(in string) (code int, lines []string, ok bool) {
	for len(lines) < maxReplyLines {
		line, rest, whole := strings.Cut(in, "\n")
		most := 2048
		if strings.HasPrefix(line, "334") {
			most = 12292
		}
		if !whole || len(line)+1 > most {
			return 0, nil, false
		}
		in, line = rest, strings.TrimRight(line, "\r")
		parts := replyLine.FindStringSubmatch(line)
		if parts == nil || len(lines) > 0 && lines[0][:3] != parts[1] {
			return 0, nil, false
		}
		lines = append(lines, line)
		if parts[2] != "-" {
			code, _ = strconv.Atoi(parts[1])
			return code, lines, true
		}
	}
	return 0, nil, false
}

// FuzzReplySplit compares the reader of replies with its definition and with net/textproto, at every split of what the
// server says.
func FuzzReplySplit(f *testing.F) {
	for _, in := range []string{"250 ok\r\n", "250-a\r\n250 b\r\n", "220\n", "250-2.0.0 x\r\n250", "250-a\r\n251 b\r\n", "250\r\r\n", "599-\n599\n2", "250-a\n25"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		code, lines, ok := otherReply(string(in))
		short := false
		for _, line := range lines {
			short = short || len(line) < 4 // which textproto refuses
		}
		if ok && !short {
			if got, _, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(in))).ReadResponse(0); err != nil || got != code {
				t.Fatalf("%q: textproto has %d, %v", in, got, err)
			}
		}
		for at := 0; at <= len(in); at += 1 + len(in)/200 {
			var shown []string
			r := io.MultiReader(bytes.NewReader(in[:at]), bytes.NewReader(in[at:]))
			re, err := readReply(bufio.NewReaderSize(r, maxChallengeLine), same, func(line string) { shown = append(shown, line) })
			if (err == nil) != ok {
				t.Fatalf("%q split at %d: %v, want %v", in, at, err, ok)
			}
			if ok && (re.code != code || len(shown) != len(lines) || shown[len(shown)-1] != sanitise(lines[len(lines)-1])) {
				t.Fatalf("%q split at %d: %v %q, want %d %q", in, at, re, shown, code, lines)
			}
		}
	})
}
