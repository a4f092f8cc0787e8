package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/conf"
)

// errAt is a time that nobody can read.
var errAt = errors.New(`should be a time such as "08:00", "tomorrow 08:00", "monday 9:00", "2026-12-01 08:00", "+2h" or 2026-12-01T08:00:00Z`)

// setAt is --at: when a message is sent.
func setAt(inv *invocation, value string) (err error) {
	if inv.at, err = parseAt(value, time.Now()); err != nil {
		err = fmt.Errorf("--at %s: %w", value, err)
	}
	return err
}

// parseAt reads a time as people write it, as seen from now and on its clock. A clock's time without a day is the next
// one, and so is one with the day of a week.
func parseAt(text string, now time.Time) (time.Time, error) {
	words := strings.Fields(strings.ToLower(text))
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err == nil:
	case strings.HasPrefix(text, "+"):
		var d conf.Duration
		if err = d.UnmarshalText([]byte(text[1:])); err == nil {
			at = now.Add(time.Duration(d))
		}
	case len(words) == 1:
		at, err = nextClock(words[0], now, func(time.Time) bool { return true })
	case len(words) == 2 && words[0] == "tomorrow":
		at, err = clockOn(now.AddDate(0, 0, 1), words[1])
	case len(words) == 2 && isWeekday(words[0]):
		at, err = nextClock(words[1], now, func(day time.Time) bool {
			return strings.HasPrefix(strings.ToLower(day.Weekday().String()), words[0])
		})
	case len(words) == 2:
		var day time.Time
		if day, err = time.ParseInLocation(time.DateOnly, words[0], now.Location()); err == nil {
			at, err = clockOn(day, words[1])
		}
	}
	if err != nil || at.IsZero() {
		return time.Time{}, errAt
	}
	if at.UTC().Year() >= 2200 { // no file's time goes much further
		return time.Time{}, errors.New("it is too far off")
	}
	if !at.After(now) { // a slip that would send at once
		return time.Time{}, fmt.Errorf("it is past, by the clock of %s", now.Format(time.DateTime))
	}
	return at, nil
}

// isWeekday tells whether a word is a day of the week, or its first three letters or more.
func isWeekday(word string) bool {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(day.String()), word) {
			return true
		}
	}
	return false
}

// nextClock is the next time that a clock shows on a day that fits.
func nextClock(clock string, now time.Time, fits func(time.Time) bool) (time.Time, error) {
	for days := 0; ; days++ {
		day := now.AddDate(0, 0, days)
		at, err := clockOn(day, clock)
		if err != nil || fits(day) && at.After(now) {
			return at, err
		}
	}
}

// clockOn is when a clock shows a time on a day. Of a time that it shows twice, when summer ends, it is the first; of one
// that it skips, when summer begins, as much later as it skips.
func clockOn(day time.Time, clock string) (time.Time, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return time.Time{}, err
	}
	year, month, date := day.Date()
	plain := time.Date(year, month, date, t.Hour(), t.Minute(), 0, 0, time.UTC)
	shows := func(at time.Time) bool { return at.Format(time.DateTime) == plain.Format(time.DateTime) }
	at := time.Date(year, month, date, t.Hour(), t.Minute(), 0, 0, day.Location())
	_, offset := at.AddDate(0, 0, -1).Zone() // before a change of that day
	before := plain.Add(-time.Duration(offset) * time.Second).In(day.Location())
	if shows(at) && !shows(before) {
		return at, nil
	}
	return before, nil
}
