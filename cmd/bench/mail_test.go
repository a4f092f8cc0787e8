//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteMail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail")
	for size := int64(1000); size < 2100; size++ {
		m, err := writeMail(path, size)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(len(b))
		if n < size || n > size+1 || m.wire != n+int64(bytes.Count(b, []byte("\n"))) || b[n-1] != '\n' {
			t.Fatalf("asked for %d: %d octets, %d on the wire", size, n, m.wire)
		}
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"7": 7, "2k": 2e3, "100m": 1e8, "1G": 1e9, "": 0, "m": 0, "-1k": 0, "1x": 0, "9999999g": 0,
	} {
		if n, err := parseSize(s); n != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", s, n, err)
		}
	}
}
