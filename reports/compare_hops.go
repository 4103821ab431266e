package reports

import (
	"fmt"
	"math"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// comparedHops is where the time goes in both runs: by how much longer each hop takes at a level than at the baseline of its own run.
func comparedHops(c *verdict.Comparison) []section {
	if len(c.Hops) == 0 {
		return nil
	}
	blocks := []block{lead{Text: say("by how much longer than at the baseline of its own run each hop takes by itself, without the hops within it")}}
	for i, l := range c.Hops[0].Levels {
		t := table{Only: inText | inMarkdown | inHTML, Columns: heads(false, l.Level, "A", "B", "B against A"), Label: "hops at " + l.Level, Caption: "at " + l.Level}
		for _, h := range c.Hops {
			for _, d := range h.Levels[i].Metrics {
				e := differenceEffect(d)
				found := cell{Text: longer(e), Note: d.Note, Class: "same"}
				if e.Significant {
					found.Class = "differs"
				}
				t.Rows = append(t.Rows, append(texts(comparedHopName(h)+" "+d.Metric.ID, longer(d.A), longer(d.B)), found))
			}
		}
		blocks = append(blocks, t)
	}
	doubts := list{Only: inText | inMarkdown | inHTML}
	for _, h := range c.Hops {
		if h.Note != "" {
			doubts.Items = append(doubts.Items, item{Sign: "-", Text: comparedHopName(h) + ": " + h.Note})
		}
	}
	blocks = append(blocks, doubts, para{Only: inText | inMarkdown | inHTML, Class: "muted", Text: say(fmt.Sprintf("%s is what no hop took. "+
		"Each interval is at %s by itself: among so many, some miss. Medians and percentiles of parts do not add up to those of the whole.",
		outside, confidenceOf(c)))})
	return []section{{ID: "hops", Heading: "Where the time goes", Fold: true, Blocks: append(blocks, recordsOf(comparedHopRecords(c)))}}
}

func comparedHopName(h verdict.HopDifference) string {
	return hopName(verdict.Hop{Name: h.Name, Outside: h.Outside})
}

// longer is a change of a time with its interval, even where that includes 0.
func longer(e verdict.Effect) string {
	if e.Significant || !known(e.Diff.Mid) {
		return difference(e)
	}
	nan := math.NaN()
	e.Ratio = verdict.Interval{Lo: nan, Mid: nan, Hi: nan}
	return same + " " + noise(e)
}

// comparedHopRecords are three lines per level, hop and quantile in the CSV.
func comparedHopRecords(c *verdict.Comparison) []map[string]any {
	var out []map[string]any
	for _, h := range c.Hops {
		for _, l := range h.Levels {
			for _, d := range l.Metrics {
				for _, side := range comparedSides(d) {
					out = append(out, ofMetric(map[string]any{"level": l.Level, "item": comparedHopName(h), "run": side.name,
						"diff": side.Diff.Mid, "diff_lo": side.Diff.Lo, "diff_hi": side.Diff.Hi, "ratio": side.Ratio.Mid, "ratio_lo": side.Ratio.Lo,
						"ratio_hi": side.Ratio.Hi, "significant": side.Significant}, d.Metric))
				}
			}
		}
	}
	return out
}
