package reports

import (
	"io"
	"math"

	"github.com/tollgate-dev/tollgate/internal/scriptrun"
)

// ScriptFormat is one way to show two runs of a k6 script side by side.
type ScriptFormat struct {
	Name string // as given to --format
	// Render writes the comparison. The only errors are those of w.
	Render func(w io.Writer, c *scriptrun.Comparison) error
}

// AllScript lists the formats of a comparison of two runs of a k6 script, in display order.
func AllScript() []ScriptFormat {
	return []ScriptFormat{
		{"text", func(w io.Writer, c *scriptrun.Comparison) error {
			return atOnce(inLines, func(c *scriptrun.Comparison) ([]byte, error) { return scriptText(c, columnsOf(w)) })(w, c)
		}},
		{"markdown", atOnce(inLines, scriptMarkdown)},
		{"json", atOnce(inLines, scriptJSON)},
	}
}

// LookupScript finds a format of a comparison of two runs of a k6 script by name. The error lists the legal names.
func LookupScript(name string) (ScriptFormat, error) {
	return named(AllScript(), name, " of a comparison of k6 logs or summaries", func(f ScriptFormat) string { return f.Name })
}

func scriptText(c *scriptrun.Comparison, columns int) ([]byte, error) {
	sections, notes := scriptReport(c).in(inText)
	t := &text{notes: notes, columns: columns}
	t.WriteString(t.wrap("", "  ", "two "+c.Of))
	for _, s := range []item{{Text: "A " + c.A.Path + ": " + c.A.Text, Indent: 3}, {Text: "B " + c.B.Path + ": " + c.B.Text, Indent: 3}} {
		t.item(s)
	}
	for _, warning := range c.Warnings {
		t.item(item{Sign: "!", Text: warning})
	}
	for _, s := range sections {
		t.section(s)
	}
	return []byte(t.String()), nil
}

func scriptMarkdown(c *scriptrun.Comparison) ([]byte, error) {
	sections, notes := scriptReport(c).in(inMarkdown)
	m := &markdownText{notes: notes}
	m.WriteString("## tollgate: two " + c.Of + "\n\n")
	for _, warning := range c.Warnings {
		m.WriteString("- **warning**: " + markdown(warning) + "\n")
	}
	m.WriteString("- A " + markdown(c.A.Path+": "+c.A.Text) + "\n- B " + markdown(c.B.Path+": "+c.B.Text) + "\n")
	for _, s := range sections {
		m.section(s)
	}
	return []byte(m.String()), nil
}

// scriptReport is a comparison as sections: a table for each series, and what the intervals hold.
func scriptReport(c *scriptrun.Comparison) *report {
	r := &report{}
	rest := table{Columns: heads(true, "metric", "", "A", "B", "B − A", "")} // series without a number of values
	for _, s := range c.Series {
		if s.NA == 0 {
			for i, row := range scriptRows(s) {
				name := ""
				if i == 0 {
					name = s.Title
				}
				rest.Rows = append(rest.Rows, append(texts(name), row...))
			}
			continue
		}
		t := table{Columns: heads(true, "", "A", "B", "B − A", ""), Rows: scriptRows(s)}
		heading := s.Title + ": " + fixed(float64(s.NA), 0) + " values in A, " + fixed(float64(s.NB), 0) + " in B"
		blocks := []block{t}
		if s.Note != "" {
			blocks = append(blocks, para{Text: say(s.Note)})
		}
		r.sections = append(r.sections, section{ID: "series", Heading: heading, Blocks: blocks})
	}
	r.sections = append(r.sections, section{ID: "metrics", Heading: "one number of each run", Blocks: []block{rest}})
	r.sections = append(r.sections, section{ID: "intervals", Heading: "what the numbers can show", Blocks: []block{para{Text: say(c.Interval)}}})
	return r
}

// scriptRows are the statistics of a series, a row each.
func scriptRows(s scriptrun.Series) (rows [][]cell) {
	for _, stat := range s.Stats {
		decimals := scriptDecimals(stat)
		rows = append(rows, texts(stat.Name, scriptValue(stat.A, s.Unit, decimals), scriptValue(stat.B, s.Unit, decimals),
			scriptDifference(stat, s.Unit, decimals), scriptRatio(stat)))
	}
	return rows
}

// scriptDecimals shows the larger value to three digits, and the interval of the difference to two.
func scriptDecimals(s scriptrun.Stat) int {
	decimals := digits(max(math.Abs(s.A.Mid), math.Abs(s.B.Mid)), 3)
	if s.Known() && s.Difference.Hi > s.Difference.Lo {
		decimals = max(decimals, min(digits(s.Difference.Hi-s.Difference.Lo, 2), 4))
	}
	return decimals
}

// scriptValue is a value with its interval, if it has one.
func scriptValue(iv scriptrun.Interval, unit string, decimals int) string {
	text := fixed(iv.Mid, decimals)
	if iv.Finite() {
		text += " [" + fixed(iv.Lo, decimals) + ", " + fixed(iv.Hi, decimals) + "]"
	}
	if unit != "" {
		text += " " + unit
	}
	return text
}

// scriptDifference is a difference with its interval; ~ before one that includes 0.
func scriptDifference(s scriptrun.Stat, unit string, decimals int) string {
	text := signed(s.Difference.Mid, decimals)
	if s.Known() {
		text += " [" + signed(s.Difference.Lo, decimals) + ", " + signed(s.Difference.Hi, decimals) + "]"
		if !s.Difference.Excludes(0) {
			text = same + " " + text
		}
	}
	if unit != "" {
		text += " " + unit
	}
	return text
}

// scriptRatio is the difference as a share of A's value; nothing where the interval includes 0.
func scriptRatio(s scriptrun.Stat) string {
	if s.A.Mid <= 0 || s.Known() && !s.Difference.Excludes(0) {
		return ""
	}
	share := 100 * s.Difference.Mid / s.A.Mid
	return signed(share, digits(share, 2)) + " %"
}
