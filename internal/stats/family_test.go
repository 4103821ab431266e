package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestFamily(t *testing.T) {
	for _, c := range []struct {
		name string
		p    []float64 // two-sided error rate at which each is decided: to pass above 0, to fail below
		want []Decision
	}{
		{"none", nil, nil},
		{"one", []float64{0.04}, []Decision{Passed}},
		{"Bonferroni decides all", []float64{0.01, -0.01, 0.01}, []Decision{Passed, Failed, Passed}},
		{"the second step decides", []float64{0.024, 0.01, 0.5}, []Decision{Passed, Passed, Open}},
		{"the last step decides", []float64{0.049, 0.01, 0.024}, []Decision{Passed, Passed, Passed}},
		{"a step too high", []float64{0.049, 0.01, 0.03}, []Decision{Open, Passed, Open}},
		{"fails do not help to pass", []float64{0.024, -0.01, -0.01}, []Decision{Open, Failed, Failed}},
		{"fails help to fail", []float64{-0.024, -0.01, 0.6}, []Decision{Failed, Failed, Open}},
		{"nothing is decided", []float64{0.02, 0.02, 0.02}, []Decision{Open, Open, Open}},
	} {
		got := make([]Decision, len(c.p))
		NewFamily(len(c.p)).Look(0.95, func(i int, passAt, failAt float64) Decision {
			if got[i] == Passed || got[i] == Failed {
				t.Errorf("%s: asked again about %d, which is decided", c.name, i)
			}
			got[i] = Open
			switch p := c.p[i]; {
			case p > 0 && p <= 1-passAt:
				got[i] = Passed
			case p < 0 && -p <= 1-failAt:
				got[i] = Failed
			}
			return got[i]
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestFamilyErrors counts the families of six budgets with some wrong decision: costs that lie exactly on their limit
// must be neither passed nor failed, and those beside it not to the wrong side. Estimates share half of their noise.
func TestFamilyErrors(t *testing.T) {
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
			NewFamily(budgets).Look(0.95, func(i int, passAt, failAt float64) Decision {
				switch {
				case seen[i]+distuv.UnitNormal.Quantile(0.5+passAt/2) < 0:
					erred = erred || c.cost[i] >= 0
					return Passed
				case seen[i]-distuv.UnitNormal.Quantile(0.5+failAt/2) > 0:
					erred = erred || c.cost[i] <= 0
					return Failed
				default:
					return Open
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

// TestFamilyErrorsOverLooks counts the families of four budgets with some wrong decision at any of three looks, at 3, 6 and
// 9 launches' worth of data, when a run stops as soon as nothing is open.
func TestFamilyErrorsOverLooks(t *testing.T) {
	const families, budgets = 4000, 4
	sizes := []float64{3, 6, 9}
	spent := Spend(0.05, []float64{3. / 9, 6. / 9, 1})
	for _, c := range []struct {
		name string
		cost [budgets]float64 // over its limit, in standard errors of all the data
	}{
		{"all on the limit", [budgets]float64{}},
		{"two decided early", [budgets]float64{-9, 9, 0, 0}},
		{"two decided late", [budgets]float64{-3, 3, 0, 0}},
	} {
		rng := rand.New(rand.NewPCG(19, 20))
		wrong, early := 0, 0
		for range families {
			f := NewFamily(budgets)
			var sum [budgets]float64
			erred := false
			for k, size := range sizes {
				grown := size
				if k > 0 {
					grown -= sizes[k-1]
				}
				shared := rng.NormFloat64()
				for i := range sum { // values of variance 1 per launch, half of it shared
					sum[i] += math.Sqrt(grown)*(shared+rng.NormFloat64())/math.Sqrt2 + grown*c.cost[i]/3
				}
				f.Look(1-spent[k], func(i int, passAt, failAt float64) Decision {
					mean, se := sum[i]/size, 1/math.Sqrt(size)
					switch {
					case mean+se*distuv.UnitNormal.Quantile(0.5+passAt/2) < 0:
						erred = erred || c.cost[i] >= 0
						return Passed
					case mean-se*distuv.UnitNormal.Quantile(0.5+failAt/2) > 0:
						erred = erred || c.cost[i] <= 0
						return Failed
					default:
						return Open
					}
				})
				if k == 0 {
					early += budgets - f.Open()
				}
			}
			if erred {
				wrong++
			}
		}
		got := float64(wrong) / families
		t.Logf("%s: wrong %.4f, decided at the first look %.2f of %d", c.name, got, float64(early)/families, budgets)
		if got > 0.055 { // the standard error of the simulation is 0.0034
			t.Errorf("%s: a wrong decision in %.4f of the families, want at most 0.05", c.name, got)
		}
	}
}
