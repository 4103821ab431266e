package reports

import (
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// tollSections are the toll by its main metrics; on the page by all of them.
func tollSections(a *verdict.Analysis) []section {
	base := baselineArm(a)
	metrics, missing := measuredOf(a, mainMetrics(a))
	short := tollTable(a, metrics)
	short.Only = inText | inMarkdown
	change := "change over " + base.Level
	blocks := []block{
		lead{Only: inText, Text: say(change + ", with its " + confidence(a) + " interval; " + same + " means no significant change")},
		lead{Only: inMarkdown, Text: say(change + " with its " + confidence(a) + " interval; ").code(same).say(" means no significant change")},
		lead{Only: inHTML, Text: say("what does each level cost over ").strong(base.Level).say(", with what confidence? Intervals are at " +
			confidence(a) + "; ").strong(same).say(" means no significant change")},
		short,
		para{Only: inText, Text: say("noise floor: the interval of the same level measured twice. " +
			"detectable: a change of this size would have been seen at every level. " + atRest(a))},
	}
	for _, text := range []string{missingWords(a, missing), tollEstimators(a)} {
		if text != "" {
			blocks = append(blocks, para{Only: inText | inMarkdown, Text: say(text)})
		}
	}
	if len(a.Toll) > 0 {
		blocks = append(blocks, picture{rulerLegend(a)}, para{Only: inHTML, Text: numbersLegend(a), Class: "muted"})
	}
	return append([]section{{ID: "toll", Heading: "The toll", Blocks: append(blocks, tollRecords(a))},
		{ID: "steps", Heading: "The toll over the next cheaper level", Only: inCSV, Blocks: []block{stepRecords(a)}}}, numbersSections(a)...)
}

// costSection is what else a level costs; the page has it among all numbers.
func costSection(a *verdict.Analysis) []section {
	blocks := []block{lead{Only: inText, Text: say("what else changes over " + baselineArm(a).Level)}}
	if text := atRest(a); text != "" {
		blocks = append(blocks, para{Only: inMarkdown, Text: say(text)})
	}
	costs, missing := measuredOf(a, costMetrics(a))
	if len(costs) == 0 {
		return nil
	}
	blocks = append(blocks, tollTable(a, costs))
	if text := missingWords(a, missing); text != "" {
		blocks = append(blocks, para{Text: say(text)})
	}
	return []section{{ID: "cost", Heading: "Cost", Only: inText | inMarkdown, Sub: true, Fold: true, Blocks: blocks}}
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
		first = append(first, cell{Text: valueOf(baselineOf(a, m), m)})
		could := unknown
		if !m.InUnit {
			could = detectable(worstDetectable(a, m))
		}
		last = append(last, cell{Text: could})
	}
	out.Rows = append(out.Rows, first)
	for _, t := range a.Toll {
		row := []cell{armCell(t.Arm)}
		for _, m := range metrics {
			row = append(row, cell{Text: tollCell(t, m), Note: effectOf(t, m).Note})
		}
		out.Rows = append(out.Rows, row)
	}
	out.Rows = append(out.Rows, last)
	return out
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

// stepRecords are a line per level and metric: what the level costs over the next cheaper one.
func stepRecords(a *verdict.Analysis) table {
	var records []map[string]any
	for _, s := range a.Steps {
		for _, e := range s.Costs {
			records = append(records, ofMetric(ofEffect(map[string]any{"level": s.To, "over": s.From, "value": e.Value}, e), e.Metric))
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
