package verdict

import (
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// judgeable says whether a budget is one of those that this run can be held to. One of the capacity is so before the capacity
// is measured, too, if the plan has it: the family must not change between looks.
func (c *capacities) judgeable(test budgetTest) bool {
	if c == nil {
		return false
	}
	if len(c.slots) == 0 && c.run.Status == result.Running {
		return true
	}
	return c.unjudged(test, BudgetResult{Saw: Interval(c.estimator(test)(confidence).Interval)}) == ""
}

// ready is only at the last look: the capacity is measured after the toll.
func (c *capacities) ready(last bool) bool { return last }

// estimator is the estimate that a budget is held against, at a confidence.
func (c *capacities) estimator(test budgetTest) func(confidence float64) stats.Result {
	estimate := c.difference
	if test.budget.Relative {
		estimate = c.ratio
	}
	return func(confidence float64) stats.Result { return estimate(test.arm, confidence) }
}

// unjudged says why there is no interval to hold against a budget; "" if there is one.
func (c *capacities) unjudged(test budgetTest, r BudgetResult) string {
	if c == nil {
		return "was not measured in this run: set capacity.launches, or run with --only capacity"
	}
	var whys []string
	for _, a := range append([]int{test.arm}, c.references(test.arm)...) {
		if bound, why := c.bound(a); bound != "" {
			whys = append(whys, why)
		}
	}
	switch {
	case len(whys) > 0:
		return "has no limit to compare: " + strings.Join(whys, "; ")
	case math.IsNaN(r.Saw.Mid):
		return "was not measured: no search came to its end"
	case math.IsInf(r.Saw.Lo, 0) && math.IsInf(r.Saw.Hi, 0):
		return "has one value per launch, and this run has one launch: run at least two launches"
	default:
		return ""
	}
}

// after is nothing: there is one look at the capacity.
func (c *capacities) after(result.Look) string { return "" }
