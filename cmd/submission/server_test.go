package submission_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"postern/cmd/submission"
	"postern/message"
)

// A dialogue is a file of testdata. Its lines are
//
//	# a story
//	C: what the client sends, with CRLF
//	L: the same, with LF alone
//	B: "octets that the client sends, as Go writes them"
//	S: a line of the server's
//	= from -> to, to; and what else the envelope has, of a message that was delivered
//	| a line of that message
//	! the error that the session ends with
type dialogue struct {
	sent      string
	replies   string
	delivered string
	err       string
	turns     []turn
}

// turn is what the client sends together, and the lines that it waits for then.
type turn struct {
	sent    string
	replies []string
}

func readDialogue(t *testing.T, file string) dialogue {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := dialogue{turns: []turn{{}}}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		kind, text, _ := strings.Cut(line, " ")
		sent := ""
		switch kind {
		case "C:":
			sent = text + "\r\n"
		case "L:":
			sent = text + "\n"
		case "B:":
			if sent, err = strconv.Unquote(text); err != nil {
				t.Fatalf("%s: %s: %v", file, line, err)
			}
		case "S:":
			d.replies += text + "\r\n"
			last := &d.turns[len(d.turns)-1]
			last.replies = append(last.replies, text)
		case "=", "|":
			d.delivered += line + "\n"
		case "!":
			d.err = text
		case "#":
		default:
			t.Fatalf("%s: what is %q?", file, line)
		}
		if sent != "" {
			d.sent += sent
			if len(d.turns[len(d.turns)-1].replies) > 0 {
				d.turns = append(d.turns, turn{})
			}
			d.turns[len(d.turns)-1].sent += sent
		}
	}
	return d
}

// deliveries keeps what was delivered, as the dialogues have it.
type deliveries struct{ text string }

func (d *deliveries) deliver(env *message.Envelope, msg *message.Message) submission.Reply {
	d.text += fmt.Sprintf("= %s -> %s", env.From, strings.Join(env.To, ", "))
	if env.EightBit {
		d.text += "; 8BITMIME"
	}
	if env.DSN.Return != "" || env.DSN.ID != "" {
		d.text += fmt.Sprintf("; %s %q", env.DSN.Return, env.DSN.ID)
	}
	for _, w := range env.DSN.For {
		d.text += fmt.Sprintf("; %s %q", w.Notify, w.Original)
	}
	d.text += "\n"
	body, err := io.ReadAll(msg.Open())
	if err != nil {
		return submission.Reply{Code: 451, Status: "4.3.0", Lines: []string{err.Error()}}
	}
	for line := range strings.Lines(string(body)) {
		d.text += strings.TrimRight("| "+strings.TrimSuffix(line, "\r\n"), " ") + "\n"
	}
	if env.To[0] == "refused@example.org" {
		return submission.Reply{Code: 550, Status: "5.7.1", Lines: []string{"not\r\n250 here\x1b[31m", strings.Repeat("0123456789 ", 60) + "end"}}
	}
	return submission.Reply{Code: 250, Status: "2.0.0", Lines: []string{"taken"}}
}

// inPieces gives at most n octets a read.
type inPieces struct {
	r io.Reader
	n int
}

func (i inPieces) Read(p []byte) (int, error) { return i.r.Read(p[:min(len(p), i.n)]) }

func serve(r io.Reader) (replies, delivered, failure string) {
	var out bytes.Buffer
	var d deliveries
	if err := submission.Serve(r, &out, "here.example", d.deliver); err != nil {
		failure = err.Error()
	}
	return out.String(), d.text, failure
}

// TestDialogues plays each file of testdata as a client that sends all at once, in reads of every size; and as one that
// waits for its replies, which must have come by then.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogues", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			d := readDialogue(t, file)
			for n := len(d.sent); n > 0; n-- {
				replies, delivered, failure := serve(inPieces{strings.NewReader(d.sent), n})
				if replies != d.replies || delivered != d.delivered || failure != d.err {
					t.Fatalf("%d octets a read: replies:\n%s\nwant:\n%s\ndelivered:\n%s\nwant:\n%s\nerror: %s", n, replies, d.replies, delivered, d.delivered, failure)
				}
			}
			converse(t, d)
		})
	}
}

func converse(t *testing.T, d dialogue) {
	fromClient, toServer := io.Pipe()
	fromServer, toClient := io.Pipe()
	go func() {
		var taken deliveries
		submission.Serve(fromClient, toClient, "here.example", taken.deliver)
		fromClient.Close()
		toClient.Close()
	}()
	defer fromServer.Close()
	r := bufio.NewReader(fromServer)
	for _, turn := range d.turns {
		if turn.sent != "" { // there is none before the greeting, and an empty write waits for a reader too
			io.WriteString(toServer, turn.sent)
		}
		for _, want := range turn.replies {
			if got, err := r.ReadString('\n'); got != want+"\r\n" {
				t.Fatalf("after %q: %q, want %q (%v)", turn.sent, got, want, err)
			}
		}
	}
	toServer.Close()
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("at the end: %q (%v)", rest, err)
	}
}

// countedWrites counts the writes.
type countedWrites struct {
	bytes.Buffer
	n int
}

func (c *countedWrites) Write(p []byte) (int, error) {
	c.n++
	return c.Buffer.Write(p)
}

// TestFlight: the replies to what comes in one read leave in one write.
func TestFlight(t *testing.T) {
	var out countedWrites
	var d deliveries
	in := strings.NewReader("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ann@example.org>\r\nBDAT 6\r\nA: b\r\nBDAT 0 LAST\r\nQUIT\r\n")
	if err := submission.Serve(in, &out, "here.example", d.deliver); err != nil || out.n != 2 { // the greeting, and all of them
		t.Errorf("%d writes: %q (%v)", out.n, out.String(), err)
	}
}

type failing struct{}

var errFailing = errors.New("this fails")

func (failing) Read([]byte) (int, error)  { return 0, errFailing }
func (failing) Write([]byte) (int, error) { return 0, errFailing }

// TestFailures: what can't be read or written ends the session.
func TestFailures(t *testing.T) {
	var d deliveries
	for _, before := range []string{"", "MAIL FROM:<>\r\nRCPT TO:<ann>\r\nDATA\r\nA: b\r\n", "MAIL FROM:<>\r\nRCPT TO:<ann>\r\nBDAT 10\r\nA: b\r\n"} {
		err := submission.Serve(io.MultiReader(strings.NewReader(before), failing{}), io.Discard, "here.example", d.deliver)
		if !errors.Is(err, errFailing) {
			t.Errorf("%q: %v", before, err)
		}
	}
	if err := submission.Serve(strings.NewReader("NOOP\r\n"), failing{}, "here.example", d.deliver); !errors.Is(err, errFailing) {
		t.Error(err)
	}
	if d.text != "" {
		t.Error("delivered:", d.text)
	}
}
