package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestDecidable: the chance that is foretold after a part of the data is how often the whole of them decide, over truths of which nothing
// else is known.
func TestDecidable(t *testing.T) {
	const worlds = 20000
	z := distuv.UnitNormal.Quantile(0.975)
	rng := rand.New(rand.NewPCG(5, 6))
	for _, part := range []float64{0.25, 0.5, 0.9} {
		for _, room := range []float64{-3, -1, 0, 0.5, 1.5, 3} { // of the limit over the estimate so far, in its standard errors
			decided := 0
			for range worlds {
				truth := rng.NormFloat64() // given that the estimate so far is 0, with a standard error of 1
				// What comes has a standard error of √(part / (1 − part)); the whole is the mean by precision.
				rest := truth + math.Sqrt(part/(1-part))*rng.NormFloat64()
				if whole := (1 - part) * rest; math.Abs(whole-room) > z*math.Sqrt(part) {
					decided++
				}
			}
			got, want := Decidable(Interval{-z, 0, z}, room, part), float64(decided)/worlds
			if math.Abs(got-want) > 0.015 {
				t.Errorf("part %g, limit at %g: %.3f, and %.3f of the worlds are decided", part, room, got, want)
			}
		}
	}
}

func TestDecidableWithoutAnInterval(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		now  Interval
		part float64
		want float64
	}{
		{Interval{-inf, 0, inf}, 0.5, 1},
		{Interval{math.NaN(), math.NaN(), math.NaN()}, 0.5, 1},
		{Interval{-1, 0, 1}, 1, 1}, // no more data are to come
		{Interval{0, 0, 0}, 0.5, 1},
		{Interval{-1, 0, 1}, 0.5, Decidable(Interval{-2, 0, 2}, 0.1, 0.5)},
	} {
		if got := Decidable(c.now, 0.05, c.part); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v, %g: %g, want %g", c.now, c.part, got, c.want)
		}
	}
}
