package reports

import (
	"html/template"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// catchSection is the fault × level matrix.
func catchSection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Faults) == 0 {
		return nil
	}
	columns, page := heads(false, append([]string{"fault"}, a.Catch.Levels...)...), heads(false, append([]string{"Fault"}, a.Catch.Levels...)...)
	lines := table{Only: inText | inMarkdown, Columns: columns, Narrow: true, Silent: inText}
	matrix := table{Only: inHTML, Columns: page, Label: "Fault by level", Class: "matrix",
		Caption: "Time from the confirmed effect of the fault to the first expected alert, by level"}
	for i, f := range a.Catch.Faults {
		line, row := texts(f.Fault.ID), []cell{{Text: f.Fault.ID, Link: faultAnchor(i)}}
		for level := range a.Catch.Levels {
			c := cellAt(f, level)
			of := matrixCell(c)
			line = append(line, of)
			if of.Strong, of.Class = true, "state "+string(c.State); c.Diagnosed {
				of.Gloss = append(of.Gloss, "diagnosed")
			}
			row = append(row, of)
		}
		lines.Rows, matrix.Rows = append(lines.Rows, line), append(matrix.Rows, row)
	}
	return []section{{ID: "catch", Heading: "The catch", Blocks: []block{
		lead{Only: inText | inMarkdown, Text: say("time to detect and the first expected alert")},
		lead{Only: inHTML, Text: say("which faults would have been noticed at this level, after how long, and could the cause have been named?")},
		lines,
		matrix,
		standingList(a.Catch),
		picture{statesLegend(statesOf(a.Catch))},
	}}}
}

// standingList tells of the alerts that fire whether or not there is a fault.
func standingList(m *catch.Matrix) list {
	var out list
	for _, s := range m.Standing {
		sign := "!"
		if s.Switch && len(s.Broken) == 0 {
			sign = "-"
		}
		out.Items = append(out.Items, item{Sign: sign, Text: standingStory(s), Hang: 2})
	}
	return out
}

// matrixCell is what a cell of the matrix says: a time or a state, and where there is one the alert.
func matrixCell(c catch.Cell) cell {
	line, alert := cellWords(c)
	out := cell{Sign: stateMark(c.State), Text: line, Note: c.Note}
	if alert != "" {
		out.Gloss = append(out.Gloss, alert)
	}
	return out
}

// statesLegend explains the states that occur in a matrix.
func statesLegend(states []catch.State) template.HTML {
	var b strings.Builder
	b.WriteString(`<ul class="legend" aria-label="Legend of the matrix">`)
	for _, s := range states {
		b.WriteString(`<li><span class="state ` + template.HTMLEscapeString(string(s)) + `"><span class="sign" aria-hidden="true">` + stateMark(s) + `</span> ` +
			template.HTMLEscapeString(string(s)) + `</span> ` + stateMeaning(s) + `</li>`)
	}
	b.WriteString(`</ul>`)
	return template.HTML(b.String()) // #nosec G203 -- it is made of words of ours
}
