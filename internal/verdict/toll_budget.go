package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// judgeable says whether a budget is one of those that this run can be held to.
func (t *tolls) judgeable(test budgetTest) bool {
	i := t.of(test.metric.ID)
	return t.has(t.metrics[i].needs...) && len(slices.Concat(t.series[i].values[t.baseline]...)) > 0
}

// ready is at every look.
func (t *tolls) ready(bool) bool { return true }

// estimator is the estimate that a budget is held against, at a confidence.
func (t *tolls) estimator(test budgetTest) func(confidence float64) stats.Result {
	estimate := t.difference
	if test.budget.Relative {
		estimate = t.ratio
	}
	return func(confidence float64) stats.Result { return estimate(t.of(test.metric.ID), test.arm, confidence) }
}

// after says when a budget was judged, where the plan allows more than one look.
func (t *tolls) after(look result.Look) string {
	if len(t.run.Plan.Looks) < 2 {
		return ""
	}
	return fmt.Sprintf(", after %d launches", look.Launches)
}

// unjudged says why there is no interval to hold against a budget, and what it takes to have one; "" if there is one.
func (t *tolls) unjudged(test budgetTest, r BudgetResult) string {
	i := t.of(test.metric.ID)
	series := t.series[i]
	missing, unknown := t.unmet(t.metrics[i].needs)
	values := len(slices.Concat(series.values[t.baseline]...))
	switch {
	case t.run.Plan.Launches == 0:
		return "was not measured: this run was to measure no toll"
	case t.complete() == 0:
		return "was not measured: this run has no complete round"
	case missing.why != "":
		return missing.why
	case unknown:
		return fmt.Sprintf("could not be read from this system; this run has %s: name its containers where it has some, or take the budget back",
			strings.Join(t.knownMetrics(), ", "))
	case values == 0 && series.note != "":
		return "was not measured: " + series.note
	case values == 0:
		return "was not measured in this run; run more rounds"
	case math.IsNaN(r.Saw.Mid):
		return "has no ratio to the baseline in this run, since one of the two is not above 0 somewhere; set a budget in absolute terms"
	case math.IsInf(r.Saw.Lo, 0) && math.IsInf(r.Saw.Hi, 0) && values == 1:
		return "has one value per launch, and this run has one launch: run at least two launches"
	case math.IsInf(r.Saw.Lo, 0) && math.IsInf(r.Saw.Hi, 0):
		least := stats.SignedRankLeast(min(r.PassAt, r.FailAt))
		return fmt.Sprintf("has too few rounds for an interval at %s: %d rounds of one launch are needed, this run has %d; "+
			"run as many, or two launches", percent(min(r.PassAt, r.FailAt)), least*max(1, series.group), t.complete())
	default:
		return ""
	}
}

// knownMetrics are the metrics that this run could read.
func (t *tolls) knownMetrics() []string {
	var ids []string
	for _, m := range t.metrics {
		if t.has(m.needs...) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
