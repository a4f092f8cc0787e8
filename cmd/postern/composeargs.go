package main

import (
	"fmt"
	"slices"

	"postern/message/compose"
)

// What postern send and mail do with the words of a command line.

// wrong names where on the command line something can't be used.
func wrong(name string, err error) error {
	if err == nil {
		return nil
	}
	return dataError{fmt.Errorf("%s: %w", name, err)}
}

func withoutNil(errs []error) []error {
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// setFrom is who the message is from, in its header and on its envelope, as mailx has -r.
func (c *composing) setFrom(name, text string) error {
	from, err := compose.ParseAddress(text)
	if err != nil {
		return wrong(name, err)
	}
	c.draft.From, c.inv.sender = &from, &from.Spec
	return nil
}

// addField adds a field. From: is who the message is from.
func (c *composing) addField(name, text string) error {
	f, err := compose.ParseField(text)
	if err == nil {
		err = c.draft.Add(f)
	}
	return wrong(name, err)
}
