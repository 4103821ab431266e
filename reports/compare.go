package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// CompareFormat is one way to show two runs side by side.
type CompareFormat struct {
	Name string // as given to --format
	// Render writes the comparison. The only errors are those of w.
	Render func(w io.Writer, c *verdict.Comparison) error
}

// AllCompare lists the formats of a comparison, in display order.
func AllCompare() []CompareFormat {
	return []CompareFormat{
		{"text", func(w io.Writer, c *verdict.Comparison) error {
			return atOnce(inLines, func(c *verdict.Comparison) ([]byte, error) { return compareText(c, columnsOf(w)) })(w, c)
		}},
		{"markdown", atOnce(inLines, compareMarkdown)},
		{"json", atOnce(inLines, compareJSON)},
	}
}

// LookupCompare finds a format of a comparison by name. The error lists the legal names.
func LookupCompare(name string) (CompareFormat, error) {
	return named(AllCompare(), name, " of a comparison", func(f CompareFormat) string { return f.Name })
}

// compareText writes a comparison for a terminal, its warnings first.
func compareText(c *verdict.Comparison, columns int) ([]byte, error) {
	sections, notes := comparisonReport(c).in(inText)
	t := &text{notes: notes, columns: columns}
	for i, warning := range c.Warnings {
		if i == 0 {
			t.WriteString(t.wrap("", "  ", "warnings: these runs are not alike in all that matters"))
		}
		t.item(item{Sign: "!", Text: warning})
	}
	if len(c.Warnings) > 0 {
		t.WriteByte('\n')
	}
	for _, s := range sides(c) {
		t.WriteString(t.wrap("", "     ", s.title))
		for _, line := range s.lines {
			t.item(item{Text: line, Indent: 3})
		}
	}
	for _, s := range sections {
		t.section(s)
	}
	return []byte(t.String()), nil
}

// compareMarkdown writes a comparison as GitHub-flavoured Markdown.
func compareMarkdown(c *verdict.Comparison) ([]byte, error) {
	sections, notes := comparisonReport(c).in(inMarkdown)
	m := &markdownText{notes: notes}
	m.WriteString("## tollgate: two runs side by side\n\n")
	for _, warning := range c.Warnings {
		m.WriteString("- **warning**: " + markdown(warning) + "\n")
	}
	for _, s := range sides(c) {
		m.WriteString("- " + markdown(s.title+"; "+strings.Join(s.lines, "; ")) + "\n")
	}
	for _, s := range sections {
		m.section(s)
	}
	return []byte(m.String()), nil
}

// comparisonReport is a comparison as sections.
func comparisonReport(c *verdict.Comparison) *report {
	r := &report{notes: c.Notes}
	for _, build := range []func(*verdict.Comparison) []section{comparedBaselines, comparedTolls, comparedCatch, comparedLegend} {
		r.sections = append(r.sections, build(c)...)
	}
	return r
}

// sideLines is what a comparison says of one run by itself.
type sideLines struct {
	title string
	lines []string
}

func sides(c *verdict.Comparison) []sideLines {
	var out []sideLines
	for _, s := range []struct {
		name string
		verdict.Side
	}{{"A", c.A}, {"B", c.B}} {
		r := s.Run
		controls := "the controls hold"
		switch s.Outcome {
		case verdict.Invalid:
			controls = "invalid: its own report says why"
		case verdict.Inconclusive:
			controls = "inconclusive: its own report says why"
		}
		out = append(out, sideLines{
			fmt.Sprintf("%s: run %s of %s: profile %s, environment %s, seed %d", s.name, r.ID, stamp(r.Started), r.Profile, r.Environment, r.Seed),
			[]string{measured(r, s.Load), "on " + machineLine(r.Machine), controls},
		})
	}
	return out
}

func comparedBaselines(c *verdict.Comparison) []section {
	t := table{Columns: heads(false, "metric", "A", "B")}
	for _, p := range c.Baseline {
		t.Rows = append(t.Rows, texts(head(p.Metric), amount(p.A, p.Metric.Unit), amount(p.B, p.Metric.Unit)))
	}
	return []section{{ID: "baseline", Heading: "the baseline of each run, to be read and not to be compared: the runs were not interleaved", Blocks: []block{t}}}
}

func comparedTolls(c *verdict.Comparison) []section {
	var out []section
	for _, l := range c.Levels {
		t := table{Columns: heads(false, "metric", "A", "B", "B against A")}
		for _, d := range l.Metrics {
			t.Rows = append(t.Rows, append(texts(head(d.Metric), withInterval(d.A), withInterval(d.B)),
				cell{Text: withInterval(differenceEffect(d)), Note: d.Note}))
		}
		out = append(out, section{ID: "toll", Heading: fmt.Sprintf("the toll of %s: change over the baseline of its own run", l.Level), Blocks: []block{t}})
	}
	return out
}

func comparedCatch(c *verdict.Comparison) []section {
	t := table{Columns: heads(false, "fault", "level", "A", "B", "")}
	for _, f := range c.Catch {
		name := f.Name()
		for _, p := range f.Cells {
			t.Rows = append(t.Rows, texts(name, p.Level, cellText(p.A), cellText(p.B), stateChange(p)))
			name = ""
		}
	}
	return []section{{ID: "catch", Heading: "the catch: time to detect and the first expected alert", Blocks: []block{t}}}
}

// comparedLegend explains the tables of the toll, and has the notes.
func comparedLegend(c *verdict.Comparison) []section {
	n := 0
	for _, l := range c.Levels {
		n += len(l.Metrics)
	}
	var legend []block
	if n > 0 {
		legend = append(legend, legendOf(c, n))
	}
	return []section{
		{ID: "legend", Blocks: legend},
		{ID: "notes", Heading: "notes", Bare: inMarkdown, Blocks: []block{noteList{}}},
	}
}

func legendOf(c *verdict.Comparison, n int) para {
	percent := fixed(100*c.Confidence, digits(100*c.Confidence, 2)) + " %"
	return para{Text: say(fmt.Sprintf("B against A: by how much more of its baseline a level costs in B than in A; where there is no ratio, the "+
		"difference of the two changes. Intervals are at %s; those of B against A carry the uncertainty of both runs. %s means that the "+
		"interval includes 0. Each of the %d stands for itself: of 20 that compare equal things, one excludes 0 by chance.", percent, same, n))}
}

// differenceEffect is how two changes differ, as something that is formatted like a change.
func differenceEffect(d verdict.Difference) verdict.Effect {
	return verdict.Effect{Metric: d.Metric, Ratio: d.Ratio, Diff: d.Diff, Significant: d.Significant}
}

// withInterval is an effect with its interval even where that includes 0: what a ~ may hide is the point of a comparison.
func withInterval(e verdict.Effect) string {
	text := effect(e)
	if text == same {
		return same + " " + noise(e)
	}
	return text
}

func cellText(c catch.Cell) string {
	line, alert := cellWords(c)
	return strings.TrimSpace(stateMark(c.State) + " " + line + " " + alert)
}

// stateChange points to a cell whose state differs. Times to detect are no estimates: they have no interval, and no mark.
func stateChange(p verdict.CellPair) string {
	if p.A.State == p.B.State {
		return ""
	}
	return "differs"
}
