package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestFarEnds: the interval of a high confidence does not depend on how many resamples there are, as the outermost of them would make it.
func TestFarEnds(t *testing.T) {
	const values, worlds, confidence = 60, 20, 0.999
	widths := map[int]float64{}
	for seed := range uint64(worlds) {
		rng := rand.New(rand.NewPCG(seed, 3))
		launch := make([]float64, values)
		for i := range launch {
			launch[i] = rng.NormFloat64()
		}
		for _, resamples := range []int{99, 199, 999, 19999} {
			e := Estimate([][]float64{launch}, Options{Confidence: confidence, Resamples: resamples, Seed: seed})
			if e.Method != MethodBootstrap {
				t.Fatal(e.Method)
			}
			widths[resamples] += (e.Hi - e.Lo) / worlds
		}
	}
	t.Logf("widths by resamples: %v", widths)
	for resamples, width := range widths {
		if math.Abs(width/widths[19999]-1) > 0.05 {
			t.Errorf("%d resamples: a width of %.4f, where 19999 give %.4f", resamples, width, widths[19999])
		}
	}
}
