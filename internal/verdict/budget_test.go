package verdict_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
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
		{"capacity >= -5%", "", "capacity", -0.05, true},
		{"full: capacity ≥ -40/s", "full", "capacity", -40, false},
		{"capacity>=-40", "", "capacity", -40, false},
		{"rss<=-1%", "", "rss", -0.01, true},     // must become cheaper
		{"memory<=-1%", "", "rss", -0.01, true},  // as runs have it that were made before
		{"money<=+0.5", "", "money", 0.5, false}, // in whatever currency the run has
		{"idle-cpu<=+90s", "", "idle-cpu", 90, false},
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
		{"p95 >= 5%", "the most that a level may cost: want p95 <= LIMIT"},
		{"capacity <= +5%", "want capacity >= LIMIT"},
		{"capacity >= +5ms", "or -2/s"},
		{"p95 ≥ +10%", "the most that a level may cost"},
		{"p95 = 5%", "want METRIC <= LIMIT"},
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
		{"under", []string{"cpu<=+30%"}, verdict.Pass, 3, "all 10 controls hold"},
		{"over at one level", []string{"cpu<=+10%"}, verdict.Fail, 3, "level full: cpu"},
		{"a level's own goes before the common one", []string{"cpu<=+10%", "full: cpu<=+30%"}, verdict.Pass, 3, "all 10"},
		{"on the edge", []string{"metrics: cpu<=+4%"}, verdict.Inconclusive, 1, "does not decide"},
		{"failing outweighs undecided", []string{"metrics: cpu<=+4%", "full: cpu<=+5%"}, verdict.Fail, 2, "over its budget"},
		{"absolute", []string{"full: p50<=+100us"}, verdict.Fail, 1, "full: p50"},
		{"no ratio to nothing", []string{"full: spans<=+10%"}, verdict.Inconclusive, 1, "absolute terms"},
		{"counts", []string{"full: spans<=7500"}, verdict.Pass, 1, "all 10"},
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
		{[]string{"cpu<=5%", "cpu<=+10%"}, `"cpu<=5%" and "cpu<=+10%" contradict each other: they set two limits for the same thing, cpu of every level: keep one`},
		{[]string{"full: cpu<=5%", "full: p50<=1ms", "full: cpu<=+10%"}, "cpu of full: keep one"},
		{[]string{"full: cpu<=5%", "full: cpu <= +5 %"}, "are the same thing twice: keep one"},
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
	d.Slots[6].Telemetry.Refused = 5
	a, err := verdict.Judge(d, budgets(t, "full: cpu<=+1%"))
	if err != nil || a.Outcome != verdict.Invalid {
		t.Errorf("outcome %v, %v, want invalid", a.Outcome, err)
	}
}

