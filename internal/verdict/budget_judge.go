package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// budgetTest is one budget at one arm.
type budgetTest struct {
	budget Budget
	arm    int
}

// budgetTests spreads budgets over levels. A budget that names a level goes before one that means all, for that level.
func (m *measured) budgetTests(budgets []Budget) ([]budgetTest, error) {
	var levels []string
	for _, a := range m.run.Arms {
		if a.Role == result.RoleLevel {
			levels = append(levels, a.Name)
		}
	}
	if err := CheckBudgets(budgets, levels); err != nil {
		return nil, fmt.Errorf("verdict: %w", err)
	}
	named := map[budgetKind]bool{}
	for _, b := range budgets {
		named[b.kind()] = true
	}
	var tests []budgetTest
	for arm, a := range m.run.Arms {
		if a.Role != result.RoleLevel {
			continue
		}
		for _, b := range budgets {
			if b.Level == a.Name || b.Level == "" && !named[budgetKind{a.Name, b.Metric, b.Relative}] {
				tests = append(tests, budgetTest{b, arm})
			}
		}
	}
	return tests, nil
}

// judge compares every budget with an interval of the cost that it limits, at every look that the run has had: see stats.Family.
// A budget that is decided at a look stays so. The capacity is measured after the toll, so that its budgets are judged at the
// last look only. What this run has no values of is left inconclusive, and is no part of the family.
func (t *tolls) judge(budgets []Budget, c *capacities, confidence float64) ([]BudgetResult, []LookMade, error) {
	tests, err := t.budgetTests(budgets)
	if err != nil {
		return nil, nil, err
	}
	out := make([]BudgetResult, len(tests))
	var open []int // those of the family
	for i, test := range tests {
		nan := math.NaN()
		out[i] = BudgetResult{Budget: test.budget, Level: t.run.Arms[test.arm].Name, Outcome: Inconclusive, Saw: Interval{nan, nan, nan}}
		member, err := t.judged(test, c)
		if err != nil {
			return nil, nil, err
		}
		if member {
			open = append(open, i)
		}
	}
	var made []LookMade
	family, looks := stats.NewFamily(len(open)), t.looks(confidence)
	for n, look := range looks {
		at := newTolls(t.upTo(look.Launches))
		family.Look(1-look.Error, func(i int, passAt, failAt float64) stats.Decision {
			i = open[i]
			estimate := at.estimator(tests[i])
			if tests[i].budget.Metric == CapacityID {
				if c == nil || n < len(looks)-1 {
					return stats.Open
				}
				estimate = c.estimator(tests[i])
			}
			out[i].Launches = look.Launches
			return out[i].hold(estimate, passAt, failAt)
		})
		made = append(made, LookMade{Launches: look.Launches, Confidence: 1 - look.Error, Open: family.Open()})
		for i, test := range tests {
			if out[i].Sentence != "" && out[i].Launches < look.Launches {
				continue // decided before
			}
			if test.budget.Metric == CapacityID {
				out[i].Sentence = sentence(out[i], capacityMetric(), c.unjudged(test.arm, out[i].Saw), "")
				continue
			}
			out[i].Sentence = sentence(out[i], at.metrics[at.of(test.budget.Metric)].Metric, at.unjudged(out[i]), at.after(look))
		}
	}
	if len(t.run.Plan.Looks) < 2 || len(open) == 0 {
		made = nil
	}
	return out, made, nil
}

// judged says whether a budget is one of those that this run can be held to. Capacity budgets are so before the capacity is
// measured, too, if the plan has it: the family must not change between looks.
func (t *tolls) judged(test budgetTest, c *capacities) (bool, error) {
	if test.budget.Metric == CapacityID {
		return c != nil && (len(c.slots) == 0 && t.run.Status == result.Running || c.unjudged(test.arm, Interval(c.estimator(test)(confidence).Interval)) == ""), nil
	}
	metric := t.of(test.budget.Metric)
	if metric < 0 {
		return false, fmt.Errorf("verdict: budget %q: unknown metric %q", test.budget.Text, test.budget.Metric)
	}
	return t.known(test.budget.Metric) && len(slices.Concat(t.series[metric].values[t.baseline]...)) > 0, nil
}

// estimator is the estimate that a budget is held against, at a confidence.
func (t *tolls) estimator(test budgetTest) func(confidence float64) stats.Result {
	estimate := t.difference
	if test.budget.Relative {
		estimate = t.ratio
	}
	return func(confidence float64) stats.Result { return estimate(t.of(test.budget.Metric), test.arm, confidence) }
}

// after says when a budget was judged, where the plan allows more than one look.
func (t *tolls) after(look result.Look) string {
	if len(t.run.Plan.Looks) < 2 {
		return ""
	}
	return fmt.Sprintf(", after %d launches", look.Launches)
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

// sentence says how the budget of a metric came out: unjudged why it could not be judged, "" if it was; after when.
func sentence(r BudgetResult, m Metric, unjudged, after string) string {
	if unjudged != "" {
		return fmt.Sprintf("level %s: %s %s", r.Level, m.ID, unjudged)
	}
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
		return saw + " does not decide on its budget of " + limit + "; run more launches and rounds"
	}
}

// unjudged says why there is no interval to hold against a budget, and what it takes to have one; "" if there is one.
func (t *tolls) unjudged(r BudgetResult) string {
	id := r.Budget.Metric
	series := t.series[t.of(id)]
	values := len(slices.Concat(series.values[t.baseline]...))
	switch {
	case t.run.Plan.Launches == 0:
		return "was not measured: this run was to measure no toll"
	case t.complete() == 0:
		return "was not measured: this run has no complete round"
	case id == "money" && t.run.Prices == nil:
		return "was not measured: the experiment names no prices"
	case strings.HasPrefix(id, "idle-") && t.idle == nil:
		return "was not measured: this run does not know what its arms use at rest (toll.idle)"
	case !t.known(id):
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
		if t.known(m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
