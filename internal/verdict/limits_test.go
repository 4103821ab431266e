package verdict

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

func TestLimitBudgets(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	rising := &result.Sweep{Fault: "f", Param: "share", Unit: "share", Sizes: []float64{0.01, 0.1, 0.5}, Repeats: 3}
	falling := &result.Sweep{Fault: "f", Param: "bytes", Unit: "B", Falls: true, Sizes: []float64{50000, 5000, 500}, Repeats: 3}
	for _, c := range []struct {
		name     string
		s        *result.Sweep
		baseline float64
		limit    sweep.Limit
		want     Outcome
		says     string
	}{
		{"better", rising, 0.1, sweep.Limit{Size: 0.04, Lo: 0.02, Hi: 0.08}, Pass, "the detection limit is 4 % [2 %, 8 %]; the baseline is 10 %: that is still so"},
		{"as it was", rising, 0.1, sweep.Limit{Size: 0.04, Lo: 0.02, Hi: 0.1}, Pass, "still so"},
		{"across", rising, 0.1, sweep.Limit{Size: 0.04, Lo: 0.02, Hi: 0.2}, Inconclusive, "cannot tell"},
		{"blind", rising, 0.1, sweep.Limit{Size: 0.3, Lo: 0.12, Hi: 0.4}, Fail, "no longer noticed"},
		{"all detected", rising, 0.1, sweep.Limit{Size: nan, Lo: -inf, Hi: 0.02, Censored: sweep.Below}, Pass, "≤ 1 % [up to 2 %]"},
		{"none detected", rising, 0.1, sweep.Limit{Size: nan, Lo: 0.4, Hi: inf, Censored: sweep.Above}, Fail, "> 50 % [from 40 % on]"},
		{"none detected, of the largest", rising, 0.5, sweep.Limit{Size: nan, Lo: 0.5, Hi: inf, Censored: sweep.Above}, Fail, "no longer noticed"},
		{"none detected of too few", rising, 0.5, sweep.Limit{Size: nan, Lo: 0.3, Hi: inf, Censored: sweep.Above}, Inconclusive, "cannot tell"},
		{"open", rising, 0.1, sweep.Limit{Size: nan, Lo: -inf, Hi: inf, Censored: sweep.Unknown}, Inconclusive, "unknown [open]"},
		// The fault grows as the number falls.
		{"falls, better", falling, 2000, sweep.Limit{Size: 4000, Lo: 3000, Hi: 6000}, Pass, "still so"},
		{"falls, blind", falling, 2000, sweep.Limit{Size: 900, Lo: 700, Hi: 1500}, Fail, "no longer noticed"},
		{"falls, across", falling, 2000, sweep.Limit{Size: 2100, Lo: 1000, Hi: 6000}, Inconclusive, "cannot tell"},
		{"falls, all detected", falling, 2000, sweep.Limit{Size: nan, Lo: 40000, Hi: inf, Censored: sweep.Below}, Pass, "still so"},
		{"falls, none detected", falling, 500, sweep.Limit{Size: nan, Lo: -inf, Hi: 500, Censored: sweep.Above}, Fail, "no longer noticed"},
	} {
		s := *c.s
		s.Baseline = []result.LevelLimit{{Level: "metrics", Limit: c.baseline}}
		got := limitBudgets(&s, []catch.Limit{{Level: "off"}, {Level: "metrics", Limit: c.limit}})
		if len(got) != 1 || got[0].Outcome != c.want || !strings.Contains(got[0].Sentence, c.says) || got[0].Level != "metrics" {
			t.Errorf("%s: %+v, want %s and %q", c.name, got, c.want, c.says)
		}
	}
	s := *rising
	s.Baseline = []result.LevelLimit{{Level: "full", Limit: 0.1}}
	if got := limitBudgets(&s, nil); len(got) != 1 || got[0].Outcome != Inconclusive {
		t.Errorf("a level without a limit: %+v", got)
	}
	if got := limitBudgets(rising, nil); got != nil {
		t.Errorf("no baseline: %+v", got)
	}
}

// TestBaselineDecides: the verdict of a sweep is that of its baseline.
func TestBaselineDecides(t *testing.T) {
	spec := verdicttest.Default(1)
	spec.Launches = 0
	d := verdicttest.Build(spec)
	const missing = "profile-attribute-missing"
	d.Run.Plan.Launches = 0
	d.Run.Sweep = &result.Sweep{Fault: missing, Param: "share", Unit: "share", Sizes: []float64{0.1, 0.2, 0.5}, Repeats: 4}
	d.Faults = slices.DeleteFunc(d.Faults, func(e result.FaultEvent) bool { return e.Fault != missing })
	d.Run.Faults = slices.DeleteFunc(d.Run.Faults, func(f result.Fault) bool { return f.ID != missing })
	one := slices.Clone(d.Faults)
	d.Faults = nil
	for nth := range 12 { // at the same time, so that what is detected once is detected in all
		for _, e := range one {
			e.Pass, e.Size = nth, d.Run.Sweep.Sizes[2-nth/4]
			d.Faults = append(d.Faults, e)
		}
	}
	d.Run.Faults[0].Passes = 12
	for limit, want := range map[float64]Outcome{0.1: Inconclusive, 0.2: Pass} { // up to 17 %
		d.Run.Sweep.Baseline = []result.LevelLimit{{Level: "metrics", Limit: limit}}
		a, err := Analyze(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Limits) != len(d.Run.Levels) || len(a.Budgets) != 1 || a.Outcome != want {
			t.Errorf("baseline %g: %s (%v), budgets %+v", limit, a.Outcome, a.Reasons, a.Budgets)
		}
	}
	d.Run.Sweep.Baseline = []result.LevelLimit{{Level: "off", Limit: 0.2}} // which detects nothing
	if a, err := Analyze(d); err != nil || a.Outcome != Fail || !strings.Contains(strings.Join(a.Reasons, " "), "no longer noticed") {
		t.Errorf("%+v, %v", a.Reasons, err)
	}
}
