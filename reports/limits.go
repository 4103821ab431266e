package reports

import (
	"fmt"
	"math"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// limitsSection is the least size of a swept fault that each level detects, beside the trials that it follows from.
func limitsSection(a *verdict.Analysis) []section {
	s := a.Run.Sweep
	if s == nil || len(a.Limits) == 0 || len(s.Sizes) == 0 {
		return nil
	}
	out := table{Only: inText | inMarkdown | inHTML, Columns: heads(true, "level", "limit", interval95()), Label: "Detection limits", Class: "numbers",
		Caption: "Of each size, how many passes were detected and how many there were"}
	for _, size := range s.Sizes {
		out.Columns = append(out.Columns, column{Head: cell{Text: sweep.Text(size, s.Unit)}, Right: true})
	}
	var records []map[string]any
	for _, l := range a.Limits {
		row := []cell{levelCell(l.Level), {Text: catch.LimitWords(s, l.Limit), Note: l.Note}, {Text: catch.IntervalWords(s, l.Limit)}}
		records = append(records, limitRecord(s, l))
		for _, p := range l.Points {
			row = append(row, cell{Text: trialsText(p)})
			records = append(records, trialsRecord(s, l.Level, p))
		}
		out.Rows = append(out.Rows, row)
	}
	text := limitMeaning(s) + fmt.Sprintf("; %s of each size, in an order drawn from the seed", passes(s.Repeats))
	return []section{{ID: "limits", Heading: "Detection limits", Short: true, Blocks: []block{
		lead{Only: inText | inMarkdown, Text: say(text)},
		lead{Only: inHTML, Text: say("from which size on would a fault have been noticed at this level? " + text)},
		picture{limitsFigure(s, a.Limits)},
		out,
		recordsOf(records),
	}}}
}

func interval95() string { return fmt.Sprintf("%g %% interval", 100*sweep.Confidence) }

// limitMeaning says what a limit is, in a clause.
func limitMeaning(s *result.Sweep) string {
	kind := "smallest"
	if s.Falls {
		kind = "largest"
	}
	return fmt.Sprintf("the %s %s at which an expected alert notices %s in %g %% of the passes", kind, s.Param, s.Fault, 100*sweep.Probability)
}

func passes(n int) string {
	if n == 1 {
		return "1 pass"
	}
	return fmt.Sprintf("%d passes", n)
}

// trialsText is how many passes of a size were detected: 2/3; – without any.
func trialsText(p sweep.Point) string {
	if p.Tried == 0 {
		return "–"
	}
	return fmt.Sprintf("%d/%d", p.Detected, p.Tried)
}

// catchRateWords says at which load the faults were injected, in a unit that every arm has.
func catchRateWords(r result.Run, unit string, made verdict.Rate) string {
	if s := r.Sweep; s != nil && s.Param == result.SweptRate && len(s.Sizes) > 0 {
		return sweep.Text(s.Sizes[0], "") + " to " + sweep.Text(s.Sizes[len(s.Sizes)-1], "") + " " + unit
	}
	return rateWords(r.Plan.CatchRate, unit, made)
}

// limitRecord is a limit in the CSV; a number that is not known stays empty.
func limitRecord(s *result.Sweep, l catch.Limit) map[string]any {
	return map[string]any{"level": l.Level, "fault": s.Fault, "metric": verdict.LimitMetric, "unit": s.Unit, "param": s.Param,
		"value": l.Size, "lo": l.Lo, "hi": l.Hi, "censored": l.Censored, "left_out": l.LeftOut}
}

// trialsRecord are the trials of one size.
func trialsRecord(s *result.Sweep, level string, p sweep.Point) map[string]any {
	share := math.NaN()
	if p.Tried > 0 {
		share = float64(p.Detected) / float64(p.Tried)
	}
	return map[string]any{"level": level, "fault": s.Fault, "metric": "detected", "unit": "share", "param": s.Param,
		"size": p.Size, "detected": p.Detected, "tried": p.Tried, "value": share}
}
