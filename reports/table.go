package reports

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// columns is the width that plain text keeps to.
const columns = 100

// grid is a table of plain text. Cells may have several lines. The first row is the head, the first column names
// the rows.
type grid [][]string

// String lays the grid out in at most columns characters: what does not fit beside the row names goes into further
// blocks below, each with the row names again.
func (g grid) String() string {
	if len(g) == 0 {
		return ""
	}
	cells := make([][][]string, len(g)) // row, column, line
	width := make([]int, len(g[0]))
	for r, row := range g {
		for c := range width {
			limit := 40
			if c == 0 {
				limit = 22
			}
			var text string
			if c < len(row) {
				text = row[c]
			}
			lines := fold(text, limit)
			for _, line := range lines {
				width[c] = max(width[c], cellWidth(line))
			}
			cells[r] = append(cells[r], lines)
		}
	}
	var b strings.Builder
	for from := 1; from == 1 || from < len(width); {
		to, used := from, width[0]
		for to < len(width) && (to == from || used+2+width[to] <= columns) {
			used += 2 + width[to]
			to++
		}
		if from > 1 {
			b.WriteByte('\n')
		}
		for _, row := range cells {
			writeRow(&b, row, width, from, to)
		}
		from = to
		if to == 1 { // there is no second column
			break
		}
	}
	return b.String()
}

// writeRow writes the first column and those from (inclusive) to (exclusive), as many lines as the tallest needs.
func writeRow(b *strings.Builder, row [][]string, width []int, from, to int) {
	shown := append([]int{0}, make([]int, 0, to-from)...)
	tall := len(row[0])
	for c := from; c < to; c++ {
		shown = append(shown, c)
		tall = max(tall, len(row[c]))
	}
	for l := range tall {
		var line strings.Builder
		for i, c := range shown {
			if i > 0 {
				line.WriteString("  ")
			}
			var text string
			if l < len(row[c]) {
				text = row[c][l]
			}
			line.WriteString(text + strings.Repeat(" ", width[c]-cellWidth(text)))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// fold breaks text into lines of at most width, at its own line ends, at spaces, behind hyphens, and where nothing
// else helps anywhere. Long text ends in … after four lines.
func fold(text string, width int) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		var current string
		for _, word := range words(line) {
			if cellWidth(strings.TrimRight(current+word, " ")) > width && current != "" {
				out = append(out, strings.TrimRight(current, " "))
				current = ""
			}
			for cellWidth(strings.TrimRight(word, " ")) > width {
				part := truncate(word, width)
				out = append(out, part)
				word = word[len(part):]
			}
			current += word
		}
		out = append(out, strings.TrimRight(current, " "))
	}
	if len(out) > 4 {
		out = append(out[:3], truncate(out[3], width-1)+"…")
	}
	return out
}

// words splits a line behind its spaces and hyphens.
func words(line string) []string {
	var out []string
	start := 0
	for i := range len(line) {
		if line[i] == ' ' || line[i] == '-' {
			out = append(out, line[start:i+1])
			start = i + 1
		}
	}
	return append(out, line[start:])
}

// wrap breaks prose into lines of the text report, the first behind first, the others behind indent.
func wrap(first, indent, text string) string {
	var b strings.Builder
	line, blank := first, true
	for _, word := range strings.Fields(text) {
		for !blank && cellWidth(line+" "+word) > columns {
			b.WriteString(line + "\n")
			line, blank = indent, true
		}
		for room := columns - cellWidth(line); cellWidth(word) > room && blank; room = columns - cellWidth(line) {
			part := truncate(word, room)
			b.WriteString(line + part + "\n")
			line, word = indent, word[len(part):]
		}
		if !blank {
			line += " "
		}
		line, blank = line+word, false
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}

// cellWidth is the number of terminal cells that text takes, by the Unicode tables and not by the locale.
func cellWidth(s string) int { return terminal().StringWidth(s) }

// truncate cuts text to at most width cells, to at least one rune.
func truncate(s string, width int) string {
	cut := terminal().Truncate(s, width, "")
	if cut == "" {
		for i := range s {
			if i > 0 {
				return s[:i]
			}
		}
		return s
	}
	return cut
}

func terminal() *runewidth.Condition { return &runewidth.Condition{} }