// TestBudgetWithoutInterval: what cannot be judged says why, and what it takes.
func TestBudgetWithoutInterval(t *testing.T) {
	for _, c := range []struct {
		name             string
		launches, rounds int
		budgets          []string
		change           func(*result.Data)
		says             string
	}{
		{"a quantile of too few requests", 2, 7, []string{"full: p99<=+5%"}, nil,
			"level full: p99 was not measured: p99 needs groups of 9 rounds in one launch at this rate"},
		{"too few rounds", 1, 5, []string{"full: cpu<=+5%"}, nil,
			"level full: cpu has too few rounds for an interval at 95 %: 6 rounds of one launch are needed, this run has 5; run as many, or two launches"},
		{"more rounds for more budgets", 1, 6, []string{"cpu<=+5%"}, nil, // of three levels
			"has too few rounds for an interval at 98.3 %: 7 rounds of one launch are needed, this run has 6"},
		{"merged rounds", 1, 10, []string{"full: p95<=+5%"}, nil,
			"level full: p95 has too few rounds for an interval at 95 %: 12 rounds of one launch are needed, this run has 10"},
		{"one value per launch", 1, 8, []string{"full: memory<=+5%"}, nil, "level full: rss has one value per launch, and this run has one launch: run at least two"},
		{"nothing to relate to", 2, 7, []string{"full: spans<=+5%"}, nil, "level full: spans has no ratio to the baseline in this run, since one of the two is not above 0 somewhere; set a budget in absolute terms"},
		{"not read", 2, 7, []string{"full: bytes<=+5kB"}, func(d *result.Data) {
			for i := range d.Slots {
				d.Slots[i].Telemetry = result.Telemetry{}
			}
		}, "level full: bytes could not be read from this system; this run has mean, p50, p90, p95, p99, p99.9, cpu, pipeline-cpu, "},
		{"no round", 2, 0, []string{"full: cpu<=+5%"}, nil, "level full: cpu was not measured: this run has no complete round"},
		{"no toll", 0, 0, []string{"full: cpu<=+5%"}, nil, "level full: cpu was not measured: this run was to measure no toll"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := runOf(1, func(s *verdicttest.Spec) { s.Launches, s.Rounds = c.launches, c.rounds })
			if c.change != nil {
				c.change(d)
			}
			a, err := verdict.Judge(d, budgets(t, c.budgets...))
			if err != nil {
				t.Fatal(err)
			}
			last := a.Budgets[len(a.Budgets)-1]
			if last.Outcome != verdict.Inconclusive || !strings.HasPrefix(last.Sentence, c.says) && !strings.Contains(last.Sentence, c.says) {
				t.Errorf("%s: %s\nwant … %s …", last.Outcome, last.Sentence, c.says)
			}
			if a.Outcome == verdict.Pass {
				t.Errorf("a run that cannot be held to its budget passes: %q", a.Reasons)
			}
		})
	}
	d := runOf(1, func(s *verdicttest.Spec) { s.Launches, s.Rounds = 1, 1 })
	d.Run.Arms = d.Run.Arms[:3]
	if _, err := verdict.Judge(d, budgets(t, "cpu<=+5%")); err == nil || !strings.Contains(err.Error(), "no level above the baseline") {
		t.Errorf("error %v, want that there is no level", err)
	}
}

// TestHolmDecides: a budget that Bonferroni leaves open passes once the other two have passed; it does not when they have
// failed, since a fail says nothing about passing.
func TestHolmDecides(t *testing.T) {
	d := runOf(1, nil)
	judge := func(texts ...string) []verdict.BudgetResult {
		a, err := verdict.Judge(d, budgets(t, texts...))
		if err != nil {
			t.Fatal(err)
		}
		return a.Budgets
	}
	alone := judge("metrics: cpu<=+4%")[0].Saw                                      // at 95 %
	three := judge("metrics: cpu<=+4%", "logs: cpu<=+7%", "full: cpu<=+15%")[0].Saw // at 98.3 %
	if !(three.Lo < alone.Lo && alone.Hi < three.Hi) {
		t.Fatalf("intervals %v and %v, want the second the wider", alone, three)
	}
	above := fmt.Sprintf("metrics: cpu<=%.6f%%", 50*(alone.Hi+three.Hi))
	below := fmt.Sprintf("metrics: cpu<=%.6f%%", 50*(alone.Lo+three.Lo))
	for _, c := range []struct {
		name           string
		budget, others string // of logs and full
		outcome        verdict.Outcome
		passAt, failAt float64
	}{
		{"both others passed", above, "+90%", verdict.Pass, 0.95, 1 - 0.05/3},
		{"both others failed", above, "-90%", verdict.Inconclusive, 1 - 0.05/3, 0.95},
		{"fails once the others have", below, "-90%", verdict.Fail, 1 - 0.05/3, 0.95},
		{"does not fail because others passed", below, "+90%", verdict.Inconclusive, 0.95, 1 - 0.05/3},
	} {
		got := judge(c.budget, "logs: cpu<="+c.others, "full: cpu<="+c.others)
		r := got[0]
		if r.Outcome != c.outcome || math.Abs(r.PassAt-c.passAt) > 1e-9 || math.Abs(r.FailAt-c.failAt) > 1e-9 {
			t.Errorf("%s: %s, pass at %v, fail at %v: %s", c.name, r.Outcome, r.PassAt, r.FailAt, r.Sentence)
		}
		if !strings.Contains(r.Sentence, "lower end at ") || !strings.Contains(got[1].Sentence, "(at 98.3 %)") {
			t.Errorf("%s: the sentences do not say whose ends they show: %s; %s", c.name, r.Sentence, got[1].Sentence)
		}
	}
}
