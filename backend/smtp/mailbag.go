package smtp

import (
	"slices"

	"postern/backend"
)

// mailbag is what a connection is to carry: letters that have recipients left, then those that next gives.
type mailbag struct {
	next     func() *backend.Item // nil when there are no more
	letters  []*letter            // those that have not ended
	empty    bool                 // next has given its last
	stepwise bool                 // see session
}

// more tells whether anybody is to be offered a message yet.
func (m *mailbag) more() bool {
	m.letters = slices.DeleteFunc(m.letters, func(l *letter) bool { return l.ended })
	for m.first() == nil {
		if m.empty {
			return false
		}
		item := m.next()
		if item == nil {
			m.empty = true
			return false
		}
		l := newLetter(item)
		l.finish() // if it is for nobody
		m.letters = append(m.letters, l)
	}
	return true
}

// first is the first letter that has recipients left, or nil.
func (m *mailbag) first() *letter {
	for _, l := range m.letters {
		if len(l.todo) > 0 {
			return l
		}
	}
	return nil
}

// take begins the next transaction for a session; nil where there is none, or the server takes no more of them (RFC
// 9422 section 4.1).
func (m *mailbag) take(s *session) *transaction {
	for m.more() && (s.limits.mails == 0 || s.begun < s.limits.mails) {
		l := m.first()
		if err := l.prepare(s); err != nil {
			l.giveUp(err)
			continue
		}
		if len(l.todo) == 0 { // nobody whose address fits a command
			l.finish()
			continue
		}
		s.begun++
		return l.transaction(s)
	}
	return nil
}

// giveUp gives all that is at hand one fate.
func (m *mailbag) giveUp(err *backend.Error) {
	for _, l := range m.letters {
		if !l.ended {
			l.giveUp(err)
		}
	}
}
