package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"postern/message"
	"postern/message/compose"
)

// composing is a message that is made here, and what becomes of it.
type composing struct {
	name    string // the program's, for people
	draft   compose.Draft
	inv     invocation
	text    textFrom
	preview bool
	json    bool
	eml     string // the file that gets the message instead of the server; "-" is standard output
	unless  bool   // an empty text is not sent
}

// carryOut makes the message, and has it sent, kept or shown.
func (c *composing) carryOut(std streams) (errs []error) {
	if len(c.draft.To)+len(c.draft.Cc)+len(c.draft.Bcc) == 0 && !c.preview && c.eml == "" {
		return []error{usageError{errors.New("no recipients: give addresses as arguments, or --cc or --bcc")}}
	}
	defer func() { c.text.done(std.err, c.name, len(errs) == 0 && !c.preview && !c.inv.dryRun) }()
	for _, name := range slices.Concat(c.draft.Attachments, c.draft.Images) { // before anybody writes a text for them
		info, err := os.Stat(name)
		if err != nil {
			return []error{&compose.FileError{Name: name, Err: errors.Unwrap(err)}}
		}
		if c.text.takes(info, std) {
			return []error{usageError{fmt.Errorf("%s: the text is read from there, so that it can't be a file as well", name)}}
		}
	}
	made, err := c.compose(std)
	if err != nil {
		return []error{err}
	}
	if made == nil { // there is nothing to send
		return nil
	}
	defer made.Close()
	if c.preview {
		return c.show(std, made)
	}
	c.inv.learns = true
	m, err := c.inv.mailer(c.name, std)
	if err != nil {
		return []error{err}
	}
	defer m.close()
	for _, list := range [][]message.Address{c.draft.To, c.draft.Cc, c.draft.Bcc} {
		for _, a := range list {
			c.inv.recipients = append(c.inv.recipients, a.Spec)
		}
	}
	var p *plan
	msg, errs := read(made, func(msg *message.Message) []error {
		if p = m.plan(&c.inv, msg); c.eml != "" {
			return nil
		}
		return m.tooLarge(p, made.Least())
	})
	if len(errs) > 0 {
		return errs
	}
	defer msg.Close()
	if c.eml != "" {
		return c.write(std, m, p, msg)
	}
	if errs := m.tooLarge(p, msg.Size()); len(errs) > 0 {
		return errs
	}
	statuses, errs := m.send(&c.inv, p, msg)
	m.wake(&c.inv)
	m.remind()
	if c.json && !c.inv.dryRun {
		if err := m.tell(std.out, p, msg, statuses, errs); err != nil {
			m.warn(err) // the status tells of the message: who has it must not get it again
		}
	}
	return errs
}

// compose gets the text, and makes the message of it; none where there is nothing to send.
func (c *composing) compose(std streams) (*compose.Message, error) {
	err := c.text.fill(&c.draft, std)
	if err != nil {
		return nil, err
	}
	if c.unless && c.draft.Text != nil && len(c.draft.Attachments) == 0 {
		if empty, err := c.draft.Text.Empty(); empty || err != nil {
			return nil, err
		}
	}
	return c.draft.Compose()
}

// errUnread is what the writer of a message hears when it is not read to its end.
var errUnread = errors.New("nobody reads on")

// read reads a message as it is written. judge may refuse it by its header, before its content is written.
func read(made *compose.Message, judge func(*message.Message) []error) (msg *message.Message, errs []error) {
	from, to := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := made.Write(to)
		to.CloseWithError(err)
		written <- err
	}()
	msg, err := message.ReadHeader(from, message.ReadOptions{})
	if err == nil {
		if errs = judge(msg); len(errs) == 0 {
			err = msg.ReadBody()
		}
	}
	from.CloseWithError(errUnread)
	if failed := <-written; failed != nil && !errors.Is(failed, errUnread) { // which the reader knows as a failure of its input
		err = failed
	}
	if err != nil {
		errs = []error{err}
	}
	if len(errs) > 0 && msg != nil {
		msg.Close()
	}
	return msg, errs
}

// write is --eml: the message as it would go out. A file that is there is left alone.
func (c *composing) write(std streams, m *mailer, p *plan, msg *message.Message) []error {
	if p.account == nil {
		return p.errs
	}
	sender, _, err := c.inv.reversePath(p.account, msg)
	if err == nil {
		err = msg.Complete(c.inv.defaults(p.account, sender, msg))
	}
	if err != nil {
		return []error{dataError{err}}
	}
	if c.eml == "-" {
		_, err := io.Copy(std.out, msg.OpenText())
		return withoutNil([]error{written(err)})
	}
	f, err := os.OpenFile(c.eml, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		err = fmt.Errorf("%s is there already, and stays as it is", c.eml)
	}
	if err != nil {
		return []error{createError{err}}
	}
	_, err = io.Copy(f, msg.OpenText())
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(c.eml)
		return []error{createError{err}}
	}
	return nil
}
