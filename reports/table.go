package reports

import (
	"io"
	"slices"
	"strings"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/mattn/go-runewidth"
)

// columns is the width that plain text keeps to where no terminal is narrower.
const columns = 100

// leastColumns is the narrowest width that text is fitted to.
const leastColumns = 20

// Screen is a writer for people: text that is rendered to it keeps to the columns, from 20 to 100, and that of a run to one screen
// unless more is wanted.
type Screen struct {
	io.Writer
	Columns int    // 0: as many as text takes
	Verbose bool   // all of the report of a run
	Dir     string // of the run, for the commands that its report names; "": not known
	Page    string // file of the run's page; "": there is none
}

// screenOf is what is known of the screen that w writes to, its width within bounds.
func screenOf(w io.Writer) Screen {
	s, _ := w.(Screen)
	if s.Columns <= 0 {
		s.Columns = columns
	}
	s.Columns = min(max(s.Columns, leastColumns), columns)
	return s
}

// columnsOf is the width of what is written to w.
func columnsOf(w io.Writer) int { return screenOf(w).Columns }

// grid is a table of plain text. Cells may have several lines. The first row is the head, the first column names
// the rows.
type grid [][]string

// folded lays the grid out with its cells folded as little as lets it stay in one block; if none of the limits does
// that, they stay as they are.
func (g grid) folded(columns int, limits ...int) string {
	for _, limit := range limits {
		if text, blocks := g.layout(columns, limit); blocks == 1 {
			return text
		}
	}
	return g.text(columns)
}

// text lays the grid out with cells of at most 40 characters, or as a list if one does not fit beside the row names.
func (g grid) text(columns int) string {
	text, blocks := g.layout(columns, 40)
	if blocks == 0 {
		return g.list(columns)
	}
	return text
}

// list names each row, and has its cells below it, each behind the head of its column.
func (g grid) list(columns int) string {
	var b strings.Builder
	for _, row := range g[min(1, len(g)):] {
		b.WriteString(wrap(columns, "", "  ", row[0]))
		for c, text := range row[1:] {
			if text != "" {
				b.WriteString(wrap(columns, "  ", "    ", g[0][1+c]+": "+text))
			}
		}
	}
	return b.String()
}

// layout lays the grid out in at most columns characters, cells folded at limit: what does not fit beside the row
// names goes into further blocks below, each with the row names again. It returns the number of blocks, 0 if a column does
// not fit beside the row names.
func (g grid) layout(columns, limit int) (string, int) {
	if len(g) == 0 {
		return "", 0
	}
	cells := make([][][]string, len(g)) // row, column, line
	width := make([]int, len(g[0]))
	for r, row := range g {
		for c := range width {
			var text string
			if c < len(row) {
				text = row[c]
			}
			lines := fold(text, limit)
			if c == 0 {
				lines = fold(text, 22)
			}
			for _, line := range lines {
				width[c] = max(width[c], cellWidth(line))
			}
			cells[r] = append(cells[r], lines)
		}
	}
	if len(width) > 1 && width[0]+2+slices.Max(width[1:]) > columns || width[0] > columns {
		return "", 0
	}
	var b strings.Builder
	blocks := 0
	for from := 1; from == 1 || from < len(width); blocks++ {
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
		from = max(to, 2) // there may be no second column
	}
	return b.String(), blocks
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

// fold breaks text into lines of at most width, at its own line ends, at spaces, behind hyphens, inside names like
// ThisOne, and where nothing else helps anywhere. Long text ends in … after four lines.
func fold(text string, width int) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		var current string
		for _, word := range pieces(line) {
			if len(out) > 4 {
				break
			}
			if cellWidth(strings.TrimRight(current+word, " ")) > width && current != "" {
				out = append(out, strings.TrimRight(current, " "))
				current = ""
			}
			bare := strings.TrimRight(word, " ")
			parts := cut(bare, width, width)
			out = append(out, parts[:len(parts)-1]...)
			current += parts[len(parts)-1] + word[len(bare):]
		}
		out = append(out, strings.TrimRight(current, " "))
	}
	if len(out) > 4 {
		out = append(out[:3], cut(out[3], width-1, width)[0]+"…")
	}
	return out
}

// pieces splits a line behind its spaces and hyphens and before the capitals inside a name.
func pieces(line string) []string {
	var out []string
	start := 0
	lower := func(b byte) bool { return 'a' <= b && b <= 'z' }
	for i := range len(line) - 1 {
		capital := lower(line[i]) && 'A' <= line[i+1] && line[i+1] <= 'Z'
		if line[i] == ' ' || line[i] == '-' || capital {
			out = append(out, line[start:i+1])
			start = i + 1
		}
	}
	return append(out, line[start:])
}

// Wrap breaks prose into lines of at most columns, the first behind first, the others behind indent. A word that is longer than
// a line is broken where the line ends.
func Wrap(columns int, first, indent, prose string) string {
	return wrap(columns, first, indent, prose)
}

// wrap breaks prose into lines of at most columns, the first behind first, the others behind indent.
func wrap(columns int, first, indent, text string) string {
	var b strings.Builder
	b.WriteString(first)
	margin := cellWidth(indent)
	used, blank := cellWidth(first), true
	begin := func() {
		b.WriteString("\n" + indent)
		used, blank = margin, true
	}
	for _, word := range strings.Fields(text) {
		if !blank && used+1+cellWidth(word) > columns {
			begin()
		}
		if !blank {
			b.WriteByte(' ')
			used++
		}
		for i, part := range cut(word, columns-used, columns-margin) {
			if i > 0 {
				begin()
			}
			b.WriteString(part)
			used, blank = used+cellWidth(part), false
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// cellWidth is the number of terminal cells that text takes, by the Unicode tables and not by the locale.
func cellWidth(s string) int { return terminal().StringWidth(s) }

// cut divides text into parts of at most width cells, the first of at most room, and each of at least one character: in one pass, so
// that a long text takes no longer than its parts.
func cut(text string, room, width int) []string {
	var parts []string
	start, used := 0, 0
	for characters := graphemes.FromString(text); characters.Next(); {
		wide := cellWidth(characters.Value())
		if used+wide > room && characters.Start() > start {
			parts = append(parts, text[start:characters.Start()])
			start, used, room = characters.Start(), 0, width
		}
		used += wide
	}
	return append(parts, text[start:])
}

func terminal() *runewidth.Condition { return &runewidth.Condition{} }
