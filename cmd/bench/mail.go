//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A mail is a message in a file, lines ending in LF as programs write them.
type mail struct {
	path string
	wire int64 // its size with CRLF, which is what has to arrive: it lacks no header and has no Bcc
}

const mailHeader = `From: Ann <sender@example.org>
To: Bob <bob@example.net>
Subject: one message of the benchmark
Date: Mon, 02 Nov 2026 09:00:00 +0000
Message-ID: <bench@example.org>

`

// writeMail writes a message of the size given, or one octet more. Every 16th line begins with a dot, as the transparency
// rule wants to be kept at speed too.
func writeMail(path string, size int64) (*mail, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	w.WriteString(mailHeader)
	lines := int64(strings.Count(mailHeader, "\n"))
	text := strings.Repeat("postern ", 8)
	for left := size - int64(len(mailHeader)); left > 0; lines++ {
		start := "line "
		if lines%16 == 0 {
			start = ".dot "
		}
		l := start + text
		l = l[:max(1, min(int64(len(l)), left-1))]
		w.WriteString(l)
		w.WriteByte('\n')
		left -= int64(len(l)) + 1
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &mail{path: path, wire: info.Size() + lines}, f.Close()
}

// parseSize reads a size like 100m: k, m and g stand for powers of 1000.
func parseSize(s string) (int64, error) {
	unit := int64(1)
	digits := s
	if n := len(s) - 1; n >= 0 {
		if i := strings.IndexByte("kmg", s[n]|0x20); i >= 0 {
			digits, unit = s[:n], [...]int64{1e3, 1e6, 1e9}[i]
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > 1<<40/unit {
		return 0, fmt.Errorf("%q is no size like 100m or 1g", s)
	}
	return n * unit, nil
}
