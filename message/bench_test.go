package message_test

import (
	"io"
	"strings"
	"testing"

	"postern/message"
)

const benchHeader = "From: Ann <ann@example.org>\nTo: Ben <ben@example.org>\nSubject: the figures\nDate: Thu, 1 Jan 1970 00:00:00 +0000\n\n"

// benchBodies are the shapes of text that cost differently to bring into wire form; each is repeated to a size.
var benchBodies = []struct {
	name, line string
	size       int
}{
	{"2KB", strings.Repeat("x", 71) + "\n", 2 << 10},
	{"LF", strings.Repeat("x", 71) + "\n", 64 << 20},
	{"CRLF", strings.Repeat("x", 70) + "\r\n", 64 << 20},
	{"long", strings.Repeat("x", 899) + "\n", 64 << 20},
	{"short", "x\n", 16 << 20},
	{"8bit", strings.Repeat("Gr\xc3\xbc\xc3\x9fe ", 8) + "\n", 64 << 20},
	{"CR", strings.Repeat(strings.Repeat("x", 71)+"\r", 10) + "\n", 64 << 20},
	{"endless", strings.Repeat("x", 1<<16), 64 << 20},
}

// BenchmarkRead is the way of a message from standard input into wire form.
func BenchmarkRead(b *testing.B) {
	for _, c := range benchBodies {
		block := strings.Repeat(c.line, max(1, min(c.size, 1<<16)/len(c.line)))
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for b.Loop() {
				m, err := message.Read(io.MultiReader(strings.NewReader(benchHeader), &endless{block, c.size}), message.ReadOptions{DotEnds: true})
				if err != nil {
					b.Fatal(err)
				}
				m.Close()
			}
		})
	}
}

// BenchmarkOpen reads the wire form back in blocks, as a transport does.
func BenchmarkOpen(b *testing.B) {
	in := &endless{strings.Repeat(benchBodies[1].line, 910), 64 << 20}
	m, err := message.Read(io.MultiReader(strings.NewReader(benchHeader), in), message.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	block := make([]byte, 32<<10)
	b.SetBytes(m.Size())
	b.ReportAllocs()
	for b.Loop() {
		wire, err := m.Open(), error(nil)
		for err == nil {
			_, err = wire.Read(block)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
}
