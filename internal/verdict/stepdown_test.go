package verdict

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestStepDown(t *testing.T) {
	for _, c := range []struct {
		name string
		p    []float64 // two-sided error rate at which each is decided: to pass above 0, to fail below
		want []Outcome
	}{
		{"none", nil, nil},
		{"one", []float64{0.04}, []Outcome{Pass}},
		{"Bonferroni decides all", []float64{0.01, -0.01, 0.01}, []Outcome{Pass, Fail, Pass}},
		{"the second step decides", []float64{0.024, 0.01, 0.5}, []Outcome{Pass, Pass, Inconclusive}},
		{"the last step decides", []float64{0.049, 0.01, 0.024}, []Outcome{Pass, Pass, Pass}},
		{"a step too high", []float64{0.049, 0.01, 0.03}, []Outcome{Inconclusive, Pass, Inconclusive}},
		{"fails do not help to pass", []float64{0.024, -0.01, -0.01}, []Outcome{Inconclusive, Fail, Fail}},
		{"fails help to fail", []float64{-0.024, -0.01, 0.6}, []Outcome{Fail, Fail, Inconclusive}},
		{"nothing is decided", []float64{0.02, 0.02, 0.02}, []Outcome{Inconclusive, Inconclusive, Inconclusive}},
	} {
		got := make([]Outcome, len(c.p))
		stepDown(len(c.p), 0.95, func(i int, passAt, failAt float64) Outcome {
			if got[i] == Pass || got[i] == Fail {
				t.Errorf("%s: asked again about %d, which is decided", c.name, i)
			}
			got[i] = Inconclusive
			switch p := c.p[i]; {
			case p > 0 && p <= 1-passAt:
				got[i] = Pass
			case p < 0 && -p <= 1-failAt:
				got[i] = Fail
			}
			return got[i]
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestStepDownErrors counts the families of six budgets with some wrong decision: costs that lie exactly on their limit
// must be neither passed nor failed, and those beside it not to the wrong side. Estimates share half of their noise.
func TestStepDownErrors(t *testing.T) {
	const families, budgets = 4000, 6
	for _, c := range []struct {
		name string
		cost [budgets]float64 // over its limit, in standard errors
	}{
		{"all on the limit", [budgets]float64{}},
		{"half far under it", [budgets]float64{-9, -9, -9, 0, 0, 0}},
		{"all but one far under it", [budgets]float64{-9, -9, -9, -9, -9, 0}},
		{"on both sides", [budgets]float64{-9, -9, 9, 9, 0, 0}},
		{"a little beside it", [budgets]float64{-1, -0.5, -0.1, 0.1, 0.5, 1}},
	} {
		rng := rand.New(rand.NewPCG(17, 18))
		wrong := 0
		for range families {
			shared, seen := rng.NormFloat64(), [budgets]float64{}
			for i := range seen {
				seen[i] = c.cost[i] + (shared+rng.NormFloat64())/1.4142135623730951
			}
			erred := false
			stepDown(budgets, 0.95, func(i int, passAt, failAt float64) Outcome {
				switch {
				case seen[i]+distuv.UnitNormal.Quantile(0.5+passAt/2) < 0:
					erred = erred || c.cost[i] >= 0
					return Pass
				case seen[i]-distuv.UnitNormal.Quantile(0.5+failAt/2) > 0:
					erred = erred || c.cost[i] <= 0
					return Fail
				default:
					return Inconclusive
				}
			})
			if erred {
				wrong++
			}
		}
		got := float64(wrong) / families
		t.Logf("%s: %.4f", c.name, got)
		if got > 0.055 { // the standard error of the simulation is 0.0034
			t.Errorf("%s: a wrong decision in %.4f of the families, want at most 0.05", c.name, got)
		}
	}
}
