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

// judge compares every budget with an interval of the cost that it limits: see stepDown. What this run has no
// values of is left inconclusive, and is no part of the family.
func (t *tolls) judge(budgets []Budget, confidence float64) ([]BudgetResult, error) {
	tests, err := t.budgetTests(budgets)
	if err != nil {
		return nil, err
	}
	out := make([]BudgetResult, len(tests))
	var open []*BudgetResult
	var estimates []func(confidence float64) stats.Result
	for i, test := range tests {
		metric := t.of(test.budget.Metric)
		if metric < 0 {
			return nil, fmt.Errorf("verdict: budget %q: unknown metric %q", test.budget.Text, test.budget.Metric)
		}
		nan := math.NaN()
		out[i] = BudgetResult{Budget: test.budget, Level: t.run.Arms[test.arm].Name, Outcome: Inconclusive, Saw: Interval{nan, nan, nan}}
		if !t.known(test.budget.Metric) || len(slices.Concat(t.series[metric].values[t.baseline]...)) == 0 {
			continue
		}
		estimate := t.difference
		if test.budget.Relative {
			estimate = t.ratio
		}
		open = append(open, &out[i])
		estimates = append(estimates, func(confidence float64) stats.Result { return estimate(metric, test.arm, confidence) })
	}
	stepDown(len(open), confidence, func(i int, passAt, failAt float64) Outcome {
		r, upper := open[i], estimates[i](passAt)
		lower := upper
		if failAt != passAt {
			lower = estimates[i](failAt)
		}
		r.PassAt, r.FailAt, r.Saw = passAt, failAt, Interval{lower.Lo, upper.Mid, upper.Hi}
		switch {
		case r.Saw.Hi < r.Budget.Limit:
			r.Outcome = Pass
		case r.Saw.Lo > r.Budget.Limit:
			r.Outcome = Fail
		}
		return r.Outcome
	})
	for i := range out {
		out[i].Sentence = t.sentence(out[i])
	}
	return out, nil
}

// stepDown decides on n budgets such that the chance of any wrong pass or any wrong fail among them all stays within 1 −
// confidence, whatever depends on what. That is Holm's procedure, twice: passes are one family of one-sided tests, at half
// of the error rate, and fails another. A family starts from Bonferroni, every interval at 1 − (1 − confidence)/n; each
// pass leaves one fewer to be wrong about, so that the rest may be judged for passing at 1 − (1 − confidence)/(n − passes),
// and so on until nothing more is decided; fails likewise. Passes do not make failing easier, nor the other way round.
//
// Decide is asked about budget i with the confidence of the interval whose upper end must be under the limit (passAt), and
// of the one whose lower end must be over it (failAt), and again only while it answers Inconclusive.
//
// Source: S. Holm: A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
func stepDown(n int, confidence float64, decide func(i int, passAt, failAt float64) Outcome) {
	decided := make([]bool, n)
	passed, failed := 0, 0
	for before := -1; passed+failed > before && passed+failed < n; {
		before = passed + failed
		passAt, failAt := 1-(1-confidence)/float64(n-passed), 1-(1-confidence)/float64(n-failed)
		for i := range n {
			if decided[i] {
				continue
			}
			switch decide(i, passAt, failAt) {
			case Pass:
				decided[i] = true
				passed++
			case Fail:
				decided[i] = true
				failed++
			}
		}
	}
}

// sentence says how a budget came out.
func (t *tolls) sentence(r BudgetResult) string {
	m := t.metrics[t.of(r.Budget.Metric)].Metric
	if why := t.unjudged(r); why != "" {
		return fmt.Sprintf("level %s: %s %s", r.Level, m.ID, why)
	}
	scale, unit := 1.0, ""
	switch {
	case r.Budget.Relative:
		scale, unit = 100, " %"
	case m.Unit == Seconds:
		scale, unit = 1000, " ms"
	case m.Unit == Bytes:
		unit = " B"
	}
	at := "at " + percent(r.PassAt)
	if r.PassAt != r.FailAt {
		at = fmt.Sprintf("lower end at %s, upper at %s", percent(r.FailAt), percent(r.PassAt))
	}
	saw := fmt.Sprintf("level %s: %s %+.3g%s [%+.3g, %+.3g] (%s)", r.Level, m.ID, scale*r.Saw.Mid, unit, scale*r.Saw.Lo, scale*r.Saw.Hi, at)
	switch limit := fmt.Sprintf("%+.3g%s", scale*r.Budget.Limit, unit); r.Outcome {
	case Pass:
		return saw + " is under its budget of " + limit
	case Fail:
		return saw + " is over its budget of " + limit
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
		return "was not measured: this run was to inject faults only"
	case t.complete() == 0:
		return "was not measured: this run has no complete round"
	case !t.known(id):
		return fmt.Sprintf("could not be read from this system; this run has %s: name its containers, or take the budget back",
			strings.Join(t.knownMetrics(), ", "))
	case values == 0 && series.note != "":
		return "was not measured: " + series.note
	case values == 0:
		return "was not measured in this run; run more rounds"
	case math.IsNaN(r.Saw.Mid):
		return "has no ratio to the baseline in this run, which is 0 somewhere; set a budget in absolute terms"
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
