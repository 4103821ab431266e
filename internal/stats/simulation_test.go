package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// world draws one run: paired values of launches × rounds whose true centre is 0.
type world func(rng *rand.Rand, launches, rounds int) [][]float64

// draw makes a world whose rounds come from next, one source of rounds per launch, around a launch's own luck.
func draw(launchSD float64, next func(rng *rand.Rand) func() float64) world {
	return func(rng *rand.Rand, launches, rounds int) [][]float64 {
		groups := make([][]float64, launches)
		for l := range groups {
			luck, round := launchSD*rng.NormFloat64(), next(rng)
			for range rounds {
				groups[l] = append(groups[l], luck+round())
			}
		}
		return groups
	}
}

func normal(rng *rand.Rand) func() float64 { return rng.NormFloat64 }

// spiky is normal noise where one slot in ten meets a stall, of either arm alike.
func spiky(rng *rand.Rand) func() float64 {
	return func() float64 {
		x := rng.NormFloat64()
		if rng.Float64() < 0.1 {
			x += 20 * rng.NormFloat64()
		}
		return x
	}
}

// stalled is normal noise where one slot in twenty meets a stall, which only ever slows.
func stalled(rng *rand.Rand) func() float64 {
	return func() float64 {
		x := rng.NormFloat64()
		if rng.Float64() < 0.05 {
			x += 5 + 10*rng.Float64()
		}
		return x
	}
}

// threeSlots is the contrast of a run: one slot against the mean of two, each with stalls.
func threeSlots(rng *rand.Rand) func() float64 {
	slot := stalled(rng)
	return func() float64 { return slot() - (slot()+slot())/2 }
}

// autoregressive rounds follow each other with correlation rho.
func autoregressive(rho float64) func(rng *rand.Rand) func() float64 {
	return func(rng *rand.Rand) func() float64 {
		x := rng.NormFloat64()
		return func() float64 {
			x = rho*x + math.Sqrt(1-rho*rho)*rng.NormFloat64()
			return x
		}
	}
}

// TestCoverage counts how often the 95 % interval holds the truth, which is 0; what it misses is the share of identical
// arms that would be called different.
func TestCoverage(t *testing.T) {
	const runs, resamples = 400, 199
	for _, c := range []struct {
		name             string
		world            world
		launches, rounds int
		low, high        float64 // accepted; the standard error of the simulation is 0.011
	}{
		{"normal, one launch, signed-rank", draw(0, normal), 1, 12, 0.93, 0.985},
		{"normal, one long launch", draw(0, normal), 1, 60, 0.92, 0.98},
		{"spikes, one launch, signed-rank", draw(0, spiky), 1, 20, 0.93, 0.985},
		{"autocorrelated 0.5, one launch", draw(0, autoregressive(0.5)), 1, 40, 0.88, 0.98}, // ρ is underestimated from 40 rounds

		// Launches that do not differ are covered too well: the interval must allow for that they may.
		{"normal, two launches", draw(0, normal), 2, 15, 0.93, 0.99},
		{"normal, three launches", draw(0, normal), 3, 14, 0.93, 0.99},
		{"spikes, three launches", draw(0, spiky), 3, 14, 0.93, 0.99},
		{"one slot against two, stalls", draw(0, threeSlots), 3, 14, 0.93, 0.995},
		{"autocorrelated 0.5, three launches", draw(0, autoregressive(0.5)), 3, 20, 0.93, 0.995},

		{"launch effects as large as their error", draw(0.27, normal), 3, 14, 0.91, 0.98},
		{"launch effects three times that", draw(0.8, normal), 3, 14, 0.90, 0.98},
		{"launch effects, five launches", draw(0.8, normal), 5, 10, 0.92, 0.98},
		// Two launches may agree by chance; TestCoverageOfArms is how a run gets out of it.
		{"launch effects, two launches", draw(0.8, normal), 2, 15, 0.82, 0.98},
		{"one value per launch", draw(0.5, normal), 3, 1, 0.92, 0.98},
		{"few merged groups", draw(0.3, normal), 3, 3, 0.92, 0.995},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 2))
			held, width := 0, 0.0
			for run := range runs {
				r := Estimate(c.world(rng, c.launches, c.rounds), Options{Resamples: resamples, Seed: uint64(run)})
				if !r.Excludes(0) {
					held++
				}
				width += (r.Hi - r.Lo) / 2 / runs
			}
			got := float64(held) / runs
			t.Logf("coverage %.3f, mean half-width %.3f", got, width)
			if got < c.low || got > c.high {
				t.Errorf("coverage %.3f of the 95 %% interval, want %.3f to %.3f", got, c.low, c.high)
			}
		})
	}
}

