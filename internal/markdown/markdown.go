// Package markdown prints the tables of the commands that measure tollgate itself.
package markdown

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Table is one table, with the commands that make it again.
type Table struct {
	Title   string
	Command []string // what made it, one line each
	Facts   []string // machine facts, one line per machine
	Notes   []string // below the table: what the columns mean, what is left out
	Header  []string
	Rows    [][]string
}

// Add adds a row, which must have as many cells as the header.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Write prints the table. The error is that of w.
func (t *Table) Write(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "## %s\n\n```\n%s\n```\n\n%s\n\n", t.Title, strings.Join(t.Command, "\n"), strings.Join(t.Facts, "  \n"))
	line := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, cell := range cells {
			escaped[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(escaped, " | "))
	}
	line(t.Header)
	out.WriteString(strings.Repeat("|---", len(t.Header)) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
	out.WriteString("\n")
	for _, note := range t.Notes {
		fmt.Fprintf(&out, "- %s\n", note)
	}
	if len(t.Notes) > 0 {
		out.WriteString("\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// None is printed where there is no number.
const None = "–"

// Number formats a number; None if there is none.
func Number(format string, x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return None
	}
	return fmt.Sprintf(format, x)
}

// Collect applies a function to every element of a slice.
func Collect[T, U any](xs []T, value func(T) U) []U {
	out := make([]U, len(xs))
	for i, x := range xs {
		out[i] = value(x)
	}
	return out
}
