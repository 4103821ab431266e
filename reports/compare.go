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
			return atOnce(printableComparison, func(c *verdict.Comparison) ([]byte, error) { return compareText(c, columnsOf(w)) })(w, c)
		}},
		{"html", atOnce(printableComparison, compareHTML)},
		{"markdown", atOnce(printableComparison, compareMarkdown)},
		{"json", atOnce(printableComparison, compareJSON)},
		{"csv", atOnce(printableComparison, compareCSV)},
	}
}

// printableComparison is printable for a comparison.
func printableComparison(c *verdict.Comparison) *verdict.Comparison {
	out := inLines(c)
	out.A.Run.Experiment, out.B.Run.Experiment = Printable(c.A.Run.Experiment), Printable(c.B.Run.Experiment)
	return out
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
	for _, sentence := range comparisonHeadline(c) {
		t.WriteString(t.wrap("", "", sentence))
	}
	t.WriteByte('\n')
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
	fmt.Fprintf(m, "## tollgate: two runs side by side\n\n%s\n\n", markdown(strings.Join(comparisonHeadline(c), " ")))
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
	for _, build := range []func(*verdict.Comparison) []section{comparedWords, comparedAnswer, comparedRuns, comparedTolls, comparedHops, comparedCatch, comparedBaselines, comparedLegend} {
		r.sections = append(r.sections, build(c)...)
	}
	return r
}

func comparedBaselines(c *verdict.Comparison) []section {
	t := table{Columns: heads(false, "metric", "A", "B")}
	for _, p := range c.Baseline {
		t.Rows = append(t.Rows, texts(head(p.Metric), amount(p.A, p.Metric.Unit), amount(p.B, p.Metric.Unit)))
	}
	return []section{{ID: "baseline", Heading: "The baseline of each run, to be read and not to be compared: the runs were not interleaved", Blocks: []block{t}}}
}

func comparedTolls(c *verdict.Comparison) []section {
	var out []section
	for i, l := range c.Levels {
		t := table{Only: inText | inMarkdown | inHTML, Columns: heads(false, "metric", "A", "B", "B against A")}
		var records []map[string]any
		for _, d := range l.Metrics {
			e := differenceEffect(d)
			found := cell{Text: withInterval(e), Note: d.Note}
			if found.Class = "same"; e.Significant {
				found.Class = "differs"
			}
			t.Rows = append(t.Rows, append(texts(head(d.Metric), withInterval(d.A), withInterval(d.B)), found))
			for _, side := range comparedSides(d) {
				records = append(records, map[string]any{"level": l.Level, "metric": d.Metric.ID, "unit": string(d.Metric.Unit), "per": string(d.Metric.Per), "run": side.name,
					"diff": side.Diff.Mid, "diff_lo": side.Diff.Lo, "diff_hi": side.Diff.Hi, "ratio": side.Ratio.Mid, "ratio_lo": side.Ratio.Lo, "ratio_hi": side.Ratio.Hi,
					"significant": side.Significant})
			}
		}
		out = append(out, section{ID: fmt.Sprintf("toll-%d", i+1), Heading: fmt.Sprintf("The toll of %s: change over the baseline of its own run", l.Level),
			Blocks: []block{t, recordsOf(records)}})
	}
	return out
}

func comparedCatch(c *verdict.Comparison) []section {
	t := table{Columns: heads(false, "fault", "level", "A", "B", "changed")}
	for _, f := range c.Catch {
		name := f.Name()
		for _, p := range f.Cells {
			row := texts(name, p.Level, cellText(p.A), cellText(p.B), "")
			row[0].Raw = f.Name()
			if p.Changed() {
				row[4] = cell{Sign: "≠", Text: cellChange(p), Class: "differs"}
			}
			t.Rows = append(t.Rows, row)
			name = ""
		}
	}
	return []section{{ID: "catch", Heading: "The catch: time to detect and the first expected alert", Blocks: []block{t}}}
}

// comparedLegend explains the tables of the toll, and has the notes.
func comparedLegend(c *verdict.Comparison) []section {
	var legend []block
	if _, n := c.Differing(); n > 0 {
		legend = append(legend, legendOf(c, n))
	}
	return []section{
		{ID: "legend", Heading: "How to read it", Bare: inText | inMarkdown, Blocks: legend},
		{ID: "notes", Heading: "Notes", Bare: inMarkdown, Blocks: []block{noteList{}}},
	}
}

func confidenceOf(c *verdict.Comparison) string {
	return fixed(100*c.Confidence, digits(100*c.Confidence, 2)) + " %"
}

func legendOf(c *verdict.Comparison, n int) para {
	return para{Text: say(fmt.Sprintf("B against A: by how much more of its baseline a level costs in B than in A; where there is no ratio, the "+
		"difference of the two changes. Intervals are at %s; those of B against A carry the uncertainty of both runs. %s means that the "+
		"interval includes 0. Each of the %d stands for itself: of 20 that compare equal things, one excludes 0 by chance.", confidenceOf(c), same, n))}
}

// differenceEffect is how two changes differ, as something that is formatted like a change.
func differenceEffect(d verdict.Difference) verdict.Effect {
	return verdict.Effect{Metric: d.Metric, Ratio: d.Ratio, Diff: d.Diff, Significant: d.Significant}
}

// comparedSide is one side of a difference, or the difference itself, as the CSV names it.
type comparedSide struct {
	name string
	verdict.Effect
}

func comparedSides(d verdict.Difference) []comparedSide {
	return []comparedSide{{"a", d.A}, {"b", d.B}, {"b against a", differenceEffect(d)}}
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
