package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSubtract(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name       string
		b, a, want Interval
	}{
		{"hypotenuse of two even ones", Interval{7, 10, 13}, Interval{0, 4, 8}, Interval{1, 6, 11}},
		{"skew goes to the other end for the one taken away", Interval{10, 10, 10}, Interval{3, 4, 9}, Interval{1, 6, 7}},
		{"of itself", Interval{4, 5, 6}, Interval{4, 5, 6}, Interval{-math.Sqrt2, 0, math.Sqrt2}},
		{"exact counts", Interval{3, 3, 3}, Interval{1, 1, 1}, Interval{2, 2, 2}},
		{"open", Interval{-inf, 1, inf}, Interval{0, 1, 2}, Interval{-inf, 0, inf}},
		{"open at one end", Interval{0, 1, inf}, Interval{1, 1, 1}, Interval{-1, 0, inf}},
		{"unknown", Interval{0, 1, 2}, Interval{nan, nan, nan}, Interval{nan, nan, nan}},
		{"unknown end beside an open one", Interval{nan, 1, 2}, Interval{-inf, 1, inf}, Interval{nan, nan, nan}},
	} {
		got := Subtract(c.b, c.a)
		for i, pair := range [][2]float64{{got.Lo, c.want.Lo}, {got.Mid, c.want.Mid}, {got.Hi, c.want.Hi}} {
			if same := pair[0] == pair[1] || math.Abs(pair[0]-pair[1]) < 1e-12 || math.IsNaN(pair[0]) && math.IsNaN(pair[1]); !same {
				t.Errorf("%s: number %d of %v, want %v", c.name, i, got, c.want)
			}
		}
	}
}

// TestCoverageOfTwoRuns counts how often the interval of the difference of two runs holds the truth, which is 3 here: run b
// costs more. What it misses is the share of equal runs that would be called different.
func TestCoverageOfTwoRuns(t *testing.T) {
	const runs, resamples, truth = 400, 199, 3
	long, short := [2]int{3, 14}, [2]int{2, 8}
	for _, c := range []struct {
		name      string
		a, b      world
		aSize     [2]int // launches, rounds
		bSize     [2]int
		low, high float64 // accepted; the standard error of the simulation is 0.011
	}{
		{"two alike", draw(0, normal), draw(0, normal), long, long, 0.93, 0.995},
		{"stalls", draw(0, spiky), draw(0, spiky), long, long, 0.93, 0.995},
		{"skewed rounds", draw(0, threeSlots), draw(0, threeSlots), long, long, 0.93, 0.999},
		{"one launch each", draw(0, normal), draw(0, normal), [2]int{1, 14}, [2]int{1, 14}, 0.93, 0.99},
		{"a long run and a short one", draw(0, normal), draw(0, normal), long, short, 0.93, 0.995},
		{"a quiet machine and a noisy one", draw(0, normal), draw(0, spiky), long, long, 0.93, 0.995},
		{"launches differ", draw(0.8, normal), draw(0.8, normal), long, long, 0.93, 0.995},
		{"launches of one run differ", draw(0, normal), draw(0.8, normal), long, long, 0.91, 0.995},
		{"one value per launch", draw(0.5, normal), draw(0.5, normal), [2]int{3, 1}, [2]int{3, 1}, 0.93, 0.999}, // t of 2 degrees twice
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(5, 6))
			held, width := 0, 0.0
			for run := range runs {
				a := Estimate(c.a(rng, c.aSize[0], c.aSize[1]), Options{Resamples: resamples, Seed: uint64(2 * run)})
				b := Estimate(c.b(rng, c.bSize[0], c.bSize[1]), Options{Resamples: resamples, Seed: uint64(2*run + 1)})
				b.Lo, b.Mid, b.Hi = b.Lo+truth, b.Mid+truth, b.Hi+truth
				d := Subtract(b.Interval, a.Interval)
				if !d.Excludes(truth) {
					held++
				}
				width += (d.Hi - d.Lo) / 2 / runs
			}
			got := float64(held) / runs
			t.Logf("coverage %.3f, mean half-width %.3f", got, width)
			if got < c.low || got > c.high {
				t.Errorf("coverage %.3f of the 95 %% interval, want %.3f to %.3f", got, c.low, c.high)
			}
		})
	}
}
