package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"postern/message/compose"
)

// maxFiltered is how many octets of HTML a filter may make.
const maxFiltered = 8 << 20

// filterMarkdown is a text as HTML, by a program.
func filterMarkdown(text *compose.Source) (*compose.Source, error) {
	words, err := markdownFilter()
	if err != nil {
		return nil, err
	}
	ctx, stop := interruptible()
	defer stop()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.WaitDelay = toolPatience
	out, said := &limited{most: maxFiltered}, &limited{most: maxWords}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = text.Open(), out, said
	name := words[len(words)-1]
	if words[0] != "sh" {
		name = words[0]
	}
	err = cmd.Run()
	switch {
	case out.over:
		err = fmt.Errorf("it makes over %d octets", maxFiltered)
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err == nil:
		return compose.FromString("the HTML by "+name, out.String()), nil
	}
	if words := oneLine(said.String()); words != "" {
		err = fmt.Errorf("%w: %s", err, words)
	}
	return nil, dataError{fmt.Errorf("the filter for Markdown, %s: %w", name, err)}
}

// markdownFilter is $POSTERN_MARKDOWN, or one of the usual programs.
func markdownFilter() ([]string, error) {
	if command := os.Getenv("POSTERN_MARKDOWN"); command != "" {
		return []string{"sh", "-c", command}, nil
	}
	for _, words := range [][]string{{"cmark"}, {"markdown"}, {"pandoc", "-f", "markdown", "-t", "html"}} {
		if _, err := exec.LookPath(words[0]); err == nil {
			return words, nil
		}
	}
	return nil, unavailableError{errors.New("--markdown: there is no cmark, markdown or pandoc; POSTERN_MARKDOWN names another program that makes HTML of its input")}
}
