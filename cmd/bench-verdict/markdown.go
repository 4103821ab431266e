package main

import (
	"fmt"
	"io"
	"strings"
)

// table is one markdown table, with the commands that make it again.
type table struct {
	title   string
	command []string // what made it, one line each
	facts   []string // machine facts, one line per machine
	notes   []string // below the table: what the columns mean, what is left out
	header  []string
	rows    [][]string
}

// add adds a row, which must have as many cells as the header.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table; w keeps its first error.
func (t *table) write(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "## %s\n\n```\n%s\n```\n\n%s\n\n", t.title, strings.Join(t.command, "\n"), strings.Join(t.facts, "  \n"))
	line := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, cell := range cells {
			escaped[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(escaped, " | "))
	}
	line(t.header)
	out.WriteString(strings.Repeat("|---", len(t.header)) + "|\n")
	for _, row := range t.rows {
		line(row)
	}
	out.WriteString("\n")
	for _, note := range t.notes {
		fmt.Fprintf(&out, "- %s\n", note)
	}
	if len(t.notes) > 0 {
		out.WriteString("\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// writeAll prints tables one after the other.
func writeAll(w io.Writer, tables []*table) error {
	for _, t := range tables {
		if err := t.write(w); err != nil {
			return err
		}
	}
	return nil
}