// TestCoverageOfArms simulates whole runs of six arms, two of them baselines, and counts how often the difference of an
// arm is covered when the launches' spread is taken from all arms together.
func TestCoverageOfArms(t *testing.T) {
	const runs, resamples, arms = 400, 199, 6
	for _, c := range []struct {
		name             string
		world            armWorld
		launches, rounds int
		low, high        float64
	}{
		{"no launch effects, two launches", armWorld{drift: 1, next: normal}, 2, 15, 0.925, 0.99},
		{"no launch effects, three launches", armWorld{drift: 1, next: normal}, 3, 14, 0.925, 0.99},
		{"launch effects like their error, three launches", armWorld{luck: 0.27, drift: 1, next: normal}, 3, 14, 0.925, 0.985},
		{"strong launch effects, two launches", armWorld{luck: 0.8, drift: 1, next: normal}, 2, 15, 0.92, 0.98},
		{"strong launch effects, three launches", armWorld{luck: 0.8, drift: 1, next: normal}, 3, 14, 0.92, 0.98},
		{"strong launch effects, one group each", armWorld{luck: 0.8, next: normal}, 3, 1, 0.92, 0.98},
		{"rounds that are alike, and launch effects", armWorld{luck: 0.35, next: autoregressive(0.4)}, 3, 8, 0.925, 0.985},
		{"stalls, and launch effects", armWorld{luck: 0.3, drift: 1, next: stalled}, 4, 12, 0.925, 0.985},
		{"an arm that is noisier than all others", armWorld{drift: 1, next: normal, noisy: 1.4}, 12, 4, 0.925, 0.98},
		// Launches with few rounds are asked alone, which is exact for normal ones.
		{"few merged groups", armWorld{drift: 1, next: normal}, 6, 3, 0.925, 0.965},
		{"few merged groups, strong launch effects", armWorld{luck: 0.8, drift: 1, next: normal}, 6, 3, 0.925, 0.97},
		{"few merged groups, three launches", armWorld{drift: 1, next: normal}, 3, 3, 0.925, 0.97},
		{"few merged groups, stalls", armWorld{drift: 1, next: stalled}, 6, 3, 0.925, 0.998}, // the centre is moved less than those of launches
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(3, 4))
			held, width := 0, 0.0
			for run := range runs {
				values := simulateArms(rng, arms, c.launches, c.rounds, c.world)
				r := EstimateArm(values[5], values[:2], Options{Resamples: resamples, Seed: uint64(run), Spread: ArmSpread(values).Contrast(2)})
				if !r.Excludes(0) {
					held++
				}
				width += (r.Hi - r.Lo) / 2 / runs
			}
			got := float64(held) / runs
			t.Logf("coverage %.3f, mean half-width %.3f", got, width)
			if got < c.low || got > c.high {
				t.Errorf("coverage %.3f of the 95 %% interval, want %.3f to %.3f", got, c.low, c.high)
			}
		})
	}
}

// armWorld is what the values of arms are made of.
type armWorld struct {
	luck  float64                             // standard deviation of an arm's with a launch
	drift float64                             // of what a round's arms share
	next  func(rng *rand.Rand) func() float64 // the noise of an arm's rounds in one launch
	noisy float64                             // how many times as large the last arm's noise is; 0: as all others'
}

// simulateArms draws values by arm, launch and round.
func simulateArms(rng *rand.Rand, arms, launches, rounds int, w armWorld) [][][]float64 {
	values := make([][][]float64, arms)
	for a := range values {
		values[a] = draw(w.luck, w.next)(rng, launches, rounds)
	}
	for l := range launches {
		for r := range rounds {
			if w.noisy > 0 {
				values[arms-1][l][r] *= w.noisy
			}
			shared := w.drift * rng.NormFloat64()
			for a := range values {
				values[a][l][r] += shared
			}
		}
	}
	return values
}
