package queue

import "time"

// Since is when the tries of a message begin: its age counts from then on.
func (r *Record) Since() time.Time {
	if r.NotUntil.After(r.Time) {
		return r.NotUntil
	}
	return r.Time
}

// untried tells whether the message is due when its sender or the rate has said, and not after a pause.
func (r *Record) untried(st *State) bool { return st.Tries == 0 && r.Tried == "" }

// NotBefore is when a message that waits for its time is due; false for one that doesn't, or was tried.
func (l *Listed) NotBefore() (time.Time, bool) {
	return l.State.Due, l.Record.untried(&l.State) && !l.State.Held && !l.State.Due.IsZero()
}

// waits tells whether a message has to wait, as far as its own time goes. A run that wants everything cuts the pauses
// between tries short, and never the time before the first one: somebody relies on that.
func (r *run) waits(rec *Record, st *State) bool {
	if !rec.untried(st) {
		return !r.wanted.All && r.early(st.Due)
	}
	// A clock that has jumped can't be told from a message for next year. What goes out too soon can't be taken back, and
	// one that waits too long is seen in the list; so only what was to wait no longer than a pause is as with pauses.
	if r.farOff(rec, st.Due) {
		return st.Due.After(r.started)
	}
	return r.early(st.Due)
}

// farOff tells whether a message was to wait for longer than any pause when it came.
func (r *run) farOff(rec *Record, due time.Time) bool { return due.Sub(rec.Time) > r.Policy.longest() }
