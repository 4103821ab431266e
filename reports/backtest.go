package reports

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/catch"
)

// backtestColumns is the width that a backtest keeps to as text.
const backtestColumns = 80

// BacktestFormat is one way to show a backtest.
type BacktestFormat struct {
	Name string // as given to --format
	// Render writes the comparison. The only errors are those of w.
	Render func(w io.Writer, c *backtest.Comparison) error
}

// AllBacktest lists the formats of a backtest, in display order.
func AllBacktest() []BacktestFormat {
	return []BacktestFormat{
		{"text", func(w io.Writer, c *backtest.Comparison) error {
			return atOnce(inLines, func(c *backtest.Comparison) ([]byte, error) {
				return backtestText(c, min(columnsOf(w), backtestColumns)), nil
			})(w, c)
		}},
		{"markdown", atOnce(inLines, backtestMarkdown)},
		{"json", atOnce(inLines, backtestJSON)},
	}
}

// LookupBacktest finds a format of a backtest by name. The error lists the legal names.
func LookupBacktest(name string) (BacktestFormat, error) {
	return named(AllBacktest(), name, " of a backtest", func(f BacktestFormat) string { return f.Name })
}

// backtestReport is a backtest as the formats that are made of sections show it.
func backtestReport(c *backtest.Comparison, columns int) *report {
	r := &report{columns: columns}
	for _, build := range []func(*backtest.Comparison) []section{
		backtestMatrix, backtestCounts, backtestDifferences, backtestSynthetic, backtestCoverage, backtestSampling, backtestNotes,
	} {
		r.sections = append(r.sections, build(c)...)
	}
	return r
}

// backtestHead is what stands above the sections: what it is a backtest of, and what to know of all of it.
func backtestHead(c *backtest.Comparison) (of string, more []string) {
	if c.Second.Matrix == nil {
		return "backtest of run " + c.Run.ID + ": no rules were evaluated", nil
	}
	for _, s := range []backtest.Side{c.First, c.Second} {
		more = append(more, fmt.Sprintf("%s: %s", s.Name, count(len(s.Alerts), "alerting rule")))
	}
	more = append(more, "durations in rules are divided by "+strconv.FormatFloat(c.Run.Lapse, 'g', -1, 64))
	differ, cells := c.Differing()
	return fmt.Sprintf("backtest of run %s: %d passes of faults at %d levels, evaluated again in %s", c.Run.ID, len(c.Rows), len(c.Counts), elapsed(c.Took)),
		append(append(more, historyStory(c.History, c.Run.Lapse)...), fmt.Sprintf("%d of %d cells differ", differ, cells))
}

// backtestText writes a backtest for a terminal.
func backtestText(c *backtest.Comparison, columns int) []byte {
	sections, notes := backtestReport(c, columns).in(inText)
	t := &text{notes: notes, columns: columns}
	of, more := backtestHead(c)
	t.WriteString(t.wrap("", "  ", of))
	for _, line := range more {
		t.WriteString(t.wrap("  ", "    ", line))
	}
	for _, s := range sections {
		t.section(s)
	}
	return []byte(t.String())
}

// backtestMarkdown writes a backtest as GitHub-flavoured Markdown.
func backtestMarkdown(c *backtest.Comparison) ([]byte, error) {
	sections, notes := backtestReport(c, backtestColumns).in(inMarkdown)
	m := &markdownText{notes: notes}
	of, more := backtestHead(c)
	fmt.Fprintf(m, "## tollgate: %s\n", markdown(of))
	for i, line := range more {
		if i == 0 {
			m.WriteString("\n")
		}
		m.WriteString("- " + markdown(line) + "\n")
	}
	for _, s := range sections {
		m.section(s)
	}
	return []byte(m.String()), nil
}

// backtestMatrix is the fault × level matrix of the second side, with the first where it differs.
func backtestMatrix(c *backtest.Comparison) []section {
	columns := heads(false, "fault")
	for _, n := range c.Counts {
		columns = append(columns, column{Head: cell{Text: n.Level}})
	}
	t := table{Columns: columns, Narrow: true}
	for _, row := range c.Rows {
		line := texts(row.Name)
		for _, p := range row.Cells {
			line = append(line, backtestCell(p))
		}
		t.Rows = append(t.Rows, line)
	}
	return []section{{ID: "catch", Heading: "The catch", Blocks: []block{
		lead{Text: say("time to detect and the first expected alert; " + c.First.Name + " → " + c.Second.Name + " where they differ")}, t,
	}}}
}

