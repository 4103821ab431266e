package verdict

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// Budget is the most that a level may cost over the baseline in one metric.
type Budget struct {
	Level    string  // "" for every level
	Metric   string  // Metric.ID
	Limit    float64 // a share when Relative (0.05 is +5 %), else in the metric's unit
	Relative bool
	Text     string // as written
}

// BudgetResult is one budget judged at one level.
type BudgetResult struct {
	Budget   Budget
	Level    string
	Saw      Interval // arm / baseline − 1, or arm − baseline; at the confidence that the whole family of budgets leaves
	Outcome  Outcome  // Pass: Hi under the limit; Fail: Lo over it; else Inconclusive
	Sentence string   // the same in words
}

// ParseBudget reads a budget such as "p95 ≤ +5%", "cpu<=+10%", "p99<=+2ms" or "full: bytes <= +200kB": an optional
// level and colon, a metric, <= or ≤, and a limit in per cent or in a unit of the metric (ns, us, ms, s; B, kB, MB;
// none for counts).
func ParseBudget(text string) (Budget, error) {
	b := Budget{Text: strings.TrimSpace(text)}
	left, limit, found := strings.Cut(strings.ReplaceAll(b.Text, "≤", "<="), "<=")
	if !found {
		return Budget{}, fmt.Errorf("budget %q: want METRIC <= LIMIT, such as p95<=+5%%", text)
	}
	if level, metric, named := strings.Cut(left, ":"); named {
		b.Level, left = strings.TrimSpace(level), metric
		if b.Level == "" {
			return Budget{}, fmt.Errorf("budget %q: no level before the colon; leave the colon away to mean all levels", text)
		}
	}
	b.Metric = strings.TrimSpace(left)
	var ids []string
	for _, m := range metrics("") {
		if ids = append(ids, m.ID); m.ID == b.Metric {
			err := b.parseLimit(strings.TrimSpace(limit), m.Metric)
			return b, err
		}
	}
	return Budget{}, fmt.Errorf("budget %q: unknown metric %q: want one of %s", text, b.Metric, strings.Join(ids, ", "))
}

// ParseBudgets reads several.
func ParseBudgets(texts []string) ([]Budget, error) {
	var budgets []Budget
	for _, text := range texts {
		b, err := ParseBudget(text)
		if err != nil {
			return nil, err
		}
		budgets = append(budgets, b)
	}
	return budgets, nil
}

// unit is a way to write a limit.
type unit struct {
	suffix string
	of     Unit
	factor float64
}

// units are the ways to write a limit, a suffix before those that it ends with.
func units() []unit {
	return []unit{
		{"ns", Seconds, 1e-9}, {"us", Seconds, 1e-6}, {"µs", Seconds, 1e-6}, {"ms", Seconds, 1e-3}, {"s", Seconds, 1},
		{"kB", Bytes, 1e3}, {"MB", Bytes, 1e6}, {"B", Bytes, 1}, {"", Count, 1},
	}
}

func (b *Budget) parseLimit(limit string, m Metric) error {
	factor := 0.0
	number, relative := strings.CutSuffix(limit, "%")
	if relative {
		b.Relative, factor = true, 0.01
	}
	var legal []string
	for _, u := range units() {
		if u.of != m.Unit || relative {
			continue
		}
		legal = append(legal, strings.TrimSpace("+2"+u.suffix))
		if rest, ok := strings.CutSuffix(limit, u.suffix); ok && factor == 0 {
			number, factor = rest, u.factor
		}
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || factor == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return fmt.Errorf("budget %q: limit %q of %s: want per cent, such as +5%%, or %s",
			b.Text, limit, m.ID, strings.Join(legal, ", "))
	}
	b.Limit = value * factor
	return nil
}

// budgetTest is one budget at one arm.
type budgetTest struct {
	budget Budget
	arm    int
}

// budgetKind is what two budgets must not both limit.
type budgetKind struct {
	level, metric string
	relative      bool
}

func (b Budget) kind() budgetKind { return budgetKind{b.Level, b.Metric, b.Relative} }

// CheckBudgets refuses budgets for a level that is not among those above the baseline, and two about the same thing.
func CheckBudgets(budgets []Budget, levels []string) error {
	seen := map[budgetKind]string{}
	for _, b := range budgets {
		if other, twice := seen[b.kind()]; twice {
			return fmt.Errorf("budgets %q and %q are about the same thing: keep one", other, b.Text)
		}
		seen[b.kind()] = b.Text
		if b.Level != "" && !slices.Contains(levels, b.Level) {
			return fmt.Errorf("budget %q: there is no level %q above the baseline: want one of %s",
				b.Text, b.Level, strings.Join(levels, ", "))
		}
	}
	return nil
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

// judge compares every budget with an interval whose confidence is corrected for the number of them (Bonferroni), so
// that the chance of any wrong pass or fail among all stays within 1 − confidence.
func (t *tolls) judge(budgets []Budget, confidence float64) ([]BudgetResult, error) {
	tests, err := t.budgetTests(budgets)
	if err != nil {
		return nil, err
	}
	var out []BudgetResult
	for _, test := range tests {
		metric := t.of(test.budget.Metric)
		if metric < 0 {
			return nil, fmt.Errorf("verdict: budget %q: unknown metric %q", test.budget.Text, test.budget.Metric)
		}
		estimate := t.difference
		if test.budget.Relative {
			estimate = t.ratio
		}
		r := BudgetResult{Budget: test.budget, Level: t.run.Arms[test.arm].Name, Outcome: Inconclusive}
		if !t.known(test.budget.Metric) {
			nan := math.NaN()
			r.Saw = Interval{nan, nan, nan}
			r.Sentence = fmt.Sprintf("level %s: %s could not be read from this system: name its containers, or take the budget back",
				r.Level, test.budget.Metric)
			out = append(out, r)
			continue
		}
		saw := Interval(estimate(metric, test.arm, 1-(1-confidence)/float64(len(tests))).Interval)
		r.Saw = saw
		switch {
		case saw.Hi < test.budget.Limit:
			r.Outcome = Pass
		case saw.Lo > test.budget.Limit:
			r.Outcome = Fail
		}
		r.Sentence = r.sentence(t.metrics[metric].Metric)
		out = append(out, r)
	}
	return out, nil
}

func (r BudgetResult) sentence(m Metric) string {
	scale, unit := 1.0, ""
	switch {
	case r.Budget.Relative:
		scale, unit = 100, " %"
	case m.Unit == Seconds:
		scale, unit = 1000, " ms"
	case m.Unit == Bytes:
		unit = " B"
	}
	saw := fmt.Sprintf("level %s: %s %+.3g%s [%+.3g, %+.3g]",
		r.Level, m.ID, scale*r.Saw.Mid, unit, scale*r.Saw.Lo, scale*r.Saw.Hi)
	switch limit := fmt.Sprintf("%+.3g%s", scale*r.Budget.Limit, unit); {
	case math.IsNaN(r.Saw.Mid) && r.Budget.Relative:
		return fmt.Sprintf("level %s: %s has no ratio to the baseline in this run; set a budget in absolute terms, or run more rounds",
			r.Level, m.ID)
	case math.IsNaN(r.Saw.Mid):
		return fmt.Sprintf("level %s: %s was not measured in this run; run more rounds", r.Level, m.ID)
	case r.Outcome == Pass:
		return saw + " is under its budget of " + limit
	case r.Outcome == Fail:
		return saw + " is over its budget of " + limit
	default:
		return saw + " does not decide on its budget of " + limit + "; run more launches and rounds"
	}
}
