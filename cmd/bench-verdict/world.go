package main

import (
	"math"
	"math/rand/v2"
)

// world is a kind of machine and deployment. All sizes are in standard deviations of a calm slot; values are logarithms of a
// latency, so that a cost of 5 % adds log 1.05 to them.
type world struct {
	name   string
	drift  float64 // of the step of the machine's random walk in one round; it walks on from slot to slot
	rho    float64 // correlation of an arm's noise in neighbouring rounds
	spikes float64 // share of slots with a stall, which can only slow a slot down
	launch float64 // of what one launch adds to an arm by chance, in standard errors of the launch's rounds (a slot's over √rounds)
}

// worlds are the simulated worlds: one disturbance at a time, and then all together.
func worlds() []world {
	return []world{
		{name: "calm"},
		{name: "drift", drift: 0.5},
		{name: "autocorrelated 0.5", rho: 0.5},
		{name: "spikes", spikes: 0.05},
		{name: "launch effects like their error", launch: 1},
		{name: "strong launch effects", launch: 3},
		{name: "all together", drift: 0.5, rho: 0.3, spikes: 0.05, launch: 1},
	}
}

// draw makes a run in which no arm costs anything: values by arm, launch and round.
func (w world) draw(rng *rand.Rand, launches, rounds, arms int) [][][]float64 {
	values := make([][][]float64, arms)
	for a := range values {
		values[a] = make([][]float64, launches)
	}
	machine := 0.0
	for l := range launches {
		luck, noise := make([]float64, arms), make([]float64, arms)
		for a := range arms {
			luck[a], noise[a] = w.launch/math.Sqrt(float64(rounds))*rng.NormFloat64(), rng.NormFloat64()
		}
		for r := range rounds {
			for _, a := range rng.Perm(arms) { // the machine drifts within a round, too, and the order of the arms is another one in each round
				machine += w.drift / math.Sqrt(float64(arms)) * rng.NormFloat64()
				if r > 0 {
					noise[a] = w.rho*noise[a] + math.Sqrt(1-w.rho*w.rho)*rng.NormFloat64()
				}
				values[a][l] = append(values[a][l], machine+luck[a]+noise[a]+w.stall(rng))
			}
		}
	}
	return values
}

// stall returns the stall of a slot, which comes on top of its noise; mostly 0.
func (w world) stall(rng *rand.Rand) float64 {
	if w.spikes == 0 || rng.Float64() >= w.spikes {
		return 0
	}
	return 5 + 10*rng.Float64()
}

// cost makes an arm cost something in every round.
func cost(values [][][]float64, arm int, amount float64) {
	for _, rounds := range values[arm] {
		for r := range rounds {
			rounds[r] += amount
		}
	}
}
