package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// numbersSections are all metrics over all arms for the page, one table each: by what they are about, and in a group those first whose
// changes are farthest from the noise. Metrics that no level changes are folded.
func numbersSections(a *verdict.Analysis) []section {
	measured, missing := measuredOf(a, metricsOf(a))
	var out []section
	var unchanged []verdict.Metric
	for _, group := range groupsOf(measured) {
		var blocks []block
		for _, m := range byFloor(a, group.metrics) {
			if !changes(a, m) {
				unchanged = append(unchanged, m)
				continue
			}
			blocks = append(blocks, numberTable(a, m))
		}
		out = append(out, section{ID: fmt.Sprintf("numbers-%d", len(out)+1), Heading: group.name, Only: inHTML, Sub: true, Blocks: blocks})
	}
	if len(unchanged) > 0 {
		fold := folded{Summary: say(count(len(unchanged), "metric") + " without a significant change at any level: " + join(headsOf(unchanged)))}
		for _, m := range unchanged {
			fold.Blocks = append(fold.Blocks, numberTable(a, m))
		}
		out = append(out, section{ID: "unchanged", Heading: "No change to tell", Only: inHTML, Sub: true, Blocks: []block{fold}})
	}
	if text := missingWords(a, missing); text != "" {
		out = append(out, section{ID: "missing", Heading: "What this run cannot tell", Only: inHTML, Sub: true, Blocks: []block{para{Text: say(text)}}})
	}
	return out
}

// metricGroup are metrics that are about one thing.
type metricGroup struct {
	name    string
	metrics []verdict.Metric
}

// groupsOf puts metrics together that are about one thing, in the order of the first of each.
func groupsOf(metrics []verdict.Metric) []metricGroup {
	var out []metricGroup
	for _, m := range metrics {
		at := slices.IndexFunc(out, func(g metricGroup) bool { return g.name == m.Group })
		if at < 0 {
			at = len(out)
			out = append(out, metricGroup{name: m.Group})
		}
		out[at].metrics = append(out[at].metrics, m)
	}
	return out
}

// byFloor sorts metrics by the largest change of a level, in noise floors; those of which that is not known come last.
func byFloor(a *verdict.Analysis, metrics []verdict.Metric) []verdict.Metric {
	largest := func(m verdict.Metric) float64 {
		most := math.Inf(-1)
		for _, t := range a.Toll {
			if x := a.OverFloor(effectOf(t, m)); t.Arm.Role == result.RoleLevel && x > most {
				most = x
			}
		}
		return most
	}
	out := slices.Clone(metrics)
	slices.SortStableFunc(out, func(x, y verdict.Metric) int { return cmp.Compare(largest(y), largest(x)) })
	return out
}

// changes says that some level changes a metric significantly.
func changes(a *verdict.Analysis, m verdict.Metric) bool {
	return slices.ContainsFunc(a.Toll, func(t verdict.LevelToll) bool { return t.Arm.Role == result.RoleLevel && effectOf(t, m).Significant })
}

func headsOf(metrics []verdict.Metric) []string {
	var out []string
	for _, m := range metrics {
		out = append(out, head(m))
	}
	return out
}

// numberTable is one metric at every arm: its value, its change over the baseline with the interval, both on one axis with the noise
// floor and the budget, what could have been seen, and the change over the next cheaper level.
func numberTable(a *verdict.Analysis, m verdict.Metric) table {
	base, r := baselineArm(a), rulerOf(a, m)
	out := table{Label: m.Title, Class: "numbers ruled", Caption: numberCaption(a, m), Columns: []column{
		{Head: cell{Text: "Level"}}, {Head: cell{Text: "Value"}}, {Head: cell{Text: "Over " + base.Level}},
		{Head: cell{Text: "On one axis", SVG: r.scale()}}, {Head: cell{Text: "Detectable"}}}}
	limited := slices.ContainsFunc(a.Budgets, func(b verdict.BudgetResult) bool { return b.Budget.Metric == m.ID })
	if limited {
		out.Columns = append(out.Columns, column{Head: cell{Text: "Budget"}})
	}
	if len(a.Steps) > 0 {
		out.Columns = append(out.Columns, column{Head: cell{Text: "Over the next cheaper level"}})
	}
	out.Rows = append(out.Rows, []cell{armCell(base), {Text: valueOf(baselineOf(a, m), m)}})
	for _, t := range a.Toll {
		e := effectOf(t, m)
		change := effectCell(tollCell(t, m), e)
		if t.Arm.Role == result.RoleRepeat {
			change.Class = "floor"
		}
		could := cell{Text: detectable(e.Detectable), Class: "same"}
		if m.InUnit {
			could.Text = unknown
		}
		row := []cell{armCell(t.Arm), {Text: valueOf(e.Value, m)}, change, {SVG: r.strip(a, t), Class: "strip"}, could}
		if limited {
			row = append(row, limitCell(a, t, m))
		}
		if len(a.Steps) > 0 {
			row = append(row, stepCell(a, t, m))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// numberCaption names a metric, and the noise floor of its changes.
func numberCaption(a *verdict.Analysis, m verdict.Metric) string {
	text := m.Title
	if m.Per != "" {
		text += ", " + string(m.Per)
	}
	for _, t := range a.Toll {
		if t.Arm.Role == result.RoleRepeat {
			text += "; noise floor " + tollCell(t, m)
		}
	}
	return text
}

// limitCell is the budget that a level is held to in a metric, and how it came out.
func limitCell(a *verdict.Analysis, t verdict.LevelToll, m verdict.Metric) cell {
	var out cell
	for _, b := range a.Budgets {
		if b.Budget.Metric != m.ID || b.Level != t.Arm.Name {
			continue
		}
		text := limitWords(b.Budget, m)
		if out.Text == "" {
			out = cell{Sign: outcomeMark(b.Outcome), Text: text, Class: "outcome " + string(b.Outcome)}
			continue
		}
		out.Gloss = append(out.Gloss, outcomeMark(b.Outcome)+" "+text) // one in per cent, one in the unit
	}
	return out
}

// limitWords are the limit of a budget: "≤ +20 %".
func limitWords(b verdict.Budget, m verdict.Metric) string {
	sign := "≤ "
	if b.Least {
		sign = "≥ "
	}
	if b.Relative {
		return sign + signed(100*b.Limit, digits(100*b.Limit, 2)) + " %"
	}
	s := scaleOf(b.Limit, m.Unit)
	return sign + signed(b.Limit/s.size, digits(b.Limit/s.size, 2)) + s.suffix
}

// stepCell is what a level costs over the next cheaper one.
func stepCell(a *verdict.Analysis, t verdict.LevelToll, m verdict.Metric) cell {
	if t.Arm.Role != result.RoleLevel {
		return cell{}
	}
	for _, s := range a.Steps {
		if s.To != t.Arm.Level {
			continue
		}
		e := effectOf(verdict.LevelToll{Effects: s.Costs}, m)
		out := effectCell(costCell(e), e)
		out.Note = "" // that of the change over the baseline
		out.Gloss = append([]string{"over " + s.From}, out.Gloss...)
		return out
	}
	return cell{Text: "the cheapest", Class: "same"}
}

// numbersLegend explains the tables.
func numbersLegend(a *verdict.Analysis) words {
	text := "Value is the arm's own. Detectable: a change of this size would have been seen at that level. "
	if len(a.Steps) > 0 {
		text += "Which level is cheaper is told by CPU, where that is known of all levels. "
	}
	return say(text + strings.Join(slices.DeleteFunc([]string{atRest(a), tollEstimators(a)}, func(s string) bool { return s == "" }), " "))
}
