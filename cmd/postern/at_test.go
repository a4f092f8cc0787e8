package main

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine's may lack
)

// TestParseAt has times as people write them, on a Wednesday noon in Berlin.
func TestParseAt(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, berlin)
	for text, want := range map[string]string{
		"2026-12-01T08:00:00Z":      "2026-12-01 09:00:00 +0100",
		"2026-12-01T08:00:00+01:00": "2026-12-01 08:00:00 +0100",
		"2026-12-01 08:00":          "2026-12-01 08:00:00 +0100",
		"2027-07-01 8:00":           "2027-07-01 08:00:00 +0200",
		"18:30":                     "2026-11-25 18:30:00 +0100",
		"08:00":                     "2026-11-26 08:00:00 +0100",
		"12:00":                     "2026-11-26 12:00:00 +0100", // now is not the next time
		"12:01":                     "2026-11-25 12:01:00 +0100",
		"tomorrow 08:00":            "2026-11-26 08:00:00 +0100",
		" Tomorrow  23:59 ":         "2026-11-26 23:59:00 +0100",
		"monday 9:00":               "2026-11-30 09:00:00 +0100",
		"Wednesday 13:00":           "2026-11-25 13:00:00 +0100",
		"wed 11:00":                 "2026-12-02 11:00:00 +0100",
		"sun 00:00":                 "2026-11-29 00:00:00 +0100",
		"+2h":                       "2026-11-25 14:00:00 +0100",
		"+1h30m":                    "2026-11-25 13:30:00 +0100",
		"+5d":                       "2026-11-30 12:00:00 +0100",
	} {
		got, err := parseAt(text, now)
		if err != nil || got.In(berlin).Format("2006-01-02 15:04:05 -0700") != want {
			t.Errorf("%q is %v, %v", text, got.In(berlin), err)
		}
	}
	for _, text := range []string{
		"", "soon", "8", "24:00", "8:60", "08:00:00", "tomorrow", "yesterday 08:00", "mo 8:00", "mondayy 8:00", "monday", "2026-13-01 08:00",
		"2026-12-01", "2027-02-29 08:00", "2026-12-01 08:00 CET", "+", "+2", "-2h", "+-2h", "+0s", "tomorrow 8:00 sharp", "1/12/2026 08:00",
	} {
		if got, err := parseAt(text, now); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	for _, text := range []string{"2200-01-01T00:00:00Z", "9999-12-31 23:59", "+65535d"} {
		if got, err := parseAt(text, now); err == nil || !strings.Contains(err.Error(), "too far off") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"2026-11-25T10:59:59Z", "2026-11-25 12:00", "2025-12-01 08:00"} {
		if got, err := parseAt(text, now); err == nil || !strings.Contains(err.Error(), "is past") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

// TestParseAtSummer has the two nights in which the clock is changed: at 2:00 to 3:00, and at 3:00 back to 2:00; and a place
// where it is by half an hour, and midnight is skipped.
func TestParseAtSummer(t *testing.T) {
	for _, c := range []struct{ zone, now, text, want string }{
		{"Europe/Berlin", "2027-03-27T12:00:00+01:00", "tomorrow 01:59", "2027-03-28T01:59:00+01:00"},
		{"Europe/Berlin", "2027-03-27T12:00:00+01:00", "tomorrow 02:30", "2027-03-28T03:30:00+02:00"}, // skipped
		{"Europe/Berlin", "2027-03-27T12:00:00+01:00", "tomorrow 03:00", "2027-03-28T03:00:00+02:00"},
		{"Europe/Berlin", "2027-03-27T12:00:00+01:00", "tomorrow 08:00", "2027-03-28T08:00:00+02:00"},
		{"Europe/Berlin", "2027-03-27T12:00:00+01:00", "+24h", "2027-03-28T13:00:00+02:00"},
		{"Europe/Berlin", "2027-03-28T01:30:00+01:00", "02:30", "2027-03-28T03:30:00+02:00"},
		{"Europe/Berlin", "2027-10-30T12:00:00+02:00", "tomorrow 02:30", "2027-10-31T02:30:00+02:00"}, // the first of two
		{"Europe/Berlin", "2027-10-30T12:00:00+02:00", "sunday 03:00", "2027-10-31T03:00:00+01:00"},
		{"Europe/Berlin", "2027-10-31T02:45:00+02:00", "02:30", "2027-11-01T02:30:00+01:00"},
		{"Europe/Berlin", "2027-10-31T01:00:00+02:00", "2027-10-31 12:00", "2027-10-31T12:00:00+01:00"},
		{"Australia/Lord_Howe", "2027-04-03T12:00:00+11:00", "tomorrow 01:45", "2027-04-04T01:45:00+11:00"},
		{"Australia/Lord_Howe", "2027-10-02T12:00:00+10:30", "tomorrow 02:15", "2027-10-03T02:45:00+11:00"},
		{"America/Santiago", "2027-09-04T12:00:00-04:00", "tomorrow 00:30", "2027-09-05T01:30:00-03:00"},
		{"America/Santiago", "2027-09-04T12:00:00-04:00", "tomorrow 08:00", "2027-09-05T08:00:00-03:00"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.ParseInLocation(time.RFC3339, c.now, zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseAt(c.text, now.In(zone))
		if err != nil || got.In(zone).Format(time.RFC3339) != c.want {
			t.Errorf("%s, %s: %q is %v, %v; want %s", c.zone, c.now, c.text, got.In(zone), err, c.want)
		}
	}
}
