package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/machine"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// table is one markdown table.
type table struct {
	title  string
	header []string
	rows   [][]string
	notes  []string // below the table: what the columns mean, what is left out
}

// add adds a row, which must have as many cells as the header.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// show prints a table with the command that makes it again, and the machine.
func (b *bench) show(t *table) error {
	var out strings.Builder
	m := machine.Here()
	fmt.Fprintf(&out, "## %s\n\n```\nbench-load %s\n```\n\n%s, %d cores, %s, %s %s, %s; %s UTC\n\n", t.title, strings.Join(b.args, " "),
		m.CPU, m.Cores, machine.Size(m.MemoryMiB*machine.MiB), m.OS, m.Kernel, runtime.Version(), time.Now().UTC().Format("2006-01-02 15:04"))
	line := func(cells []string) { fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.header)
	out.WriteString(strings.Repeat("|---", len(t.header)) + "|\n")
	for _, row := range t.rows {
		line(row)
	}
	for i, note := range t.notes {
		if i == 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "- %s\n", note)
	}
	_, err := io.WriteString(b.stdout, out.String()+"\n")
	return err
}

// none is printed where there is no number.
const none = "–"

// number formats a number; none if there is none.
func number(format string, x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return none
	}
	return fmt.Sprintf(format, x)
}

// spread is the median of numbers, and the least and the largest of them.
func spread(format string, xs []float64) string {
	xs = slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	if len(xs) == 0 {
		return none
	}
	mid := fmt.Sprintf(format, stats.Median(xs))
	if len(xs) == 1 {
		return mid
	}
	return fmt.Sprintf("%s [%s, %s]", mid, fmt.Sprintf(format, slices.Min(xs)), fmt.Sprintf(format, slices.Max(xs)))
}

// collect applies a function to every element of a slice.
func collect[T, U any](xs []T, value func(T) U) []U {
	out := make([]U, len(xs))
	for i, x := range xs {
		out[i] = value(x)
	}
	return out
}
