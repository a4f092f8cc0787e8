package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"postern/message/compose"
)

// textFrom is where the text of a message comes from.
type textFrom struct {
	body     *string // --body
	html     string  // a file; "-" is standard input
	markdown bool    // the text is Markdown
	typed    bool    // on a terminal it is typed there, as with mail, and not in an editor

	kept string // the file of the editor
}

// fill puts the text into a draft.
func (t *textFrom) fill(d *compose.Draft, std streams) (err error) {
	switch {
	case t.html == "-":
		d.HTML, err = compose.FromReader("standard input", std.in)
	case t.html != "":
		d.HTML, err = compose.FromFile(t.html)
		d.Folder = filepath.Dir(t.html)
	}
	if err != nil {
		return err
	}
	switch {
	case t.body != nil:
		text := *t.body
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		d.Text = compose.FromString("--body", text)
	case t.html != "": // the text is made of it
	case !isTerminal(std.in):
		d.Text, err = compose.FromReader("standard input", std.in)
	case t.typed:
		d.Text, err = typedText(d, std)
	default:
		d.Text, err = t.edit(std)
	}
	if err != nil || !t.markdown {
		return err
	}
	d.HTML, err = filterMarkdown(d.Text)
	return err
}

// typedText is what a person types up to the end of a file, after the subject where there is none.
func typedText(d *compose.Draft, std streams) (*compose.Source, error) {
	in := bufio.NewReader(std.in)
	if d.Subject == "" {
		fmt.Fprint(std.err, "Subject: ")
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		d.Subject = strings.TrimSpace(line)
	}
	return compose.FromReader("standard input", in)
}

// edit has a person write the text in an editor.
func (t *textFrom) edit(std streams) (*compose.Source, error) {
	f, err := os.CreateTemp("", "postern-*.txt") // 0600
	if err != nil {
		return nil, createError{err}
	}
	f.Close()
	t.kept = f.Name()
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	cmd := exec.Command("sh", "-c", editor+` "$1"`, "sh", t.kept) // it may have options
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, std.out, std.err
	keys := make(chan os.Signal, 1) // Ctrl-C is for the editor, which would be left without us, and its text with nobody
	signal.Notify(keys, os.Interrupt)
	defer signal.Stop(keys)
	if err := cmd.Run(); err != nil {
		return nil, unavailableError{fmt.Errorf("the editor %s: %w", editor, err)}
	}
	text, err := os.ReadFile(t.kept)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		os.Remove(t.kept)
		t.kept = ""
		return nil, dataError{errors.New("the text is empty: nothing is sent")}
	}
	return compose.FromString("the text", string(text)), nil
}

// unwritten tells whether nobody has written anything into the file of the editor.
func (t *textFrom) unwritten() bool {
	info, err := os.Stat(t.kept)
	return err == nil && info.Size() == 0
}

// takes tells whether a file is the pipe that the text is read from, so that it has nothing else.
func (t *textFrom) takes(file os.FileInfo, std streams) bool {
	in, ok := std.in.(*os.File)
	if !ok || t.html != "-" && (t.body != nil || t.html != "") {
		return false
	}
	info, err := in.Stat()
	return err == nil && info.Mode().Type() == os.ModeNamedPipe && os.SameFile(info, file)
}

// done removes the file of the editor, or tells where the text is.
func (t *textFrom) done(stderr io.Writer, name string, sent bool) {
	switch {
	case t.kept == "":
	case sent, t.unwritten():
		os.Remove(t.kept)
	default:
		fmt.Fprintf(stderr, "%s: the text is kept in %s\n", name, t.kept)
	}
}