// backtestCell is a cell of the second side, behind that of the first if what was detected differs, and the false alarms.
func backtestCell(p backtest.Pair) cell {
	short := func(c catch.Cell) string {
		if c.State == catch.Noisy { // its alerts stand below
			return stateMark(c.State) + " " + string(c.State)
		}
		return cellText(c)
	}
	out := cell{Text: short(p.Second)}
	if before := short(p.First); p.Differs && before != out.Text {
		out.Text = before + " → " + out.Text
	}
	for _, alarm := range p.Second.False {
		if slices.Contains(p.First.False, alarm) {
			out.Gloss = append(out.Gloss, stateMark(catch.Noisy)+" "+alarm)
		}
	}
	for _, alarm := range p.New {
		out.Gloss = append(out.Gloss, "+ "+stateMark(catch.Noisy)+" "+alarm)
	}
	for _, alarm := range p.Gone {
		out.Gloss = append(out.Gloss, "- "+stateMark(catch.Noisy)+" "+alarm)
	}
	return syntheticCell(out, p.Second)
}

// backtestCounts is what each level comes to.
func backtestCounts(c *backtest.Comparison) []section {
	t := table{Columns: heads(true, "level", "passes", "detected", "false alarms")}
	for _, n := range c.Counts {
		t.Rows = append(t.Rows, texts(n.Level, strconv.Itoa(n.Passes), moved(n.First.Detected, n.Second.Detected), moved(n.First.False, n.Second.False)))
	}
	return []section{{ID: "counts", Heading: "By level", Blocks: []block{
		lead{Text: say("passes with a confirmed fault, how many of them were detected, and the false alarms in all passes; " + c.First.Name + " → " + c.Second.Name)}, t,
	}}}
}

func moved(before, now int) string {
	if before == now {
		return strconv.Itoa(now)
	}
	return fmt.Sprintf("%d → %d", before, now)
}

// backtestDifferences lists the cells that differ.
func backtestDifferences(c *backtest.Comparison) []section {
	var out list
	for _, row := range c.Rows {
		for _, p := range row.Cells {
			if p.Differs {
				out.Items = append(out.Items, item{Sign: "-", Hang: 2, Text: fmt.Sprintf("%s at %s: %s %s / %s %s",
					row.Name, p.Level, c.First.Name, told(p.First, p.Gone), c.Second.Name, told(p.Second, p.New))})
			}
		}
	}
	return []section{{ID: "differences", Heading: "What differs", Blocks: []block{
		lead{Text: say("in state, first alert, time to detect by more than an evaluation, or false alarms")}, out,
	}}}
}

// told is a cell in words, with the false alarms that the other side does not have.
func told(c catch.Cell, alarms []string) string {
	text := cellText(c)
	switch {
	case c.State == catch.Noisy || len(alarms) == 0:
	case len(alarms) == 1:
		text += " and the false alarm " + alarms[0]
	default:
		text += " and the false alarms " + join(alarms)
	}
	return text
}

// backtestCoverage says what the alerts of the second side were good for.
func backtestCoverage(c *backtest.Comparison) []section {
	of := c.Second.Coverage
	var out list
	tell := func(what string, names []string) {
		if len(names) > 0 {
			out.Items = append(out.Items, item{Sign: "-", Hang: 2, Text: fmt.Sprintf("%s (%d): %s", what, len(names), strings.Join(names, "; "))})
		}
	}
	marked := func(id, now string) string {
		before := c.First.Coverage.Of(id)
		if before == "" || before == now {
			return id
		}
		return fmt.Sprintf("%s (%s: %s)", id, c.First.Name, coverageWords[before])
	}
	var useful, others, never []string
	for _, u := range of.Useful {
		useful = append(useful, marked(u.Alert, "useful"))
	}
	for _, u := range of.Others {
		others = append(others, marked(u.Alert, "other")+" under "+join(u.Faults))
	}
	for _, id := range of.Never {
		never = append(never, marked(id, "never"))
	}
	tell("fired for a fault that expects them", useful)
	tell("fired, and for no fault that expects them", others)
	tell("never fired", never)
	tell("dead man's switches, which always fire", of.Switches)
	return []section{{ID: "coverage", Heading: "The alerts of " + c.Second.Name, Blocks: []block{out}}}
}

// coverageWords tell where an alert stood on the other side.
var coverageWords = map[string]string{
	"useful": "fired for a fault that expects it", "other": "fired for others only", "never": "never fired", "switch": "a dead man's switch",
}

// backtestNotes are what a reader must know.
func backtestNotes(c *backtest.Comparison) []section {
	var out list
	for _, s := range []struct {
		of    string
		notes []string
	}{{"", c.Notes}, {c.First.Name, c.First.Notes}, {c.Second.Name, c.Second.Notes}} {
		for _, note := range s.notes {
			if s.of != "" {
				note = s.of + ": " + note
			}
			out.Items = append(out.Items, item{Sign: "!", Text: note})
		}
	}
	return []section{{ID: "notes", Heading: "Notes", Blocks: []block{out}}}
}
