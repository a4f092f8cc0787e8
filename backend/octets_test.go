package backend

import "testing"

func TestOctets(t *testing.T) {
	for n, want := range map[int64][2]string{
		0: {"0 octets", "0 octets"}, 999: {"999 octets", "999 octets"}, 1000: {"1.0 kB", "1.0 kB (1000 octets)"},
		999_949: {"999.9 kB", "999.9 kB (999949 octets)"}, 999_950: {"1.0 MB", "1.0 MB (999950 octets)"},
		25 << 20: {"26.2 MB", "26.2 MB (26214400 octets)"}, 3_000_000_000_000: {"3000.0 GB", "3000.0 GB (3000000000000 octets)"},
	} {
		if got := [2]string{Units(n), Octets(n)}; got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
