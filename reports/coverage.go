package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// coverageSection is which alerts fired at all, and for what.
func coverageSection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Coverage) == 0 {
		return nil
	}
	lines := list{Only: inText | inMarkdown | inHTML, Items: []item{{Only: inText | inMarkdown, Text: coverageStory(a.Catch.Coverage), Hang: 2}}}
	page := table{Only: inHTML, Columns: heads(false, "Alert", "Fired for", "Fired for others", "Did not fire for"), Label: "Alerts",
		Caption: "What made each alert fire, at any level"}
	var records []map[string]any
	var others, never []string
	for _, c := range a.Catch.Coverage {
		switch {
		case c.Never():
			never = append(never, coverageName(c))
		case len(c.For) == 0:
			others = append(others, fmt.Sprintf("%s (%s)", c.Alert, strings.Join(c.Other, ", ")))
		}
		page.Rows = append(page.Rows, coverageRow(c))
		records = append(records, map[string]any{"metric": "alert_coverage", "alert": c.Alert, "state": coverageWord(c), "fault": strings.Join(c.For, " "),
			"also": strings.Join(c.Other, " ")})
	}
	if len(others) > 0 {
		lines.Items = append(lines.Items, item{Sign: stateMark(catch.Noisy), Text: "fired for other faults only: " + strings.Join(others, ", "), Hang: 2})
	}
	if len(never) > 0 {
		lines.Items = append(lines.Items, item{Sign: "-", Text: "never fired: " + strings.Join(never, ", "), Hang: 2})
	}
	return []section{{ID: "fired", Heading: "Which alerts fired", Last: true, Blocks: []block{
		lead{Text: say("which of the alert rules have been seen firing, and for what")},
		para{Only: inHTML, Text: say(coverageStory(a.Catch.Coverage))}, lines,
		folded{Summary: say("Alert by alert"), Blocks: []block{page}}, recordsOf(records),
	}}}
}

// coverageStory counts the alerts by what made them fire.
func coverageStory(all []catch.Coverage) string {
	var fired, never int
	for _, c := range all {
		if len(c.For) > 0 {
			fired++
		}
		if c.Never() {
			never++
		}
	}
	n := len(all)
	return fmt.Sprintf("%d of %d alerts fired for a fault that should fire them, %d for others only, and %d never fired", fired, n, n-fired-never, never)
}

// coverageName is an alert that did not fire, with what is known of the reason.
func coverageName(c catch.Coverage) string {
	switch {
	case c.Why != "":
		return c.Alert + " (cannot: " + c.Why + ")"
	case len(c.Tried) > 0:
		return c.Alert + " (not for " + strings.Join(c.Tried, ", ") + ")"
	default:
		return c.Alert
	}
}

func coverageRow(c catch.Coverage) []cell {
	const none = "–"
	row := texts(c.Alert, none, none, none)
	for i, names := range [][]string{c.For, c.Other, silentFor(c)} {
		if len(names) > 0 {
			row[i+1].Text = strings.Join(names, ", ")
		}
	}
	if c.Never() {
		row[0].Sign = stateMark(catch.Missed)
		if c.Why != "" {
			row[0].Note = c.Alert + " cannot fire here: " + c.Why
		}
	}
	return row
}

// silentFor are the faults that should have fired an alert, had their effect, and did not.
func silentFor(c catch.Coverage) []string {
	var out []string
	for _, fault := range c.Tried {
		if !slices.Contains(c.For, fault) {
			out = append(out, fault)
		}
	}
	return out
}

// coverageWord is the outcome in one word, for other programs.
func coverageWord(c catch.Coverage) string {
	switch {
	case c.Never():
		return "never"
	case len(c.For) == 0:
		return "others"
	default:
		return "fired"
	}
}
