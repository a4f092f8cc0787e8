package main

import (
	"strings"

	"postern/backend/queue"
)

// selection is what -qI, -qR and -qS choose together; all have to fit. An empty one is everything.
type selection []chosen

// chosen is one of them.
type chosen struct {
	kind byte // I, R or S
	part string
	not  bool
}

// fits tells whether a message is chosen.
func (s selection) fits(l queue.Listed) bool {
	for _, c := range s {
		fit := false
		switch c.kind {
		case 'I':
			fit = strings.Contains(l.ID, c.part)
		case 'S':
			fit = strings.Contains(strings.ToLower(l.Record.Envelope.From), strings.ToLower(c.part))
		case 'R':
			for _, to := range l.Left() {
				fit = fit || strings.Contains(strings.ToLower(to), strings.ToLower(c.part))
			}
		}
		if fit == c.not {
			return false
		}
	}
	return true
}

// wanted is what a run has to look at: everything, whatever its time.
func (s selection) wanted(spool *queue.Spool) queue.Wanted {
	w := queue.Wanted{All: true}
	if len(s) > 0 {
		var byID selection
		for _, c := range s {
			if c.kind == 'I' {
				byID = append(byID, c)
			}
		}
		w.Only = func(id string) bool {
			if fits := byID.fits(queue.Listed{ID: id}); !fits || len(byID) == len(s) {
				return fits // without a look into the message
			}
			l, err := spool.Look(queue.Waiting, id)
			return err == nil && l.Err == nil && s.fits(l)
		}
	}
	return w
}
