package reports

import (
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// tollSections are the toll by its main metrics, which the page draws; and there by all metrics.
func tollSections(a *verdict.Analysis) []section {
	base := baselineArm(a)
	short := tollTable(a, mainMetrics(a))
	short.Only = inText | inMarkdown
	change := "change over " + base.Level
	return []section{
		{ID: "toll", Heading: "The toll", Blocks: []block{
			lead{Only: inText, Text: say(change + ", with its " + confidence(a) + " interval; " + same + " means no significant change")},
			lead{Only: inMarkdown, Text: say(change + " with its " + confidence(a) + " interval; ").code(same).say(" means no significant change")},
			lead{Only: inHTML, Text: say("what does each level cost over ").strong(base.Level).say(", with what confidence? Intervals are at " +
				confidence(a) + "; ").strong(same).say(" means no significant change")},
			short,
			para{Only: inText, Text: say("noise floor: the interval of the same level measured twice. " +
				"detectable: a change of this size would have been seen at every level. " + atRest(a))},
			para{Only: inText | inMarkdown, Text: say(tollEstimators(a))},
			tollRecords(a),
		}},
		{ID: "change", Heading: "Change over the baseline", Only: inHTML, Sub: true, Blocks: []block{picture{forests(a)}}},
		{ID: "numbers", Heading: "All numbers", Only: inHTML, Sub: true, Blocks: []block{tollNumbers(a)}},
	}
}

// costSection is what else a level costs; the page has it among all numbers.
func costSection(a *verdict.Analysis) []section {
	blocks := []block{lead{Only: inText, Text: say("what else changes over " + baselineArm(a).Level)}}
	if text := atRest(a); text != "" {
		blocks = append(blocks, para{Only: inMarkdown, Text: say(text)})
	}
	costs := costMetrics(a)
	if len(costs) == 0 {
		return nil
	}
	return []section{{ID: "cost", Heading: "Cost", Only: inText | inMarkdown, Sub: true, Fold: true, Blocks: append(blocks, tollTable(a, costs))}}
}

// distributionsSection is the picture of all latencies.
func distributionsSection(a *verdict.Analysis) []section {
	return []section{{ID: "distributions", Heading: "Latency distributions", Only: inHTML, Sub: true, Blocks: []block{picture{latencies(a)}}}}
}

// tollTable is a table of some metrics over the arms: the baseline's values, the changes of the others, what could have been
// seen. It has no rows without metrics.
func tollTable(a *verdict.Analysis, metrics []verdict.Metric) table {
	if len(metrics) == 0 {
		return table{}
	}
	out := table{Columns: heads(true, "level")}
	base := baselineArm(a)
	first, last := []cell{{Text: base.Name, Role: armNote(base)}}, texts("detectable")
	for _, m := range metrics {
		out.Columns = append(out.Columns, column{Head: cell{Text: head(m)}, Right: true})
		first = append(first, cell{Text: amount(baselineOf(a, m), m.Unit)})
		could := unknown
		if !m.InUnit {
			could = detectable(worstDetectable(a, m))
		}
		last = append(last, cell{Text: could})
	}
	out.Rows = append(out.Rows, first)
	for _, t := range a.Toll {
		row := []cell{{Text: t.Arm.Name, Role: armNote(t.Arm)}}
		for _, m := range metrics {
			row = append(row, cell{Text: tollCell(t, m), Note: effectOf(t, m).Note})
		}
		out.Rows = append(out.Rows, row)
	}
	out.Rows = append(out.Rows, last)
	return out
}

// tollNumbers are all metrics over all arms: the change, its interval, and the arm's own value.
func tollNumbers(a *verdict.Analysis) table {
	base := baselineArm(a)
	caption := say("Change over " + base.Level + ", its interval, and the arm's own value. Detectable: a change of this size would have been seen at every level.")
	for _, text := range []string{atRest(a), tollEstimators(a)} {
		if text != "" {
			caption = caption.say(" " + text)
		}
	}
	out := table{Label: "Toll, all numbers", Class: "numbers", Caption: caption.plain(),
		Columns: []column{{Head: cell{Text: "Metric"}}, {Head: cell{Text: base.Name, Role: armNote(base)}}}}
	for _, t := range a.Toll {
		out.Columns = append(out.Columns, column{Head: cell{Text: t.Arm.Name, Role: armNote(t.Arm)}})
	}
	out.Columns = append(out.Columns, column{Head: cell{Text: "detectable"}})
	for _, m := range metricsOf(a) {
		row := []cell{{Text: m.Title, Role: string(m.Per)}, {Text: amount(baselineOf(a, m), m.Unit)}}
		for _, t := range a.Toll {
			row = append(row, tollNumber(t, m))
		}
		out.Rows = append(out.Rows, append(row, cell{Text: detectable(worstDetectable(a, m))}))
	}
	return out
}

func tollNumber(t verdict.LevelToll, m verdict.Metric) cell {
	e := effectOf(t, m)
	c := cell{Class: "same", Note: e.Note}
	estimate, interval, both := strings.Cut(tollCell(t, m), " [")
	if c.Text = estimate; both {
		c.Gloss = append(c.Gloss, "["+interval)
	}
	c.Gloss = append(c.Gloss, amount(e.Value, m.Unit))
	switch {
	case t.Arm.Role == result.RoleRepeat:
		c.Class = "floor"
	case e.Significant && (e.Diff.Mid > 0) != m.MoreIsBetter: // it costs more
		c.Class = "more"
	case e.Significant:
		c.Class = "less"
	}
	return c
}

// tollRecords are a line per arm and metric.
func tollRecords(a *verdict.Analysis) table {
	var records []map[string]any
	base := baselineArm(a)
	for _, b := range a.Baseline {
		records = append(records, ofMetric(ofArm(map[string]any{"value": b.Value}, base), b.Metric))
	}
	for _, t := range a.Toll {
		for _, e := range t.Effects {
			records = append(records, ofMetric(ofArm(ofEffect(map[string]any{"value": e.Value}, e), t.Arm), e.Metric))
		}
	}
	return recordsOf(records)
}

func ofArm(record map[string]any, arm result.Arm) map[string]any {
	record["arm"], record["role"], record["level"] = arm.Name, arm.Role, arm.Level
	return record
}

func ofMetric(record map[string]any, m verdict.Metric) map[string]any {
	record["metric"], record["unit"], record["per"] = m.ID, string(m.Unit), string(m.Per)
	return record
}

func ofEffect(record map[string]any, e verdict.Effect) map[string]any {
	record["diff"], record["diff_lo"], record["diff_hi"] = e.Diff.Mid, e.Diff.Lo, e.Diff.Hi
	record["ratio"], record["ratio_lo"], record["ratio_hi"] = e.Ratio.Mid, e.Ratio.Lo, e.Ratio.Hi
	record["significant"], record["detectable"], record["rounds"] = e.Significant, e.Detectable, e.Rounds
	return record
}
