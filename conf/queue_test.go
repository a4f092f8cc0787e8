package conf

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSizes has sizes as people write them.
func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"1": 1, "500K": 500 << 10, "20M": 20 << 20, "2G": 2 << 30, "2GiB": 2 << 30, "3 mb": 3 << 20, "1T": 1 << 40} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s is %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "K", "1X", "1.5G", "9999999999T", "1KM"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s is %d", text, s)
		}
	}
}

// TestRates has rates as people write them.
func TestRates(t *testing.T) {
	for text, want := range map[string]Rate{"100/h": {100, time.Hour}, "1/s": {1, time.Second}, "10/m": {10, time.Minute}, "500/d": {500, 24 * time.Hour}} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want || r.String() != text {
			t.Errorf("%s is %v, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "100", "/h", "0/h", "-1/h", "100/w", "100/h/h", "100 per hour"} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s is %v", text, r)
		}
	}
}

// TestUndo has what goes with it and what doesn't.
func TestUndo(t *testing.T) {
	for text, want := range map[string]string{
		"queue = \"always\"\nundo = \"30s\"":   "",
		"queue = \"fallback\"\nundo = \"1h\"":  "",
		"undo = \"30s\"":                       `:2: account.a.undo: a message is kept in the queue for that long: set queue to "fallback" or "always"`,
		"queue = \"off\"\nundo = \"30s\"":      `:3: account.a.undo: a message is kept in the queue for that long: set queue to "fallback" or "always"`,
		"queue = \"always\"\nundo = \"2h\"":    `:3: account.a.undo: 2h0m0s is more than 1h0m0s; sendmail --at is for later`,
		"queue = \"sometimes\"\nundo = \"1m\"": `:2: account.a.queue: "sometimes" is none of off, fallback, always`,
	} {
		file := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(file, []byte("[account.a]\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load([]string{file}, true)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != file+want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
