package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var updateLesson = flag.Bool("update-lesson", false, "rewrite testdata/lesson.txt")

// narrated tells whether a line of the lesson is about the one before it.
func narrated(line string) bool { return strings.HasPrefix(line, "       ") }

func isDialogue(line string) bool {
	return strings.HasPrefix(line, "S: ") || strings.HasPrefix(line, "C: ") || strings.HasPrefix(line, "* ")
}

// mute gives the lines of a dialogue that have no sentence.
func mute(text string) (found []string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if isDialogue(line) && (i+1 == len(lines) || !narrated(lines[i+1])) {
			found = append(found, line)
		}
	}
	return found
}

// TestLesson: each line of the demonstration has its sentence, and each sentence names where it is written or is of
// postern's own doings. The whole text of one is in testdata/lesson.txt.
func TestLesson(t *testing.T) {
	for _, name := range demoBackends {
		var out strings.Builder
		if status := demo(streams{strings.NewReader(""), &out, &out}, name, false, true); status != exOK {
			t.Fatalf("%s: status %d\n%s", name, status, &out)
		}
		_, text, _ := strings.Cut(out.String(), "--- The dialogue")
		text, _, _ = strings.Cut(text, "\n--- ")
		if found := mute(text); len(found) > 0 || strings.Count(text, "\nC: ") < 7 {
			t.Errorf("%s: nothing is said of %q", name, found)
		}
		for line := range strings.Lines(text) {
			if len([]rune(line)) > 100 {
				t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
			}
		}
		for _, vague := range []string{lessonCommand(""), lessonExtension(""), lessonReply("NOOP", "250"), lessonNote("")} {
			if strings.Contains(text, wrap(vague, 84)[0]) {
				t.Errorf("%s: a line has the words for what isn't known: %s", name, vague)
			}
		}
		if name == "starttls" {
			compareLesson(t, text)
		}
	}
}

func compareLesson(t *testing.T, text string) {
	t.Helper()
	for _, varies := range []struct{ pattern, to string }{
		{`127\.0\.0\.1:\d+`, "127.0.0.1:PORT"}, {`until \d{4}-\d\d-\d\d`, "until DATE"}, {`TLS_\w+`, "CIPHER"},
	} {
		text = regexp.MustCompile(varies.pattern).ReplaceAllString(text, varies.to)
	}
	const file = "testdata/lesson.txt"
	if *updateLesson {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("the lesson is not as in %s; go test -run TestLesson -update-lesson rewrites it:\n%s", file, text)
	}
}

// TestLessonOfOthers: the lesson follows any dialogue, and says something about each of its lines.
func TestLessonOfOthers(t *testing.T) {
	files, err := filepath.Glob("../../backend/smtp/testdata/*.txt")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d dialogues: %v", len(files), err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range archive.Files {
			if part.Name != "dialogue" {
				continue
			}
			if found := mute(teach(t, string(part.Data))); len(found) > 0 {
				t.Errorf("%s: nothing is said of %q", file, found)
			}
		}
	}
}

// TestDemoUnseen: a demonstration that nobody can see has failed.
func TestDemoUnseen(t *testing.T) {
	full := writerFunc(func([]byte) (int, error) { return 0, syscall.ENOSPC })
	var complaint strings.Builder
	if status := demo(streams{strings.NewReader(""), full, &complaint}, "plain", false, false); status != exIOErr || !strings.Contains(complaint.String(), "no space left") {
		t.Errorf("status %d, %q", status, &complaint)
	}
}

// TestLessonOfPlain: a password in clear isn't passed over in silence.
func TestLessonOfPlain(t *testing.T) {
	const clear = "C: AUTH PLAIN [secret]\n"
	if got := teach(t, clear); !strings.Contains(got, "Here it goes in clear") {
		t.Error(got)
	}
	if got := teach(t, "* TLS 1.3, TLS_AES_128_GCM_SHA256, certificate of localhost until 2026-11-26\n"+clear); strings.Contains(got, "in clear") {
		t.Error(got)
	}
}

// TestLessonFollows: a reply is explained by what was asked, however many questions are open.
func TestLessonFollows(t *testing.T) {
	got := teach(t, `S: 220-mail.example.org
S: 220 ready
C: EHLO client.example.org
S: 250 mail.example.org
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: [secret]
S: 235 ok
* 3 commands in one flight (PIPELINING)
C: MAIL FROM:<ann@example.org>
C: RCPT TO:<bob@example.org>
C: DATA
S: 250 ok
S: 550 no such user
S: 354 go
C: [20 octets]
C: .
S: 250 taken
C: BDAT 10
C: [10 octets]
S: 250 more
C: QUIT
S: 221 bye
`)
	for _, want := range []string{
		"S: 220-mail.example.org\n       A hyphen behind the code: ",
		"S: 220 ready\n       The server speaks first: ",
		"C: EHLO client.example.org\n       The client says who it is",
		"S: 250 mail.example.org\n       250 is yes. ",
		"LOGIN asks for user and password one after the other. ",
		"S: 334 VXNlcm5hbWU6\n       A challenge, ",
		"C: [secret]\n       The client's answer ",
		"S: 235 ok\n       The client is signed in ",
		"S: 250 ok\n       The server takes mail from this sender ",
		"S: 550 no such user\n       No: a code that begins with 5 is for good",
		"S: 354 go\n       Go ahead. ",
		"C: [20 octets]\n       The message, of which this dialogue shows the length alone. A line of it that begins",
		"C: .\n       A dot alone on its line: ",
		"S: 250 taken\n       The reply that counts: ",
		"C: BDAT 10\n       A piece of the message follows",
		"S: 250 more\n       Yes: it is done ",
		"S: 221 bye\n       The server says goodbye",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the lesson lacks %q:\n%s", want, got)
		}
	}
}

// teach has the lesson of a dialogue.
func teach(t *testing.T, dialogue string) string {
	t.Helper()
	var out strings.Builder
	l := newLesson(&out, func(s string) string { return s })
	for line := range strings.Lines(dialogue) {
		if n, err := l.Write([]byte(line)); err != nil || n != len(line) {
			t.Fatal(n, err)
		}
	}
	return out.String()
}
