//go:build linux

package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestDotsAtEverySplit cuts each body in three at every pair of places: the answer must not depend on the reads.
func TestDotsAtEverySplit(t *testing.T) {
	for _, c := range []struct {
		wire string
		size int64
	}{
		{".\r\n", 0},
		{"\r\n.\r\n", 2},
		{"a\r\n.\r\n", 3},
		{"..\r\n.\r\n", 3},
		{"a\r\n..b\r\n...\r\n.\r\n", 3 + 4 + 4},
		{"a\r\r\n.\r\n", 4},
		{"a\n.\r\nb\r\n.\r\n", 8},
		{"a\r.\r\nb\r\n.\r\n", 8},
		{"a\r\n.\r.\r\n.\r\n", 3 + 4},
		{"a\r\n.\rb\r\n\r\n\r\n.\r\n", 3 + 4 + 4},
	} {
		in := c.wire + "QUIT\r\n"
		for i := range len(in) + 1 {
			for j := i; j <= len(in); j++ {
				var d dots
				at, end := 0, false
				for _, part := range []string{in[:i], in[i:j], in[j:]} {
					var n int
					n, end = d.eat([]byte(part))
					at += n
					if end {
						break
					}
					if n != len(part) {
						t.Fatalf("%q cut at %d and %d: %d of %d octets taken", in, i, j, n, len(part))
					}
				}
				if !end || at != len(c.wire) || d.size != c.size {
					t.Fatalf("%q cut at %d and %d: end %t at %d, size %d; want %d, %d", in, i, j, end, at, d.size, len(c.wire), c.size)
				}
			}
		}
	}
}

func BenchmarkDots(b *testing.B) {
	p := bytes.Repeat([]byte(strings.Repeat("x", 70)+"\r\n"), 1000)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		var d dots
		d.eat(p)
	}
}
