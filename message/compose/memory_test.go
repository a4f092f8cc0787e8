package compose

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestMemory: a file of any size costs no memory, whatever encoding it takes.
func TestMemory(t *testing.T) {
	const size = 64 << 20
	for _, name := range []string{"a.bin", "a.txt", "a.eml"} {
		file := filepath.Join(t.TempDir(), name)
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 64<<10)
		for i := range line {
			line[i] = 'a' + byte(i%26)
			if i%70 == 69 {
				line[i] = '\n'
			}
		}
		if name == "a.txt" {
			copy(line[100:], "ü")
		}
		for range size / len(line) {
			if _, err := f.Write(line); err != nil {
				t.Fatal(err)
			}
		}
		f.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := (&Draft{Attachments: []string{file}, Text: FromString("the text", "x\n")}).Compose()
		if err != nil {
			t.Fatal(err)
		}
		counted := &counter{w: io.Discard}
		if err := m.Write(counted); err != nil {
			t.Fatal(err)
		}
		m.Close()
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("%s: %d octets of memory for %d of a message", name, got, counted.n)
		}
		if counted.n < size {
			t.Errorf("%s: %d octets", name, counted.n)
		}
	}
}
