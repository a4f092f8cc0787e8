package backend

import "fmt"

// Units is a number of octets, as people read it.
func Units(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d octets", n)
	}
	size, unit := float64(n)/1000, "kB"
	for _, next := range []string{"MB", "GB"} {
		if size < 999.95 { // which is written as 1000.0
			break
		}
		size, unit = size/1000, next
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}

// Octets is the same with the number itself.
func Octets(n int64) string {
	if n < 1000 {
		return Units(n)
	}
	return fmt.Sprintf("%s (%d octets)", Units(n), n)
}
