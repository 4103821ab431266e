package verdict_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// Levels stand by what they cost and not by their own order; a step is what the later one costs over the one before.
func TestLadder(t *testing.T) {
	s := verdicttest.Default(1)
	s.Effect = map[string]float64{"metrics": 0.3, "logs": 0.1, "full": 0.6}
	a := analyze(t, verdicttest.Build(s))
	var got []string
	for _, step := range a.Steps {
		got = append(got, step.From+" to "+step.To)
		if len(step.Costs) != len(a.Toll[0].Effects) {
			t.Errorf("%s to %s: %d costs, want %d", step.From, step.To, len(step.Costs), len(a.Toll[0].Effects))
		}
	}
	if want := "[logs to metrics metrics to full]"; fmt.Sprint(got) != want {
		t.Fatalf("steps %v, want %s", got, want)
	}
	for i, truth := range []float64{1.3/1.1 - 1, 1.6/1.3 - 1} {
		if e := cost(t, a.Steps[i].Costs, "cpu"); truth < e.Ratio.Lo || truth > e.Ratio.Hi || !e.Significant {
			t.Errorf("%s costs %+v of CPU, want %v", got[i], e.Ratio, truth)
		}
	}
}

// One level has no cheaper one beside the baseline.
func TestLadderOfOneLevel(t *testing.T) {
	d := verdicttest.Data(1)
	d.Run.Levels = d.Run.Levels[:2]
	d.Run.Arms = d.Run.Arms[:0:0]
	for _, arm := range verdicttest.Data(1).Run.Arms {
		if arm.Role != result.RoleLevel || arm.Level == "metrics" {
			d.Run.Arms = append(d.Run.Arms, arm)
		}
	}
	if a := analyze(t, d); len(a.Toll) == 0 || len(a.Steps) != 0 {
		t.Errorf("%d arms, steps %+v", len(a.Toll), a.Steps)
	}
}

func TestOverFloor(t *testing.T) {
	m := verdict.Metric{ID: "x"}
	nan, inf := math.NaN(), math.Inf(1)
	none := verdict.Interval{Lo: nan, Mid: nan, Hi: nan}
	of := func(ratio, diff verdict.Interval) verdict.Effect {
		return verdict.Effect{Metric: m, Ratio: ratio, Diff: diff}
	}
	at := func(lo, mid, hi float64) verdict.Interval { return verdict.Interval{Lo: lo, Mid: mid, Hi: hi} }
	for name, c := range map[string]struct {
		floor, change verdict.Effect
		want          float64
	}{
		"shares":                      {of(at(-0.02, 0, 0.01), at(-9, 0, 9)), of(at(0, -0.1, 0), at(0, 1, 0)), 5},
		"one has no share":            {of(none, at(-1, 0, 4)), of(at(0, 0.1, 0), at(0, 8, 0)), 2},
		"a floor of 0":                {of(none, at(0, 0, 0)), of(none, at(1, 2, 3)), inf},
		"no change over a floor of 0": {of(none, at(0, 0, 0)), of(none, at(0, 0, 0)), nan},
		"an open floor":               {of(at(-inf, 0, inf), none), of(at(0, 0.1, 0), none), 0},
		"an unknown change":           {of(at(-1, 0, 1), at(-1, 0, 1)), of(none, none), nan},
	} {
		a := &verdict.Analysis{Toll: []verdict.LevelToll{{Arm: result.Arm{Role: result.RoleRepeat}, Effects: []verdict.Effect{c.floor}}}}
		if got := a.OverFloor(c.change); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := (&verdict.Analysis{}).OverFloor(of(at(1, 1, 1), none)); !math.IsNaN(got) {
		t.Errorf("without a repeated baseline: %v", got)
	}
}
