package reports

import (
	"fmt"
	"html/template"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// hopsSection is where the time of an answer goes: what each hop takes by itself, at every level.
func hopsSection(a *verdict.Analysis) []section {
	if len(a.Hops) == 0 {
		return nil
	}
	base := baselineArm(a)
	blocks := []block{lead{Text: say(fmt.Sprintf("what each hop takes by itself, without the hops within it; below the time its change over %s with its %s interval; %s means no significant change",
		base.Level, confidence(a), same))}}
	for i, q := range a.Hops[0].Baseline {
		blocks = append(blocks, hopsTable(a, i, q.Metric.ID))
	}
	doubts := list{Only: inText | inMarkdown | inHTML}
	for _, h := range a.Hops {
		if h.Note != "" {
			doubts.Items = append(doubts.Items, item{Sign: "-", Text: hopName(h) + ": " + h.Note})
		}
	}
	blocks = append(blocks, doubts, para{Only: inText | inMarkdown | inHTML, Class: "muted", Text: say(hopsMeaning(a))})
	var records []map[string]any
	for _, h := range a.Hops {
		records = append(records, hopRecords(a, h)...)
	}
	return []section{{ID: "hops", Heading: "Where the time goes", Sub: true, Fold: true, Blocks: append(blocks, recordsOf(records))}}
}

// outside is the name of what no hop took. No hop can have it: names of hops have no brackets.
const outside = "(outside)"

// hopName is the name of a hop in the reports.
func hopName(h verdict.Hop) string {
	if h.Outside {
		return outside
	}
	return h.Name
}

// hopsMeaning says what the numbers are, and in which answers hops that are not in all had a part.
func hopsMeaning(a *verdict.Analysis) string {
	text := fmt.Sprintf("Times are as the answers to %s tell them. %s is what none of them took: the way between the load generator and the system. ",
		a.Run.Plan.MainStep(), outside)
	var partly []string
	for _, h := range a.Hops {
		if h.Share < 0.995 {
			partly = append(partly, fmt.Sprintf("%s %s %%", hopName(h), fixed(100*h.Share, 0)))
		}
	}
	if len(partly) > 0 {
		text += "Not every answer has every hop (" + join(partly) + "); a hop's time is that of the answers that have it. "
	}
	return text + fmt.Sprintf("Medians and percentiles of parts do not add up to those of the whole. "+
		"Each interval is at %s by itself: among so many, some miss.", confidence(a))
}

// hopsTable has a row for every arm and a column for every hop, for one of the quantiles.
func hopsTable(a *verdict.Analysis, quantile int, name string) table {
	out := table{Only: inText | inMarkdown | inHTML, Columns: heads(true, name), Label: name + " by hop", Class: "numbers bars", Caption: name + " of each hop's own time"}
	base := baselineArm(a)
	first, longest := []cell{{Text: base.Name, Role: armNote(base)}}, hopsLongest(a, quantile)
	for _, h := range a.Hops {
		out.Columns = append(out.Columns, column{Head: cell{Text: hopName(h)}, Right: true})
		of := h.Baseline[quantile]
		first = append(first, cell{Text: amount(of.Value, of.Metric.Unit), SVG: hopBar(of.Value, longest)})
	}
	out.Rows = append(out.Rows, first)
	for i, t := range a.Hops[0].Toll {
		row := []cell{armCell(t.Arm)}
		for _, h := range a.Hops {
			e := h.Toll[i].Effects[quantile]
			row = append(row, cell{Text: amount(e.Value, e.Metric.Unit), Gloss: hopChange(e), Note: e.Note, SVG: hopBar(e.Value, longest)})
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// hopChange is the change of a hop's time over the baseline; none where it is not known.
func hopChange(e verdict.Effect) []string {
	switch {
	case !known(e.Diff.Mid):
		return nil
	case e.Significant:
		return []string{difference(e)}
	}
	return []string{same}
}

// hopsLongest is the longest time of the table, in seconds.
func hopsLongest(a *verdict.Analysis, quantile int) float64 {
	longest := 0.0
	longer := func(x float64) {
		if known(x) {
			longest = max(longest, x)
		}
	}
	for _, h := range a.Hops {
		longer(h.Baseline[quantile].Value)
		for _, t := range h.Toll {
			longer(t.Effects[quantile].Value)
		}
	}
	return longest
}

// hopBar draws a time to the scale of the table.
func hopBar(seconds, longest float64) template.HTML {
	const width, height = 72., 5.
	if !known(seconds) || longest <= 0 {
		return ""
	}
	c := &canvas{w: width, h: height}
	long := width * seconds / longest
	c.box("firing", width-long, 0, long, height)
	c.drawBoxes()
	return c.unnamed()
}

// hopRecords are a line per arm and quantile in the CSV.
func hopRecords(a *verdict.Analysis, h verdict.Hop) []map[string]any {
	of := func(record map[string]any, m verdict.Metric) map[string]any {
		record["item"], record["share"] = hopName(h), h.Share
		return ofMetric(record, m)
	}
	var out []map[string]any
	for _, b := range h.Baseline {
		out = append(out, of(ofArm(map[string]any{"value": b.Value}, baselineArm(a)), b.Metric))
	}
	for _, t := range h.Toll {
		for _, e := range t.Effects {
			out = append(out, of(ofArm(ofEffect(map[string]any{"value": e.Value}, e), t.Arm), e.Metric))
		}
	}
	return out
}
