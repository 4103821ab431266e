package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

// LimitMetric is the metric of the budgets of a sweep. Their limits, and what was seen, are in the unit of the sweep.
const LimitMetric = "detection-limit"

// limitBudgets holds the detection limits of a sweep to its baseline. A level passes if its whole interval is a fault of the
// baseline's size or a smaller one, and fails if the whole interval is a larger fault: its alerts have become blind to faults that they
// noticed. What the sweep could not enclose decides nothing, but for a limit beyond the largest fault that was tried.
func limitBudgets(s *result.Sweep, limits []catch.Limit) []BudgetResult {
	if s == nil {
		return nil
	}
	var out []BudgetResult
	for _, b := range s.Baseline {
		of := sweep.Limit{Size: math.NaN(), Lo: math.Inf(-1), Hi: math.Inf(1), Censored: sweep.Unknown}
		if at := slices.IndexFunc(limits, func(l catch.Limit) bool { return l.Level == b.Level }); at >= 0 {
			of = limits[at].Limit
		}
		out = append(out, limitBudget(s, b, of))
	}
	return out
}

func limitBudget(s *result.Sweep, b result.LevelLimit, l sweep.Limit) BudgetResult {
	sign, least := "<=", false
	if s.Falls {
		sign, least = ">=", true
	}
	wanted := sweep.Text(b.Limit, s.Unit)
	r := BudgetResult{
		Budget: Budget{Level: b.Level, Metric: LimitMetric, Limit: b.Limit, Least: least,
			Text: fmt.Sprintf("%s: %s of %s detected at %s %s", b.Level, s.Param, s.Fault, sign, wanted)},
		Level: b.Level, Saw: Interval{l.Lo, l.Size, l.Hi}, PassAt: sweep.Confidence, FailAt: sweep.Confidence, Outcome: Inconclusive,
	}
	small, large := l.Lo, l.Hi // the ends of the interval, by the fault
	if s.Falls {
		small, large = -l.Hi, -l.Lo
		b.Limit = -b.Limit
	}
	says := "the sweep cannot tell whether that is still so: more repeats, or other sizes, would"
	switch {
	case large <= b.Limit:
		r.Outcome, says = Pass, "that is still so"
	case small > b.Limit, l.Censored == sweep.Above && small >= b.Limit:
		r.Outcome, says = Fail, "faults of that size are no longer noticed"
	}
	r.Sentence = fmt.Sprintf("%s: %s of %s: the detection limit is %s %s; the baseline is %s: %s",
		b.Level, s.Param, s.Fault, catch.LimitWords(s, l), catch.IntervalWords(s, l), wanted, says)
	return r
}
