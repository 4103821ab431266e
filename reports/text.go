package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// text is a report for a terminal as it is written: at most 100 columns, or those of a narrower screen, no colour, the same in a log.
type text struct {
	strings.Builder
	notes   *footnotes
	columns int
}

func (t *text) wrap(first, indent, prose string) string { return wrap(t.columns, first, indent, prose) }

func renderText(r *report) ([]byte, error) {
	shown, notes := r.in(inText)
	t := &text{notes: notes, columns: r.columns}
	t.head(r)
	for _, s := range shown {
		t.section(s)
	}
	var files []string
	for _, f := range All() {
		if f.File != "" {
			files = append(files, f.File)
		}
	}
	t.WriteString("\n" + t.wrap("", "  ", "reports of this run, in its directory: "+strings.Join(files, ", ")))
	return []byte(t.String()), nil
}

// Verdict writes the first part of the text report: the verdict with its reasons and the headline; to a Screen that is verbose the
// controls, budgets and waivers in place of the headline.
func Verdict(w io.Writer, a *verdict.Analysis) error {
	return toScreen(renderVerdict, inFull(verdictText))(w, a)
}

func verdictText(r *report) ([]byte, error) {
	r.sections = slices.DeleteFunc(r.sections, func(s section) bool { return !s.Verdict })
	shown, notes := r.in(inText)
	t := &text{notes: notes, columns: r.columns}
	t.head(r)
	for _, s := range shown {
		t.section(s)
	}
	return []byte(t.String()), nil
}

func (t *text) head(r *report) {
	run := r.run
	t.WriteString(t.wrap("", "  ", fmt.Sprintf("run %s: profile %s, environment %s, seed %d", run.ID, run.Profile, run.Environment, run.Seed)))
	t.WriteString(t.wrap("  ", "  ", measured(run, r.load)))
	t.WriteString(t.wrap("  ", "  ", "on "+machineLine(run.Machine)))
	if r.unfinished != "" {
		t.WriteString(t.wrap("  ", "  ", r.unfinished))
	}
	t.WriteString("\n" + t.wrap("", "  ", fmt.Sprintf("verdict: %s %s (%s)", r.ruling.Sign, r.ruling.Title(), r.ruling.Meaning)))
	for _, reason := range r.reasons {
		t.WriteString(t.wrap("  - ", "    ", reason))
	}
}

// section writes the heading, with the lead behind it, and the blocks.
func (t *text) section(s section) {
	head := small(s.Heading)
	for _, b := range s.Blocks {
		if l, ok := b.(lead); ok && head != "" {
			head += ": " + l.Text.plain()
		}
	}
	if head != "" && s.Bare&inText == 0 {
		t.WriteString("\n" + t.wrap("", "", head))
	}
	t.blocks(s.Blocks)
}

func (t *text) blocks(blocks []block) {
	for _, b := range blocks {
		switch b := b.(type) {
		case para:
			t.WriteByte('\n')
			for _, line := range append([]words{b.Text}, b.More...) {
				t.WriteString(t.wrap("", "", line.plain()))
			}
		case table:
			t.table(b)
		case list:
			for _, i := range b.Items {
				t.item(i)
			}
		case facts:
			for _, f := range b.List {
				t.item(item{Text: f.Name + ": " + f.Text})
			}
		case part:
			t.WriteString("\n" + t.wrap("", "  ", b.Name+": "+b.Title))
			t.blocks(b.Blocks)
		case noteList:
			for i, note := range b.Numbered {
				t.item(item{Sign: fmt.Sprintf("[%d]", i+1), Text: note})
			}
			for _, note := range b.General {
				t.item(item{Sign: "-", Text: note})
			}
		}
	}
}

func (t *text) item(i item) {
	first := strings.Repeat(" ", 2+i.Indent)
	if i.Sign != "" {
		first += i.Sign + " "
	}
	t.WriteString(t.wrap(first, strings.Repeat(" ", cellWidth(first)+i.Hang), i.Text+t.notes.mark(i.Note)))
}

func (t *text) table(of table) {
	if len(of.Rows) == 0 {
		return
	}
	var head []string
	for _, c := range of.Columns {
		head = append(head, t.cell(c.Head))
	}
	g := grid{head}
	for _, row := range of.Rows {
		var line []string
		for _, c := range row {
			line = append(line, t.cell(c))
		}
		g = append(g, line)
	}
	t.WriteByte('\n')
	if of.Narrow {
		t.WriteString(g.folded(t.columns, 40, 22, 18, 16))
	} else {
		t.WriteString(g.text(t.columns))
	}
}

// cell is a cell with a line for its text, and one for everything below it.
func (t *text) cell(c cell) string {
	lines := []string{strings.TrimSpace(c.Sign + " " + c.Text)}
	if c.Role != "" {
		lines = append(lines, c.Role)
	}
	lines = append(lines, c.Gloss...)
	if c.Remedy != "" {
		lines = append(lines, "remedy: "+c.Remedy)
	}
	return strings.Join(lines, "\n") + t.notes.mark(c.Note)
}
