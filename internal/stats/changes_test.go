package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// steps are values around levels, each for a number of values.
func steps(rng *rand.Rand, sd float64, levels ...[2]float64) []float64 {
	var out []float64
	for _, l := range levels {
		for range int(l[1]) {
			out = append(out, l[0]+sd*rng.NormFloat64())
		}
	}
	return out
}

func TestChanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for name, c := range map[string]struct {
		values []float64
		want   []int
	}{
		"none at all":              {nil, nil},
		"one value":                {[]float64{3}, nil},
		"all the same":             {slices.Repeat([]float64{3}, 30), nil},
		"no change":                {steps(rng, 1, [2]float64{5, 30}), nil},
		"a step":                   {steps(rng, 1, [2]float64{5, 12}, [2]float64{12, 12}), []int{12}},
		"two steps":                {steps(rng, 1, [2]float64{5, 10}, [2]float64{15, 10}, [2]float64{30, 10}), []int{10, 20}},
		"a change taken back":      {steps(rng, 1, [2]float64{5, 12}, [2]float64{15, 6}, [2]float64{5, 12}), []int{12, 18}},
		"one outlier is no change": {append(append(steps(rng, 1, [2]float64{5, 15}), 40), steps(rng, 1, [2]float64{5, 15})...), nil},
		"the last three":           {steps(rng, 1, [2]float64{5, 20}, [2]float64{15, 3}), []int{20}},
		"fewer than can be told":   {steps(rng, 0.01, [2]float64{0, 5}, [2]float64{9, 4}), nil},
		"just enough":              {steps(rng, 0.01, [2]float64{0, 5}, [2]float64{9, 5}), []int{5}},
	} {
		if got := Changes(c.values, ChangeOptions{Seed: 1}); !slices.Equal(got, c.want) {
			t.Errorf("%s: changes at %v, want %v", name, got, c.want)
		}
	}
}

func TestLeastValues(t *testing.T) {
	for falseAlarms, want := range map[float64]int{0.05: 8, 0.01: 10, 0.001: 14, 0.5: 6} {
		if got := LeastValues(falseAlarms); got != want {
			t.Errorf("at %g: %d values, want %d", falseAlarms, got, want)
		}
		below := make([]float64, want-1) // perfectly apart, and still not to be told, unless there are too few for a split
		for i := range below {
			below[i] = float64(i)*1e-6 + 10*math.Floor(float64(2*i)/float64(want-1))
		}
		if got := Changes(below, ChangeOptions{FalseAlarms: falseAlarms, Permutations: 9999}); len(got) > 0 {
			t.Errorf("at %g: changes at %v in %d values", falseAlarms, got, want-1)
		}
	}
}

// TestChangesFalseAlarms measures how often a series without a change is said to have one: the promised rate, whatever the noise and the
// length, as long as the values are independent; and how much more often where they are not, which the documentation tells.
func TestChangesFalseAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation")
	}
	const series, promised = 1500, 0.05
	for name, c := range map[string]struct {
		noise func(rng *rand.Rand) func() float64
		n     int
		most  float64
	}{
		"normal, 12 values":         {normal, 12, promised},
		"normal, 40 values":         {normal, 40, promised},
		"spiky, 25 values":          {spiky, 25, promised},
		"stalled, 25 values":        {stalled, 25, promised},
		"correlated 0.3, 25 values": {autoregressive(0.3), 25, 0.25},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng, alarms := rand.New(rand.NewPCG(7, 7)), 0
			for i := range series {
				next := c.noise(rng)
				values := make([]float64, c.n)
				for j := range values {
					values[j] = next()
				}
				if len(Changes(values, ChangeOptions{FalseAlarms: promised, Permutations: 199, Seed: uint64(i)})) > 0 {
					alarms++
				}
			}
			rate := float64(alarms) / series
			t.Logf("false alarms: %.1f %%", 100*rate)
			if bound := c.most + 3*math.Sqrt(c.most*(1-c.most)/series); rate > bound {
				t.Errorf("false alarms in %.1f %% of the series, want at most %.1f %%", 100*rate, 100*bound)
			}
		})
	}
}

// TestChangesPower measures how often a step is found, and how far from its place.
func TestChangesPower(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation")
	}
	for _, c := range []struct {
		sd, least float64
	}{{2, 0.55}, {3, 0.93}} {
		rng, found, near := rand.New(rand.NewPCG(3, 3)), 0, 0
		const series = 300
		for i := range series {
			got := Changes(steps(rng, 1, [2]float64{0, 10}, [2]float64{c.sd, 10}), ChangeOptions{Seed: uint64(i)})
			if len(got) > 0 {
				found++
				if slices.ContainsFunc(got, func(at int) bool { return at >= 9 && at <= 11 }) {
					near++
				}
			}
		}
		t.Logf("a step of %g standard deviations in 10 + 10 values: found %d, at most one beside its place %d, of %d", c.sd, found, near, series)
		if float64(found) < c.least*series || float64(near) < 0.85*float64(found) {
			t.Errorf("a step of %g standard deviations: found %d, near %d of %d", c.sd, found, near, series)
		}
	}
}
