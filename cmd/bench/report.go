//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// print writes the table of a trial: medians by command, then the ratios of the first command to each base.
func (r *result) print(w io.Writer) {
	rows := [][]string{{
		fmt.Sprintf("%s, %d rounds", r.title, r.rounds), "wall ms", "min-max", "cpu ms", "peak MB",
	}}
	counted := r.countRounds > 0
	if counted {
		rows[0] = append(rows[0], "M instr")
	}
	for _, c := range r.commands {
		wall := r.wall[c.name]
		row := []string{
			c.name, figure(median(wall)), figure(slices.Min(wall)) + "-" + figure(slices.Max(wall)),
			figure(median(r.cpu[c.name])), figure(median(r.memory[c.name])),
		}
		if counted {
			row = append(row, figure(median(r.instructions[c.name])))
		}
		rows = append(rows, row)
	}
	for _, base := range r.bases {
		if _, ok := r.wall[base]; !ok {
			continue
		}
		first := r.commands[0].name
		row := []string{
			first + " / " + base, r.wall.ratio(first, base), "", r.cpu.ratio(first, base), r.memory.ratio(first, base),
		}
		if counted {
			row = append(row, r.instructions.ratio(first, base))
		}
		rows = append(rows, row)
	}
	printAligned(w, rows)
}

// ratio is the median over the rounds of a's figure divided by b's in the same round, so that what slows a
// whole round down counts for neither.
func (s series) ratio(a, b string) string {
	var v []float64
	for i := range s[a] {
		if s[b][i] > 0 {
			v = append(v, s[a][i]/s[b][i])
		}
	}
	return fmt.Sprintf("%.3f", median(v))
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// figure writes three digits that mean something.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// printAligned sets the first column to the left and the others to the right.
func printAligned(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	widths[0] = max(widths[0], 52) // the same in all tables
	for _, row := range rows {
		line := fmt.Sprintf("%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			line += fmt.Sprintf("  %*s", max(widths[i+1], 9), cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	fmt.Fprintln(w)
}

// machine describes what the figures come from.
func machine() string {
	return fmt.Sprintf("%d cores, %s/%s, kernel %s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		firstLine("/proc/sys/kernel/osrelease"), runtime.Version())
}

// load is the load average: much over that of these runs themselves, others were at work, and the wall times
// are worth little.
func load() string {
	f := strings.Fields(firstLine("/proc/loadavg"))
	return "load average " + strings.Join(f[:min(3, len(f))], " ")
}

func firstLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	l, _, _ := strings.Cut(string(b), "\n")
	return l
}
