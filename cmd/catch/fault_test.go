package catch_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"postern/cmd/catch"
)

// TestFaultNames: each fault that is named does something, and each thing that can be done has a name.
func TestFaultNames(t *testing.T) {
	all := reflect.TypeFor[catch.Faults]()
	done := map[string]bool{}
	for _, known := range catch.KnownFaults() {
		f, err := catch.ParseFaults([]string{known.Name})
		if err != nil || known.Does == "" {
			t.Errorf("%s: %v", known.Name, err)
		}
		for i := range all.NumField() {
			if !reflect.ValueOf(f).Field(i).IsZero() {
				done[all.Field(i).Name] = true
			}
		}
	}
	if len(done) != all.NumField() || len(catch.KnownFaults()) != all.NumField() {
		t.Errorf("%d faults have names, of %d: %v", len(done), all.NumField(), done)
	}
}

func TestParseFaults(t *testing.T) {
	f, err := catch.ParseFaults([]string{"refuse=a@example.org", "refuse", "slow=30s", "drop"})
	if err != nil || !f.Drop || f.Slow != 30*time.Second || len(f.Refuse) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
	for word, want := range map[string]string{
		"nonsense": `there is no fault "nonsense"; there are greylist, `,
		"":         `there is no fault ""`,
		"drop=1":   "the fault drop takes no value",
		"refuse=":  "the fault refuse has an empty value",
		"slow=-1s": "the fault slow=-1s: not a time",
		"slow=x":   "the fault slow=x: not a time",
	} {
		if _, err := catch.ParseFaults([]string{word}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", word, err)
		}
	}
}
