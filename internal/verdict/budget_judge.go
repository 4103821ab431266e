package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// budgetTest is one budget at one arm.
type budgetTest struct {
	budget Budget
	metric Metric // of the budget
	arm    int
}

// phase is a part of a run that measures metrics which budgets are held to: the toll, or the capacity.
type phase interface {
	judgeable(test budgetTest) bool
	ready(last bool) bool                                            // whether it can be judged at a look; the last one or an earlier
	estimator(test budgetTest) func(confidence float64) stats.Result // the estimate that the budget is held against
	unjudged(test budgetTest, r BudgetResult) string                 // why there is none; "" if there is one
	after(look result.Look) string                                   // when a budget was judged, as the end of a sentence
	more(r BudgetResult) string                                      // what would decide one that is open, likewise
}

// budgetTests spreads budgets on the toll over levels.
func (m *measured) budgetTests(budgets []Budget) ([]budgetTest, error) {
	budgets = slices.DeleteFunc(slices.Clone(budgets), Budget.onCatch)
	all, metrics := kinds(budgets), metricsOf(m.run)
	var tests []budgetTest
	for arm, a := range m.run.Arms {
		if a.Role != result.RoleLevel {
			continue
		}
		for _, b := range budgets {
			if !b.holdsAt(a.Name, all) {
				continue
			}
			at := slices.IndexFunc(metrics, func(m metric) bool { return m.ID == b.Metric })
			if at < 0 {
				return nil, fmt.Errorf("verdict: budget %q: unknown metric %q", b.Text, b.Metric)
			}
			tests = append(tests, budgetTest{b, metrics[at].Metric, arm})
		}
	}
	return tests, nil
}

// judge compares every budget with an interval of the cost that it limits, at every look that the run has had: see stats.Family.
// A budget that is decided at a look stays so. What this run has no values of is left inconclusive, and is no part of the family.
func (t *tolls) judge(budgets []Budget, c *capacities, confidence float64) ([]BudgetResult, []LookMade, error) {
	tests, err := t.budgetTests(budgets)
	if err != nil {
		return nil, nil, err
	}
	of := func(toll *tolls, test budgetTest) phase {
		return map[string]phase{slot.Toll: toll, slot.Capacity: c}[test.metric.Phase]
	}
	out := make([]BudgetResult, len(tests))
	var open []int // those of the family
	for i, test := range tests {
		nan := math.NaN()
		out[i] = BudgetResult{Budget: test.budget, Level: t.run.Arms[test.arm].Name, Outcome: Inconclusive, Saw: Interval{nan, nan, nan}}
		if of(t, test).judgeable(test) {
			open = append(open, i)
		}
	}
	var made []LookMade
	family, looks := stats.NewFamily(len(open)), t.looks(confidence)
	for n, look := range looks {
		at := newTolls(t.upTo(look.Launches))
		for _, counted := range []bool{true, false} {
			if rate(look, counted) == 0 {
				continue
			}
			family.Look(1-rate(look, counted), func(i int, passAt, failAt float64) stats.Decision {
				i = open[i]
				by := of(at, tests[i])
				if tests[i].metric.Counted != counted || !by.ready(n == len(looks)-1) {
					return stats.Open
				}
				out[i].Launches = look.Launches
				return out[i].hold(by.estimator(tests[i]), passAt, failAt)
			})
		}
		made = append(made, LookMade{look.Launches, 1 - look.Error, 1 - rate(look, true), family.Open()})
		for i, test := range tests {
			switch {
			case rate(look, test.metric.Counted) == 0:
				continue // it has its turn at a later look
			case out[i].Sentence != "" && out[i].Launches < look.Launches:
				continue // decided before
			}
			by := of(at, test)
			if unjudged := by.unjudged(test, out[i]); unjudged != "" {
				out[i].Sentence = fmt.Sprintf("level %s: %s %s", out[i].Level, test.metric.ID, unjudged)
				continue
			}
			out[i].Sentence = sentence(out[i], test.metric, by.after(look))
			if out[i].Outcome == Inconclusive {
				out[i].Sentence += "; " + by.more(out[i])
				if n == len(looks)-1 {
					out[i].Decidable = t.decidable(test, by, look)
				}
			}
		}
	}
	if len(t.run.Plan.Looks) < 2 || len(open) == 0 {
		made = nil
	}
	return out, made, nil
}

// decidable is the chance that the last of the planned looks will decide a budget that this one has left open, while the run is going on.
func (m *measured) decidable(test budgetTest, by phase, look result.Look) float64 {
	if m.run.Status != result.Running || len(m.run.Plan.Looks) == 0 {
		return 0
	}
	last := m.run.Plan.Looks[len(m.run.Plan.Looks)-1]
	return stats.Decidable(by.estimator(test)(confidence).Interval, test.budget.Limit, float64(look.Launches)/float64(last.Launches))
}

// hold compares a budget with the intervals at these confidences.
func (r *BudgetResult) hold(estimate func(confidence float64) stats.Result, passAt, failAt float64) stats.Decision {
	r.PassAt, r.FailAt = passAt, failAt
	upper := estimate(r.upperAt())
	lower := upper
	if failAt != passAt {
		lower = estimate(r.lowerAt())
	}
	r.Saw = Interval{lower.Lo, upper.Mid, upper.Hi}
	switch under, over := r.Saw.Hi < r.Budget.Limit, r.Saw.Lo > r.Budget.Limit; {
	case under && !r.Budget.Least, over && r.Budget.Least:
		r.Outcome = Pass
		return stats.Passed
	case under || over:
		r.Outcome = Fail
		return stats.Failed
	default:
		return stats.Open
	}
}

// upperAt is the confidence of the interval whose upper end decides, lowerAt of the one whose lower end does.
func (r *BudgetResult) upperAt() float64 {
	if r.Budget.Least {
		return r.FailAt
	}
	return r.PassAt
}

func (r *BudgetResult) lowerAt() float64 {
	if r.Budget.Least {
		return r.PassAt
	}
	return r.FailAt
}

// sentence says how the budget of a metric came out; after when.
func sentence(r BudgetResult, m Metric, after string) string {
	scale, unit := 1.0, ""
	switch {
	case r.Budget.Relative:
		scale, unit = 100, " %"
	case m.Unit == Seconds:
		scale, unit = 1000, " ms"
	case m.Unit == PerSecond:
		unit = "/s"
	case m.Unit != Count: // bytes and money
		unit = " " + string(m.Unit)
	}
	at := "at " + percent(r.PassAt)
	if r.PassAt != r.FailAt {
		at = fmt.Sprintf("lower end at %s, upper at %s", percent(r.lowerAt()), percent(r.upperAt()))
	}
	at += after
	saw := fmt.Sprintf("level %s: %s %+.3g%s [%+.3g, %+.3g] (%s)", r.Level, m.ID, scale*r.Saw.Mid, unit, scale*r.Saw.Lo, scale*r.Saw.Hi, at)
	good, bad := "under", "over"
	if r.Budget.Least {
		good, bad = bad, good
	}
	switch limit := fmt.Sprintf("%+.3g%s", scale*r.Budget.Limit, unit); r.Outcome {
	case Pass:
		return saw + " is " + good + " its budget of " + limit
	case Fail:
		return saw + " is " + bad + " its budget of " + limit
	default:
		return saw + " does not decide on its budget of " + limit
	}
}
