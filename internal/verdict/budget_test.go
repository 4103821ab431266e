package verdict_test

import (
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

func TestParseBudget(t *testing.T) {
	for _, c := range []struct {
		text     string
		level    string
		metric   string
		limit    float64
		relative bool
	}{
		{"p95 ≤ +5%", "", "p95", 0.05, true},
		{"p95<=+5%", "", "p95", 0.05, true},
		{" cpu <= 10 % ", "", "cpu", 0.1, true},
		{"p99<=+2ms", "", "p99", 0.002, false},
		{"p50<=150us", "", "p50", 150e-6, false},
		{"mean ≤ 1 s", "", "mean", 1, false},
		{"full: bytes <= +200kB", "full", "bytes", 200e3, false},
		{"spans<=7000", "", "spans", 7000, false},
		{"memory<=-1%", "", "memory", -0.01, true}, // must become cheaper
	} {
		b, err := verdict.ParseBudget(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if b.Level != c.level || b.Metric != c.metric || math.Abs(b.Limit-c.limit) > 1e-12 || b.Relative != c.relative {
			t.Errorf("%q: got %+v", c.text, b)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"p95", "want METRIC <= LIMIT"},
		{"p95 >= 5%", "want METRIC <= LIMIT"},
		{"p42<=5%", "want one of mean, p50"},
		{"p95<=+5", "+2ms"},
		{"p95<=5kB", "+2ms"},
		{"spans<=5ms", "or +2"},
		{"cpu<=%", "want per cent"},
		{"cpu<=NaN%", "want per cent"},
		{": cpu<=5%", "no level before the colon"},
	} {
		if _, err := verdict.ParseBudget(c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: error %v, want one that says %s", c.text, err, c.says)
		}
	}
}

func budgets(t *testing.T, texts ...string) []verdict.Budget {
	t.Helper()
	var out []verdict.Budget
	for _, text := range texts {
		b, err := verdict.ParseBudget(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func TestJudge(t *testing.T) {
	s := verdicttest.Default(1)
	s.Catch = false
	d := verdicttest.Build(s)
	for _, c := range []struct {
		name    string
		budgets []string
		outcome verdict.Outcome
		results int
		says    string
	}{
		{"under", []string{"cpu<=+30%"}, verdict.Pass, 3, "all 9 controls hold"},
		{"over at one level", []string{"cpu<=+10%"}, verdict.Fail, 3, "level full: cpu"},
		{"a level's own goes before the common one", []string{"cpu<=+10%", "full: cpu<=+30%"}, verdict.Pass, 3, "all 9"},
		{"on the edge", []string{"metrics: cpu<=+4%"}, verdict.Inconclusive, 1, "does not decide"},
		{"failing outweighs undecided", []string{"metrics: cpu<=+4%", "full: cpu<=+5%"}, verdict.Fail, 2, "over its budget"},
		{"absolute", []string{"full: p50<=+100us"}, verdict.Fail, 1, "full: p50"},
		{"no ratio to nothing", []string{"full: spans<=+10%"}, verdict.Inconclusive, 1, "absolute terms"},
		{"counts", []string{"full: spans<=7500"}, verdict.Pass, 1, "all 9"},
	} {
		a, err := verdict.Judge(d, budgets(t, c.budgets...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if a.Outcome != c.outcome || len(a.Budgets) != c.results || !strings.Contains(a.Reasons[0], c.says) {
			t.Errorf("%s: %s over %d budgets: %q\nwant %s over %d: … %s …", c.name, a.Outcome, len(a.Budgets), a.Reasons, c.outcome, c.results, c.says)
		}
	}
	for _, c := range []struct {
		budgets []string
		says    string
	}{
		{[]string{"cpu<=5%", "cpu<=+10%"}, "keep one"},
		{[]string{"bare: cpu<=5%"}, "want one of metrics, logs, full"},
	} {
		if _, err := verdict.Judge(d, budgets(t, c.budgets...)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: error %v, want one that says %s", c.budgets, err, c.says)
		}
	}
}

// TestBudgetsOfInvalidRun: a run that cannot be believed neither passes nor fails.
func TestBudgetsOfInvalidRun(t *testing.T) {
	s := verdicttest.Default(1)
	s.Catch = false
	d := verdicttest.Build(s)
	d.Slots[0].Telemetry.Refused = 5
	a, err := verdict.Judge(d, budgets(t, "full: cpu<=+1%"))
	if err != nil || a.Outcome != verdict.Invalid {
		t.Errorf("outcome %v, %v, want invalid", a.Outcome, err)
	}
}
